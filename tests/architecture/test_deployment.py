"""What is deployed fits the code: workers for the queues, words for the variables, no migration missing."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from tests.architecture.source import PROJECT, modules

# Read by the AWS SDK, not by us.
READ_BY_OTHERS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
SETTINGS = {"console/settings.py", "console/serving.py", "console/wsgi.py"}
SETTINGS |= {"outpost/settings.py", "outpost/__main__.py", "instance/settings.py"}
# The processes that answer /metrics together find each other by a variable of prometheus_client's.
METRICS = {"outpost/metrics.py", "outpost/shared_metrics.py", "console/shared_metrics.py"}
# Takes what systemd alone sets, so that no child speaks for its parent.
SUPERVISED = {"outpost/notify.py"}
# Starts a program that is given of our environment only what any process needs.
STARTERS = {"devices/backups/clients.py"}


def test_every_queue_has_a_worker_process_of_its_own() -> None:
    lines = (PROJECT / "Procfile").read_text().splitlines()
    worked = [line.split("rqworker", 1)[1].split() for line in lines if "rqworker" in line]
    assert sorted(worked) == sorted([name] for name in settings.RQ_QUEUES)


def test_the_example_environment_names_every_variable_and_no_other() -> None:
    named = re.findall(r"^([A-Z_0-9]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) - READ_BY_OTHERS == _variables_read()


def _variables_read() -> set[str]:
    assembled = _text("console/settings.py") + _text("console/serving.py")
    console = re.findall(r'(?:env(?:\.\w+)?|_required|_keys)\(\s*"([A-Z_]+)"', assembled)
    outpost = re.findall(r'"(OUTPOST_[A-Z_]+)"', _text("outpost/settings.py"))
    instance = re.findall(r'(?:_seconds|get)\("([A-Z_0-9]+)"', _text("instance/settings.py"))
    told = _text("console/demo/surroundings.py") + _text("console/management/commands/seed_demo.py")
    demo = re.findall(r'(?:_number|get)\("(DEMO_[A-Z_]+)"', told)
    return {*console, *outpost, *instance, *demo}


def _text(name: str) -> str:
    return (PROJECT / name).read_text()


def test_only_settings_read_the_environment() -> None:
    readers = {str(path.relative_to(PROJECT)) for path in modules() if _reads_environment(path)}
    assert {name for name in readers if "demo" not in name} <= SETTINGS | METRICS | SUPERVISED | STARTERS


def _reads_environment(path: Path) -> bool:
    return bool(re.search(r"\bos\.(environ\b|getenv\()", path.read_text()))


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_vendored_file_is_used() -> None:
    places = ("templates/**/*.html", "templatetags/*.py", "static/console/*.css")
    pages = "".join(path.read_text() for place in places for path in (PROJECT / "console").glob(place))
    root = PROJECT / "console" / "static"
    files = [path for path in (root / "vendor").rglob("*") if path.is_file() and path.name != "LICENSE"]
    assert files
    assert [path for path in files if str(path.relative_to(root)) not in pages] == []


def test_every_icon_that_is_asked_for_is_in_the_sprite_and_no_other() -> None:
    sprite = _text("console/static/vendor/bootstrap-icons/icons.svg")
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    texts = [
        path.read_text() for place in ("**/*.html", "*.py") for path in (PROJECT / "console").rglob(place)
    ]
    asked = {name for text in texts for name in re.findall(r'icon "([\w-]+)"', text)}
    assert asked - drawn == set()
    assert {name for name in drawn if not any(f'"{name}"' in text for text in texts)} == set()
