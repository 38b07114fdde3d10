"""From the stores to the files: read by role, written whole, and never more often than something changes."""

import dataclasses
import json
import logging
from pathlib import Path

import pytest

from instance import boot, certificates, files, systemd
from instance.identity import Identity
from instance.parameters import SecretInvalid, StoresAway
from instance.settings import Settings
from instance.systemd import SystemdRefused
from tests.instance.test_environment import APP
from tests.ops.aws import LocalAws
from tests.outpost.certificates import Authority


@pytest.fixture
def told(amazon: LocalAws, here: Identity, tmp_path: Path) -> Identity:
    """An environment of its own in the stores, with more parameters than a page holds."""
    name = tmp_path.name.replace("_", "-").lower()[:30].strip("-")
    ssm, keeper = amazon.client("ssm"), amazon.client("secretsmanager")
    for number in range(23):
        ssm.put_parameter(Name=f"/aerie/{name}/environment/X{number}", Value=str(number), Type="String")
    ssm.put_parameter(Name=f"/aerie/{name}/roles/utility/LOG_LEVEL", Value="DEBUG", Type="SecureString")
    certificate, key = Authority(tmp_path / "ca").issue(["localhost"])
    pem = {"OUTPOST_TLS_CERT_PEM": certificate.read_text(), "OUTPOST_TLS_KEY_PEM": key.read_text()}
    secrets = {"app": APP, "outpost": {"OUTPOST_STORE": "redis://", "OUTPOST_STORE_KEYS": "k"} | pem}
    for secret, values in secrets.items():
        keeper.create_secret(Name=f"aerie/{name}/{secret}", SecretString=json.dumps(values))
    return dataclasses.replace(here, assignment=dataclasses.replace(here.assignment, environment=name))


def _settings(tmp_path: Path) -> Settings:
    return Settings(run=files.directory(tmp_path / "run"), release_file=tmp_path / "release.json")


def test_everything_is_fetched_however_many_pages_it_takes(told: Identity) -> None:
    sources = boot.fetch(told)
    assert sources.common == {f"X{number}": str(number) for number in range(23)}
    assert sources.roles["utility"] == {"LOG_LEVEL": "DEBUG"}
    assert sources.secrets["app"] == APP


def test_a_role_asks_only_for_its_own_secret(told: Identity) -> None:
    outpost = dataclasses.replace(told.assignment, roles=("outpost",))
    assert boot.fetch(dataclasses.replace(told, assignment=outpost)).secrets.keys() == {"outpost"}


def test_the_stores_being_away_is_told_by_what_was_asked_for(here: Identity) -> None:
    nowhere = dataclasses.replace(here.assignment, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StoresAway, match="parameters below /aerie/staging/environment/: EndpointConnection"):
        boot.fetch(dataclasses.replace(here, assignment=nowhere))


def test_a_secret_that_is_none_of_ours_is_told_without_its_content(amazon: LocalAws, told: Identity) -> None:
    name = f"aerie/{told.assignment.environment}/app"
    amazon.client("secretsmanager").put_secret_value(SecretId=name, SecretString='["hush"]')
    with pytest.raises(SecretInvalid, match="not an object whose values are all texts") as error:
        boot.fetch(told)
    assert "hush" not in str(error.value)


def test_files_are_for_root_and_written_once(told: Identity, tmp_path: Path) -> None:
    settings, sources = _settings(tmp_path), boot.fetch(told)
    changed = boot.write(settings, told, sources)
    assert set(changed) >= {"environment/outpost", "environment/console", "cert.pem", "key.pem"}
    assert boot.write(settings, told, sources) == []
    written = [path for path in settings.run.rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in written} == {"0o600", "0o400"}
    assert f'OUTPOST_TLS_KEY="{settings.run / "outpost" / "key.pem"}"' in _text(settings, "outpost")


def test_a_changed_secret_changes_what_it_is_in(amazon: LocalAws, told: Identity, tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    boot.write(settings, told, boot.fetch(told))
    name = f"aerie/{told.assignment.environment}/app"
    renewed = json.dumps(APP | {"METRICS_TOKEN": "renewed"})
    amazon.client("secretsmanager").put_secret_value(SecretId=name, SecretString=renewed)
    assert boot.write(settings, told, boot.fetch(told)) == ["environment/console", "environment/agent"]


def test_units_are_told_the_release_of_the_image(told: Identity, tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    settings.release_file.write_text('{"release": "0.3.0"}')
    boot.write(settings, told, boot.fetch(told))
    assert 'AERIE_RELEASE="0.3.0"' in _text(settings, "console")
    assert f'AWS_ENDPOINT_URL="{told.assignment.endpoint_url}"' in _text(settings, "outpost")


def _text(settings: Settings, kind: str) -> str:
    return (settings.run / "environment" / kind).read_text()


def test_names_nobody_knows_are_logged(
    told: Identity, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        boot.write(_settings(tmp_path), told, boot.fetch(told))
    assert "given to nobody, as no unit of this release knows them: X0, X1, X10" in caplog.text


def test_it_waits_for_the_stores_and_gives_up_in_the_end() -> None:
    now = [0.0]

    def away() -> None:
        raise StoresAway("nobody there")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(StoresAway):
        boot.patiently(away, sleep, lambda: now[0])  # type: ignore[arg-type]
    assert 240 < now[0] <= boot.PATIENCE


def test_a_broken_certificate_is_told_before_anything_is_written(told: Identity, tmp_path: Path) -> None:
    sources, settings = boot.fetch(told), _settings(tmp_path)
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    secret = dict(sources.secrets["outpost"]) | {"OUTPOST_TLS_CERT_PEM": broken}
    with pytest.raises(certificates.CertificateInvalid):
        boot.write(settings, told, dataclasses.replace(sources, secrets={"app": APP, "outpost": secret}))
    assert not (settings.run / "outpost").exists()


def test_a_key_of_another_certificate_is_told_before_anything_is_written(
    told: Identity, tmp_path: Path
) -> None:
    sources, settings = boot.fetch(told), _settings(tmp_path)
    _, other = Authority(tmp_path / "other").issue(["localhost"])
    secret = dict(sources.secrets["outpost"]) | {"OUTPOST_TLS_KEY_PEM": other.read_text()}
    with pytest.raises(certificates.CertificateInvalid, match="the key is not that of the certificate"):
        boot.write(settings, told, dataclasses.replace(sources, secrets={"app": APP, "outpost": secret}))
    assert not (settings.run / "outpost").exists()


@pytest.fixture
def reloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a systemctl was told, that fails as long as ``refuse`` is there beside it."""
    heard = tmp_path / "systemctl-heard"
    script = tmp_path / "systemctl"
    script.write_text(f'#!/bin/sh\necho "$@" >>{heard}\ntest ! -e {tmp_path / "refuse"}\n')
    script.chmod(0o755)
    monkeypatch.setattr(systemd, "SYSTEMCTL", str(script))
    return heard


def test_a_reload_that_failed_is_made_good_by_the_next_refresh(
    told: Identity, tmp_path: Path, reloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, refuse = _settings(tmp_path), tmp_path / "refuse"
    monkeypatch.setattr(boot, "await_identity", lambda imds: told)
    monkeypatch.setattr(boot, "OUTPOST_USER", "")
    refuse.touch()
    with pytest.raises(SystemdRefused):
        boot.refresh(settings)
    refuse.unlink()
    for _ in range(3):
        boot.refresh(settings)
    assert reloads.read_text() == "try-reload-or-restart outpost@15002.service\n" * 2


def test_new_certificates_are_untold_until_the_reload(told: Identity, tmp_path: Path) -> None:
    settings, sources = _settings(tmp_path), boot.fetch(told)
    boot.write(settings, told, sources)
    settings.told_file.touch()
    boot.write(settings, told, sources)
    assert settings.told_file.exists()
    (settings.run / "outpost" / "key.pem").unlink()  # a predecessor that was killed got only so far
    boot.write(settings, told, sources)
    assert not settings.told_file.exists()


def test_credentials_that_come_late_are_waited_for(here: Identity, no_credentials: None) -> None:
    with pytest.raises(StoresAway, match="the instance's role: NoCredentialsError"):
        boot.fetch(here)


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        files.write(tmp_path / "file", "text", owner="nobody-of-this-name")
    assert list(tmp_path.iterdir()) == []
