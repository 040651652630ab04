"""The pages of the provider: to log in, to authorise, to get tokens and keys."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.idp.urls")), path("accounts/", include("allauth.urls"))]
