"""What a role needs to start reaches it: by a parameter of Terraform's, its secret, its unit, or itself."""

import re

from deploy.static_files import PREFIX
from instance.environment import KINDS, MUST_KNOW, PEM_FILES, SECRETS
from tests.architecture.source import PROJECT

UNITS = PROJECT / "ami/files/etc/systemd/system"
OUTPOST = "outpost@.service"
# What instance.boot adds by itself.
HERE = {"AWS_DEFAULT_REGION", "AERIE_RELEASE"}
# Not required of every console: behind a balancer and a CDN, with backups and metrics that are watched.
ALSO_NEEDED = {
    *("AERIE_ENV", "TRUSTED_PROXIES", "METRICS_TOKEN", "BACKUP_KEYS", "OPERATORS_EMAIL"),
    *("DATABASE_REPLICA_URL", "DATABASE_TLS_CA", "STATIC_URL", "OUTPOST_PUBLIC_URL", "DEFAULT_FROM_EMAIL"),
    *("CLOUDFRONT_DOMAIN", "CLOUDFRONT_KEY_ID", "CLOUDFRONT_KEY", "SENTRY_ENVIRONMENT"),
}


def test_every_role_is_told_what_it_needs() -> None:
    for role, kinds in KINDS.items():
        needed = set().union(*(MUST_KNOW[kind] for kind in kinds)) | _required(role)
        assert (role, needed - _told(role)) == (role, set())


def test_units_are_told_what_their_settings_require() -> None:
    for role, kinds in KINDS.items():
        required = _required_by_settings(role) - set(_of_unit(OUTPOST))
        assert all(required <= MUST_KNOW[kind] | {name for _, name in PEM_FILES.values()} for kind in kinds)


def test_units_say_when_they_drain() -> None:
    assert _of_unit("console.service")["DRAIN_FILE"] == "/run/aerie/drain"
    assert _of_unit(OUTPOST)["OUTPOST_DRAIN_FILE"] == "/run/aerie/drain"


def test_the_balancer_reaches_the_outposts_admin_port() -> None:
    """It listens on every address, the port after that of the access points, where the health check asks."""
    assert "OUTPOST_ADMIN_LISTEN=0.0.0.0:$$((%i + 1))" in (UNITS / OUTPOST).read_text()
    balancer, rules = _terraform("outpost/balancer.tf"), _terraform("network/security_groups.tf")
    assert re.search(r'port\s+= "15003"\n\s+path\s+= "/readyz"', balancer)
    assert re.search(r'from = "outpost_balancer", to = "outpost", port = 15003', rules)


def test_outposts_are_told_to_end_for_longer_than_their_balancer_needs_to_see_it() -> None:
    balancer = _terraform("outpost/balancer.tf")
    interval, times = (int(_number(name, balancer)) for name in ("interval", "unhealthy_threshold"))
    assert interval * times <= int(_of_unit(OUTPOST)["OUTPOST_DRAIN_GRACE_SECONDS"])


def test_a_full_outpost_lets_go_within_the_time_that_everybody_gives_it() -> None:
    drain = int(_number("OUTPOST_DRAIN_SECONDS", _terraform("outpost/published.tf")))
    stop = int(_number("TimeoutStopSec", (UNITS / OUTPOST).read_text()))
    hook = int(_number("drain_seconds", _terraform("outpost/fleet.tf")))
    assert 60 <= drain < stop < hook


def test_pages_look_for_their_files_where_a_deploy_puts_them() -> None:
    address = re.search(
        r'STATIC_URL\s+= "https://\$\{local.hosts.static\}/([^"]*)"', _terraform("data/published.tf")
    )
    assert address is not None
    assert address[1] == PREFIX


def _told(role: str) -> set[str]:
    common = _names(_terraform("data/published.tf") + _terraform("app/published.tf"))
    own = _names(_terraform("outpost/published.tf")) if role == "outpost" else set()
    secret = _of_secret(SECRETS[role])
    pem = {name for text, (_, name) in PEM_FILES.items() if text in secret}
    return common | own | secret | pem | HERE | (set(_of_unit(OUTPOST)) if role == "outpost" else set())


def _required(role: str) -> set[str]:
    return _required_by_settings(role) | (ALSO_NEEDED if role != "outpost" else {"SENTRY_ENVIRONMENT"})


def _required_by_settings(role: str) -> set[str]:
    """What production refuses to start without."""
    if role == "outpost":
        text = (PROJECT / "outpost/settings.py").read_text()
        certificate = {"OUTPOST_TLS_CERT", "OUTPOST_TLS_KEY", "OUTPOST_CLIENT_CA"}
        found = set(re.findall(r'\brequire\(\s*"([A-Z_]+)"', text)) - {"OUTPOST_DEVICE_KEY_SECRETS"}
        return found | certificate
    text = (PROJECT / "console/settings.py").read_text()
    return set(re.findall(r'(?:_required|_keys)\("([A-Z_]+)"(?![^\n]*optional=True)', text))


def _of_secret(name: str) -> set[str]:
    """What Terraform refuses a secret without, and the addresses that it adds."""
    asked = re.search(
        rf"setsubtract\(\[([^]]*)\], keys\(jsondecode\(var\.{name}_secrets", _terraform("data/variables.tf")
    )
    assert asked is not None
    app, outpost = _terraform("data/secrets.tf").split("    outpost = {")
    added = _names(app if name == "app" else outpost)
    return set(re.findall(r'"([A-Z_]+)"', asked[1])) | added


def _names(text: str) -> set[str]:
    return set(re.findall(r"\s([A-Z][A-Z_]+) +=", text))


def _of_unit(name: str) -> dict[str, str]:
    lines = re.findall(r"^Environment=(.*)$", (UNITS / name).read_text(), re.MULTILINE)
    return dict(word.split("=", 1) for line in lines for word in line.split())


def _number(name: str, text: str) -> str:
    found = re.search(rf'\b{name}\s*= *"?(\d+)', text)
    assert found is not None, name
    return found[1]


def _terraform(path: str) -> str:
    return (PROJECT / "terraform" / path).read_text()
