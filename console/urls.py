"""Every address of the console on one page."""

from django.urls import include, path

from console.views import invitations, members, organisations, profile

ORGANISATION = "o/<slug:slug>"

urlpatterns = [
    # one's own account; django-allauth brings signing in, passwords, second factors and sessions
    path("account/", profile.profile, name="profile"),
    path("account/", include("allauth.urls")),
    path("invitation/<str:token>/", invitations.accept_invitation, name="accept_invitation"),
    # organisations and their people
    path("organisations/", organisations.organisations, name="organisations"),
    path(f"{ORGANISATION}/settings/", organisations.organisation_settings, name="organisation_settings"),
    path(f"{ORGANISATION}/activity/", organisations.audit, name="audit"),
    path(f"{ORGANISATION}/members/", members.members, name="members"),
    path(f"{ORGANISATION}/members/leave/", members.leave, name="leave"),
    path(f"{ORGANISATION}/members/<int:pk>/", members.member, name="member"),
    path(f"{ORGANISATION}/members/<int:pk>/remove/", members.remove_member, name="remove_member"),
    path(f"{ORGANISATION}/invitations/new/", members.invite, name="invite"),
    path(f"{ORGANISATION}/invitations/<int:pk>/resend/", members.resend_invitation, name="resend_invitation"),
    path(f"{ORGANISATION}/invitations/<int:pk>/revoke/", members.revoke_invitation, name="revoke_invitation"),
]
