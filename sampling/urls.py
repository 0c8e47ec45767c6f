from django.urls import path

from sampling.views import generations, operation, policies

urlpatterns = [
    path("generations/<int:generation_id>/", generations.GenerationView.as_view()),
    path("generations/<int:generation_id>/cancel/", generations.GenerationCancelView.as_view()),
    path("events/", generations.EventsView.as_view()),
    path("policies/", policies.PoliciesView.as_view()),
    path("policies/<int:policy_id>/", policies.PolicyView.as_view()),
    path("policies/<int:policy_id>/check/", policies.PolicyCheckView.as_view()),
    path("policies/<int:policy_id>/activate/", policies.PolicyActivateView.as_view()),
    path("policies/<int:policy_id>/retire/", policies.PolicyRetireView.as_view()),
    path("projects/<slug:slug>/sampling/figures/", operation.SamplingFiguresView.as_view()),
    path("projects/<slug:slug>/sampling/gate/", operation.GateView.as_view()),
    path("projects/<slug:slug>/sampling/probes/", operation.ProbesView.as_view()),
    path("projects/<slug:slug>/sampling/runners/<uuid:runner_id>/", operation.DrainView.as_view()),
]
