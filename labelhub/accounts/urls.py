from django.urls import path

from labelhub.accounts import views

urlpatterns = [
    path("auth/session/", views.SessionView.as_view()),
    path("auth/login/", views.LoginView.as_view()),
    path("auth/logout/", views.LogoutView.as_view()),
    path("me/", views.MeView.as_view()),
    path("consent/", views.ConsentView.as_view()),
    path("tokens/", views.TokensView.as_view()),
    path("tokens/<str:token_id>/", views.TokenView.as_view()),
]
