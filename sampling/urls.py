from django.urls import path

from sampling import views

urlpatterns = [
    path("generations/<int:generation_id>/", views.GenerationView.as_view()),
    path("generations/<int:generation_id>/cancel/", views.GenerationCancelView.as_view()),
    path("events/", views.EventsView.as_view()),
]
