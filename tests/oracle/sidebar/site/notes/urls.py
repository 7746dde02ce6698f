from django.urls import path

from notes import views

urlpatterns = [
    path("notes/<int:pk>/", views.detail, name="detail"),
    path("notes/", views.index, name="index"),
]
