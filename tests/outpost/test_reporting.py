"""An outpost's errors: which and where, for real over HTTP, and nothing that an access point said."""

import subprocess
import sys

from tests.sentry import listening

FAIL = """
import logging, os, sys
from outpost.logs import write_json_lines
from outpost.reporting import report_errors
from outpost.settings import Settings
settings = Settings("redis://x", (), sentry_dsn=sys.argv[1], release="1.2.3", sentry_environment="staging")
write_json_lines("info", settings.release)
report_errors(settings)
child = os.fork()
if not child:
    try:
        raise ValueError("s3cr3t-M4rk")
    except ValueError:
        extra = {"serial": "903cb3000001", "data": "s3cr3t-M4rk"}
        logging.getLogger("outpost").exception("given up", extra=extra)
    import sentry_sdk
    sentry_sdk.flush(30)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_a_childs_error_is_reported_without_its_words() -> None:
    with listening() as sentry:
        subprocess.run([sys.executable, "-c", FAIL, sentry.dsn], check=True, capture_output=True)
    (event,) = sentry.events
    assert (event["release"], event["environment"]) == ("1.2.3", "staging")
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["extra"] == {"serial": "903cb3000001"}
    assert b"s3cr3t" not in sentry.raw
