"""Every address of the console on one page."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
]
