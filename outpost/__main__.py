"""``python -m outpost``: the check-in service. Configured by ``OUTPOST_*`` variables; see ``settings``."""

import os
import sys

from outpost.notify import Notifier, take_notifier
from outpost.settings import Settings, SettingsError, read_settings
from outpost.shared_metrics import share_metrics, unshare_metrics


def main() -> int:
    """Serve until told to end. 0 after a drain, 1 when it could not start, 2 for wrong settings."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    notifier = take_notifier()
    metrics = share_metrics()
    try:
        return _supervise(settings, notifier)
    finally:
        unshare_metrics(metrics)


def _supervise(settings: Settings, notifier: Notifier) -> int:
    # Not earlier: these import prometheus_client, which must find the metrics' directory.
    from outpost.logs import write_json_lines
    from outpost.reporting import report_errors
    from outpost.supervisor import Supervisor
    from outpost.tls import TlsFilesInvalid

    write_json_lines(settings.log_level, settings.release)
    report_errors(settings)
    try:
        Supervisor(settings, notifier).run()
    except (OSError, TlsFilesInvalid) as error:
        sys.stderr.write(f"The outpost cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
