from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        """What every process says of itself, in its log and on its page of metrics."""
        from django.db.backends.signals import connection_created

        from console import logs, reporting
        from devices import statements
        from devices.backups import age

        logs.log_the_uncaught()
        reporting.start()
        connection_created.connect(statements.watch, dispatch_uid="statements")
        age.register()
