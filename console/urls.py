"""Every address of the console on one page."""

from django.urls import include, path

from console import health
from console.views import (
    access_points,
    alerts,
    assets,
    commands,
    dashboard,
    errors,
    files,
    firmware,
    home,
    invitations,
    members,
    network,
    organisations,
    profile,
    reports,
    review,
    rollout,
    rollouts,
    search,
    setup,
    ssid,
    tasks,
    unsubscribe,
    uploads,
    usage,
)

ORGANISATION = "o/<slug:slug>"
NETWORK = f"{ORGANISATION}/networks/<int:pk>"
ROLLOUT = f"{ORGANISATION}/rollouts/<int:pk>"
ACCESS_POINT = f"{ORGANISATION}/access-points/<slug:serial>"
FIRMWARE = f"{ORGANISATION}/firmware/<int:pk>"

urlpatterns = [
    # for those who run this Aerie
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/retry/", tasks.retry_tasks, name="retry_tasks"),
    path("tasks/<int:pk>/drop/", tasks.drop_task, name="drop_task"),
    # for the load balancer and the metrics collector
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    # static files of other releases; WhiteNoise serves those of this one
    path("static/<path:name>", assets.asset, name="asset"),
    # where a visitor lands
    path("", home.home, name="home"),
    path("start/", home.start, name="start"),
    # one's own account; django-allauth brings signing in, passwords, second factors and sessions
    path("account/", profile.profile, name="profile"),
    path("account/weekly-mails/", profile.weekly_mails, name="weekly_mails"),
    path("account/", include("allauth.urls")),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
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
    # its months on paper
    path(f"{ORGANISATION}/reports/", reports.reports, name="reports"),
    path(f"{ORGANISATION}/reports/ask/", reports.ask_report, name="ask_report"),
    path(f"{ORGANISATION}/reports/<int:pk>/pdf/", reports.report_file, {"ending": "pdf"}, name="report_pdf"),
    path(f"{ORGANISATION}/reports/<int:pk>/csv/", reports.report_file, {"ending": "csv"}, name="report_csv"),
    # an organisation's networks
    path(f"{ORGANISATION}/", dashboard.dashboard, name="dashboard"),
    path(f"{ORGANISATION}/checklist/dismiss/", dashboard.dismiss_checklist, name="dismiss_checklist"),
    path(f"{ORGANISATION}/search/", search.search, name="search"),
    path(f"{ORGANISATION}/alerts/", alerts.alerts, name="alerts"),
    path(f"{ORGANISATION}/networks/new/", network.create, name="new_network"),
    path(f"{NETWORK}/", network.overview, name="network"),
    path(f"{NETWORK}/access-points.csv", network.access_points_csv, name="access_points_csv"),
    path(f"{NETWORK}/clients/", network.clients, name="clients"),
    path(f"{NETWORK}/clients.csv", network.clients_csv, name="clients_csv"),
    path(f"{NETWORK}/usage/", usage.usage, name="usage"),
    path(f"{NETWORK}/usage.csv", usage.usage_csv, name="usage_csv"),
    path(f"{NETWORK}/history/", network.history, name="history"),
    path(f"{NETWORK}/history/<int:number>/restore/", review.restore, name="restore"),
    path(f"{NETWORK}/settings/", network.settings, name="network_settings"),
    path(f"{NETWORK}/settings/alerts/", alerts.rule, name="alert_rule"),
    path(f"{NETWORK}/delete/", network.remove, name="remove_network"),
    # every change of a network takes this road
    path(f"{NETWORK}/review/", review.review, name="review"),
    path(f"{NETWORK}/progress/", review.progress, name="progress"),
    path(f"{NETWORK}/undo/", review.undo, name="undo"),
    # its SSIDs
    path(f"{NETWORK}/wifi/new/", ssid.create, name="new_ssid"),
    path(f"{NETWORK}/wifi/<int:key>/", ssid.edit, name="ssid"),
    path(f"{NETWORK}/wifi/<int:key>/switch/", ssid.switch, name="switch_ssid"),
    path(f"{NETWORK}/wifi/<int:key>/join/", ssid.join, name="join_ssid"),
    path(f"{NETWORK}/wifi/<int:key>/delete/", ssid.remove, name="remove_ssid"),
    # its first steps, and more access points later
    path(f"{NETWORK}/setup/access-points/", setup.access_points, name="setup_access_points"),
    path(f"{NETWORK}/setup/wifi/", setup.wifi, name="setup_wifi"),
    path(f"{NETWORK}/setup/go-live/", setup.go_live, name="setup_go_live"),
    path(f"{NETWORK}/access-points/add/", setup.add_access_points, name="add_access_points"),
    # firmware images, and files of a storage that is a directory
    path(f"{ORGANISATION}/firmware/", firmware.firmware, name="firmware"),
    path(f"{ORGANISATION}/firmware/new/", firmware.upload, name="new_firmware"),
    path(f"{FIRMWARE}/", firmware.page, name="firmware_image"),
    path(f"{FIRMWARE}/finish/", firmware.finish, name="finish_firmware"),
    path(f"{FIRMWARE}/download/", firmware.download, name="download_firmware"),
    path(f"{FIRMWARE}/edit/", firmware.edit, name="edit_firmware"),
    path(f"{FIRMWARE}/withdraw/", firmware.withdraw, name="withdraw_firmware"),
    path(f"{FIRMWARE}/offer/", firmware.offer, name="offer_firmware"),
    path(f"{FIRMWARE}/discard/", firmware.discard, name="discard_firmware"),
    path("files/<str:token>/<str:name>", files.stored_file, name="stored_file"),
    path("uploads/parts/<str:token>/", files.upload_part, name="upload_part"),
    # firmware rollouts
    path(f"{ORGANISATION}/rollouts/", rollouts.rollouts, name="rollouts"),
    path(f"{ORGANISATION}/rollouts/new/", rollouts.new_rollout, name="new_rollout"),
    path(f"{ROLLOUT}/", rollout.rollout, name="rollout"),
    path(f"{ROLLOUT}/access-points.csv", rollout.rollout_csv, name="rollout_csv"),
    path(f"{ROLLOUT}/pause/", rollout.pause, name="pause_rollout"),
    path(f"{ROLLOUT}/resume/", rollout.resume, name="resume_rollout"),
    path(f"{ROLLOUT}/cancel/", rollout.cancel, name="cancel_rollout"),
    path(f"{ROLLOUT}/retry/", rollout.retry, name="retry_rollout"),
    path(f"{ROLLOUT}/roll-back/", rollout.roll_back, name="roll_back"),
    # one access point
    path(f"{ACCESS_POINT}/", access_points.page, name="access_point"),
    path(f"{ACCESS_POINT}/log/", access_points.log, name="log"),
    path(f"{ACCESS_POINT}/rename/", access_points.rename, name="rename"),
    path(f"{ACCESS_POINT}/move/", access_points.move, name="move"),
    path(f"{ACCESS_POINT}/release/", access_points.release, name="release"),
    path(f"{ACCESS_POINT}/command/", commands.last, name="command"),
    path(f"{ACCESS_POINT}/command/<slug:kind>/", commands.ask, name="ask"),
    path(f"{ACCESS_POINT}/factory/", commands.factory, name="factory"),
    path(f"{ACCESS_POINT}/record/", commands.record, name="record"),
    path(f"{ACCESS_POINT}/kick/", commands.kick, name="kick"),
    path(f"{ACCESS_POINT}/commands/", commands.listed, name="commands"),
    path(f"{ACCESS_POINT}/commands/<int:pk>/", commands.detail, name="command_detail"),
    path(f"{ACCESS_POINT}/commands/<int:pk>/cancel/", commands.cancel, name="cancel_command"),
    path(f"{ACCESS_POINT}/commands/<int:pk>/recording/", commands.recording, name="recording"),
    # where access points send what they recorded
    path("uploads/<str:token>/", uploads.upload, name="upload"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
