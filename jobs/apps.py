from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        """Tasks are promised below, where queues are unknown; here both are."""
        from devices.models import Task
        from jobs.dispatch import wake

        Task.wake = wake
