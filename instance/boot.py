"""From user data to running roles: who am I, what may each unit know, write it down, start.

Nothing of it is on the image, and nothing stays after the instance: /run is memory.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from instance import certificates, environment, files, parameters, systemd
from instance.aws import why
from instance.environment import PEM_FILES, Sources
from instance.identity import Identity, await_identity, pauses
from instance.imds import Imds
from instance.settings import Settings
from instance.user_data import Assignment

PATIENCE = (
    300.0  # seconds the stores may be away before the unit fails, is seen to have failed and starts anew
)
OUTPOST_USER = "aerie-outpost"
log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Boot. Raises ``UserDataInvalid``, ``EnvironmentIncomplete``, ``SecretInvalid`` or ``StoresAway``."""
    identity = await_identity(Imds(settings.imds))
    assignment = identity.assignment
    _tell_oddities(settings, assignment)
    sources = patiently(lambda: fetch(identity))
    changed = write(settings, identity, sources, owner=OUTPOST_USER)
    log.info("wrote %s", ", ".join(changed) or "nothing new")
    if assignment.hold:
        log.info("holding release %s: no unit is started", assignment.release)
        return
    systemd.start(systemd.targets(assignment.roles))
    log.info("starting %s of release %s", ", ".join(assignment.roles), assignment.release)


def refresh(settings: Settings) -> None:
    """Take over what has changed: new certificates at once, variables with the next start of a unit.

    Restarting a fleet for a variable is a deploy's matter, which does it one instance after another.
    Raises what ``run`` raises.
    """
    identity = await_identity(Imds(settings.imds))
    changed = write(settings, identity, fetch(identity), owner=OUTPOST_USER)
    _tell_outposts(settings, identity.assignment)
    later = [name for name in changed if not name.endswith(".pem")]
    if later:
        log.warning("changed, for units that start from now on: %s", ", ".join(later))


def _tell_outposts(settings: Settings, assignment: Assignment) -> None:
    """Unless they know: one that failed after writing, or whose reload did, is made good by the next."""
    outposts = [unit for unit in systemd.units(assignment.roles) if unit.startswith("outpost@")]
    if not outposts or settings.told_file.exists():
        return
    systemd.reload(outposts)
    settings.told_file.touch()
    log.info("the outposts take the certificates that are written now")


def fetch(identity: Identity) -> Sources:
    """Raises ``StoresAway`` or ``SecretInvalid``."""
    try:
        ssm, secrets = identity.client("ssm"), identity.client("secretsmanager")
    except BotoCoreError as error:
        raise parameters.StoresAway(f"the instance's role: {why(error)}") from None
    return parameters.fetch(identity.assignment, ssm, secrets)


def patiently(
    fetch: Callable[[], Sources],
    sleep: Callable[[float], None] = time.sleep,
    ticks: Callable[[], float] = time.monotonic,
) -> Sources:
    """Ask until the stores answer. Raises ``StoresAway`` after ``PATIENCE``."""
    began = ticks()
    for pause in pauses():
        try:
            return fetch()
        except parameters.StoresAway as error:
            log.warning("waiting: %s", error)
            if ticks() - began + pause > PATIENCE:
                raise
            sleep(pause)
    raise AssertionError  # pauses never end


def write(settings: Settings, identity: Identity, sources: Sources, *, owner: str = "") -> list[str]:
    """Write every file of this instance; the names of those that are different now.

    ``owner`` is whose the outpost's PEM files are. Raises ``EnvironmentIncomplete``.
    """
    assignment = identity.assignment
    strange = environment.nobody_knows(assignment, sources)
    if strange:
        log.warning("given to nobody, as no unit of this release knows them: %s", ", ".join(strange))
    pem = environment.pem_files(sources) if "outpost" in assignment.roles else {}
    split = environment.split(assignment, sources, _here(settings, assignment, pem))
    changed = _write_pem(settings, pem, owner)
    return changed + _write_environment(settings.run, split)


def _here(settings: Settings, assignment: Assignment, pem: Iterable[str]) -> dict[str, str]:
    """What no store needs to tell."""
    here = {"AWS_DEFAULT_REGION": assignment.region, "AERIE_RELEASE": _built(settings) or assignment.release}
    here |= environment.METADATA
    if assignment.endpoint_url:
        here["AWS_ENDPOINT_URL"] = assignment.endpoint_url
    for name, variable in PEM_FILES.values():
        if name in pem:
            here[variable] = str(settings.run / "outpost" / name)
    return here


def _write_environment(run: Path, split: dict[str, dict[str, str]]) -> list[str]:
    directory = files.directory(run / "environment", mode=0o700)
    texts = {kind: environment.render(variables) for kind, variables in split.items()}
    return [f"environment/{kind}" for kind, text in texts.items() if files.write(directory / kind, text)]


def _write_pem(settings: Settings, pem: dict[str, str], owner: str) -> list[str]:
    """What is new, and not told to the outposts yet. Raises ``CertificateInvalid`` before any is written."""
    if not pem:
        return []
    if {"cert.pem", "key.pem"} <= pem.keys():
        certificates.check_pair(pem["cert.pem"], pem["key.pem"], settings.run)
    directory = files.directory(settings.run / "outpost", mode=0o500, owner=owner)
    new = [name for name, text in pem.items() if not files.same(directory / name, text)]
    if new:
        settings.told_file.unlink(missing_ok=True)
    for name in new:
        files.write(directory / name, pem[name], mode=0o400, owner=owner)
    return new


def _tell_oddities(settings: Settings, assignment: Assignment) -> None:
    if assignment.unknown:
        log.warning("the user data says more than this release knows: %s", ", ".join(assignment.unknown))
    built = _built(settings)
    if built and built != assignment.release:
        log.warning("this image holds release %s, the user data speaks of %s", built, assignment.release)


def _built(settings: Settings) -> str:
    """The release of the image; empty when it does not say."""
    try:
        told: Any = json.loads(settings.release_file.read_text())
        return str(told["release"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""
