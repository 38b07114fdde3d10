from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        """What every process tells of itself on its page of metrics."""
        from devices.backups import age

        age.register()
