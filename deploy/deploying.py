"""A deploy from its checks to its record, and a rollback. Every step may be done again after a kill."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deploy import alarms, checks, groups, images, migration, releases, smoke, state, static_files
from deploy.environments import Environment
from deploy.lock import Lock
from deploy.outcomes import Ended, Halted, RefreshRolledBack, Refused, SmokeFailed
from deploy.progress import Shown
from deploy.records import Record
from deploy.rolling import Rolling
from deploy.state import Image

STEPS = ("check", "alarms", "migrate", "static", "smoke")  # those that may be skipped


@dataclass
class Wish:
    """What the command line asked for."""

    environment: Environment
    skip: frozenset[str] = frozenset()
    release: str = ""
    ami: str = ""
    project: Path = releases.PROJECT
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)


class Deploy:
    """One run. Raises ``Ended`` when it does not come to its end; the record says so too."""

    def __init__(self, wish: Wish, shown: Shown) -> None:
        self.wish, self.environment, self.shown = wish, wish.environment, shown
        self.account, self.who = self.environment.identity()
        self.lock: Lock | None = None

    def deploy(self) -> None:
        release = self._release()
        with self._recorded("deploy", release.name) as record:
            record.commits = releases.commits(record.before, release, self.wish.project)
            self._checks()
            image = self._image(release.name)
            record.ami_after = image.ami
            self._migrate(image, record.before)
            self._static(image.version)
            self._roll(image, record)

    def roll_back(self) -> None:
        """To the release before this one, or away from one that is half there. No migration is undone."""
        to = self._way_back()
        with self._recorded("rollback", to.version) as record:
            record.ami_after = to.ami
            unfinished = state.in_progress(self.environment)
            if unfinished and unfinished.kind == "deploy":
                self._rolling().undo(unfinished)
            else:
                self._return(to)
            self._look_once_back(to)

    def plan_back(self) -> list[str]:
        """What ``roll_back`` would do, having changed nothing."""
        return [f"{self.environment.name}: from {state.current(self.environment)} to {self._way_back()}"]

    def plan(self) -> list[str]:
        """What ``deploy`` would do, having changed nothing."""
        release, now = self._release(), state.current(self.environment)
        ami = self.wish.ami or images.find(self.environment, release.name)
        unfinished = state.in_progress(self.environment)
        lines = [f"{self.environment.name} in account {self.account}, as {self.who}"]
        lines += [f"from {now} to {release.name} ({ami or 'image to be built'})"]
        lines += [f"unfinished: {unfinished.image}"] if unfinished else []
        lines += [f"commit: {line}" for line in releases.commits(now.version, release, self.wish.project)]
        lines += [f"step: {step}" for step in STEPS if step not in self.wish.skip]
        found = groups.found(self.environment)
        lines += [f"role: {role}, {len(found[role]['Instances'])} instances" for role in found]
        return lines + [f"alarm that is on: {name}" for name in alarms.ringing(self.environment)]

    def _way_back(self) -> Image:
        unfinished = state.in_progress(self.environment)
        to = state.previous(self.environment)
        if unfinished:
            to = unfinished.before if unfinished.kind == "deploy" else unfinished.image
        if not to.ami:
            raise Refused(f"{self.environment.name} has no release to go back to")
        return to

    # --- steps ---------------------------------------------------------------------------------

    def _checks(self) -> None:
        self.shown.begin("checks")
        groups.found(self.environment)
        unfinished = state.in_progress(self.environment)
        if unfinished and unfinished.kind == "rollback":
            raise Refused(f"A rollback to {unfinished.image} is unfinished: let `rollback` end it first")
        if "alarms" not in self.wish.skip:
            alarms.must_be_quiet(self.environment)
        if "check" not in self.wish.skip:
            checks.clean_tree(self.wish.project)
            checks.gate(self.wish.project)
        self.shown.end()

    def _image(self, release: str) -> Image:
        self.shown.begin("image")
        ami = self.wish.ami or images.find(self.environment, release)
        ami = ami or images.build(self.environment, release, self.wish.project, self.shown.say)
        images.wait(self.environment, ami, self._pause)
        self.shown.end(f"{release} is {ami}")
        return Image(release, ami)

    def _migrate(self, image: Image, running: str) -> None:
        if "migrate" in self.wish.skip:
            return
        self.shown.begin("migrate")
        self._must_hold_lock()
        migration.run(self.environment, image, running, self._pause, self.shown)
        self.shown.end()

    def _static(self, release: str) -> None:
        if "static" in self.wish.skip or not static_files.bucket_of(self.environment):
            return
        self.shown.begin("static files")
        self._must_hold_lock()
        if release != releases.here(self.wish.project).name:
            if not static_files.is_uploaded(self.environment, release):
                raise Refused(f"The files of {release} are not uploaded and not those checked out here")
            self.shown.end("there already")
            return
        with tempfile.TemporaryDirectory(prefix="aerie-static-") as directory:
            static_files.collect(self.wish.project, Path(directory))
            done = static_files.upload(self.environment, Path(directory), release)
        self.shown.end(f"{done.added} new beside {done.kept} older")

    def _roll(self, image: Image, record: Record) -> None:
        """Instances, then smoke. Whatever goes wrong from here is rolled back."""
        names = [] if "alarms" in self.wish.skip else alarms.named(self.environment)
        self._must_hold_lock()
        moving = state.begin(self.environment, image)
        record.roles = moving.roles
        try:
            self._rolling().forward(moving, names, groups.version_for)
            self._smoke(image.version)
        except (RefreshRolledBack, SmokeFailed) as error:
            self._undo(moving, error)
        self._must_hold_lock()
        state.settle(self.environment, moving)

    def _undo(self, moving: state.InProgress, error: Ended) -> None:
        self.shown.end("failed")
        self.shown.say(f"{error}. Rolling back to {moving.before}.")
        try:
            self._rolling().undo(moving)
        except Ended as worse:
            raise Halted(f"{error}; and the way back ended: {worse}", self.situation()) from error
        error.state = f"{self.environment.name} runs {moving.before} as before."
        raise error

    def _return(self, to: Image) -> None:
        """The release in service becomes the previous one: a second rollback goes forward again."""
        self._must_hold_lock()
        moving = state.begin(self.environment, to, "rollback")
        self._rolling().forward(moving, [], groups.newest_with, back=True)
        self._must_hold_lock()
        state.settle(self.environment, moving)

    def _look_once_back(self, to: Image) -> None:
        """There is nothing to roll a rollback back to: what is wrong now is for a person to judge."""
        try:
            self._smoke(to.version)
        except SmokeFailed as error:
            raise Halted(f"Everything runs {to} again, and still: {error}", self.situation()) from error

    def _smoke(self, release: str) -> None:
        if "smoke" in self.wish.skip:
            return
        self.shown.begin("smoke")
        for line in smoke.run(self.environment, release, self._pause):
            self.shown.say(f"  {line}")
        self.shown.end()

    # --- around them ---------------------------------------------------------------------------

    @contextmanager
    def _recorded(self, kind: str, after: str) -> Iterator[Record]:
        """The lock is held, and the record says how it ended, whatever ended it but a kill."""
        with Lock(self.environment, f"{kind} of {after}", self.wish.now) as self.lock:
            unfinished, now = state.in_progress(self.environment), state.current(self.environment)
            before = unfinished.before if unfinished and kind == "deploy" else now
            record = Record(kind, self.environment.name, self.who, before.version, after, before.ami)
            record.begin(self.environment)
            try:
                yield record
            except BaseException as error:
                word = error.word if isinstance(error, Ended) else "halted"
                word = "interrupted" if isinstance(error, KeyboardInterrupt) else word
                self._end(record, word, str(error)[:1000] or type(error).__name__)
                raise
            record.end(self.environment, "done")

    def _end(self, record: Record, word: str, reason: str) -> None:
        """Why it ended counts more than that this could not be written down."""
        try:
            record.end(self.environment, word, reason)
        except (BotoCoreError, ClientError) as error:
            self.shown.say(f"The record could not be written: {error}")

    def _release(self) -> releases.Release:
        """That of the checkout, or of the image that was named."""
        here = releases.here(self.wish.project)
        name = self.wish.release or here.name
        if self.wish.ami:
            held = images.release_of(self.environment, self.wish.ami)
            if held and self.wish.release and held != self.wish.release:
                raise Refused(f"{self.wish.ami} holds {held}, not {self.wish.release}")
            name = held or name
        return here if name == here.name else releases.Release(name)

    def _rolling(self) -> Rolling:
        return Rolling(self.environment, self._pause, self.shown)

    def _must_hold_lock(self) -> None:
        """Before whatever would be done to another deploy's work, by a machine that slept meanwhile."""
        if self.lock is not None:
            self.lock.check()

    def _pause(self, seconds: float) -> None:
        self._must_hold_lock()
        self.wish.sleep(seconds)

    def situation(self) -> str:
        return how_things_are(self.environment)


def situation(environment: Environment) -> str:
    """How things are, for somebody who interrupted a deploy or comes to look."""
    unfinished = state.in_progress(environment)
    lines = [f"In service: {state.current(environment)}; before it: {state.previous(environment)}."]
    if unfinished:
        lines += [f"Unfinished: {unfinished.image}, coming from {unfinished.before}."]
    for role, group in groups.found(environment).items():
        lines.append(f"  {role}: {_role(group)}")
    if unfinished:
        lines += ["What Auto Scaling has begun goes on by itself. Deploy again to continue, or roll back."]
    return "\n".join(lines)


def how_things_are(environment: Environment) -> str:
    """``situation``, beside something that went wrong and must be told whatever else does."""
    try:
        return situation(environment)
    except Exception as error:
        return f"How things are could not be asked: {type(error).__name__}: {error}"


def _role(group: dict) -> str:  # type: ignore[type-arg]
    versions = [one.get("LaunchTemplate", {}).get("Version", "?") for one in group["Instances"]]
    counted = [f"{versions.count(version)} of version {version}" for version in sorted(set(versions))]
    now = ", ".join(counted) or "no instances"
    return f"{now}; new ones get version {groups.specification(group)['Version']}"
