"""Pages of the lobby's host."""

from django.urls import path

from lobby import views

urlpatterns = [
    path("", views.lobby, name="lobby"),
    path("join/<slug:code>/", views.join, name="join"),
]
