"""Every address the console answers to, filled with rows of the tests' cast."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Invitation, Role
from accounts.unsubscribing import token_for
from devices.models import AccessPoint, Command, FirmwareImage, Report, Rollout, Task
from devices.models.command import CommandKind
from devices.models.firmware import ImageState
from devices.upgrading.terms import Scope
from tests.devices.upgrading.night import HARDWARE, OLD, Night
from tests.world import World

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

# What Café Lento's people would put there, by the literal before the parameter and the parameter's name.
ROWS: dict[tuple[str, str], Callable[[World], object]] = {
    ("o", "slug"): lambda world: world.cafe.slug,
    ("members", "pk"): lambda world: world.cafe.memberships.get(user=world.vi).pk,
    ("invitations", "pk"): lambda world: _invitation(world).pk,
    ("networks", "pk"): lambda world: world.harbour.pk,
    ("history", "number"): lambda world: world.harbour.revisions.earliest("number").number,
    ("wifi", "key"): lambda world: world.ssid(world.harbour, "Lento").pk,
    ("access-points", "serial"): lambda world: world.counter.serial,
    ("command", "kind"): lambda world: "blink",
    ("commands", "pk"): lambda world: _command(world).pk,
    ("uploads", "token"): lambda world: "no-such-token",
    ("static", "name"): lambda world: "console/no-such-file.css",
    ("files", "token"): lambda world: "no-such-token",
    ("<str:token>", "name"): lambda world: "image.bin",
    ("parts", "token"): lambda world: "no-such-token",
    ("firmware", "pk"): lambda world: _image(world).pk,
    ("reports", "pk"): lambda world: _report(world).pk,
    ("rollouts", "pk"): lambda world: a_rollout(world).pk,
    ("tasks", "pk"): lambda world: _dead_task().pk,
    ("invitation", "token"): lambda world: "no-such-token",
    ("unsubscribe", "token"): lambda world: token_for(world.cafe.memberships.get(user=world.vi)),
}


@dataclass(frozen=True)
class Route:
    """One pattern of the URLconf and its view."""

    pattern: str
    view: Callable[..., Any]

    @property
    def who(self) -> str | None:
        return getattr(self.view, "who", None)

    @property
    def is_ours(self) -> bool:
        return not self.view.__module__.startswith(("allauth.", "django."))

    @property
    def holds_a_row(self) -> bool:
        """Whether it names more than the organisation."""
        return set(PARAMETER.findall(self.pattern)) > {"slug"}

    def address(self, world: World, **other: object) -> str:
        """The path with the cast's rows in it, or those given by parameter name."""
        return "/" + PARAMETER.sub(lambda found: str(self._value(found, world, other)), self.pattern)

    def _value(self, found: re.Match[str], world: World, other: dict[str, object]) -> object:
        """What goes in place of one parameter. Right after another parameter it is known by that one."""
        name = found[1]
        before = self.pattern[: found.start()].rstrip("/").rpartition("/")[2]
        assert (before, name) in ROWS, (
            f"Say in {__name__} what <{name}> after {before}/ is in /{self.pattern}"
        )
        return other.get(name) or ROWS[before, name](world)


def routes() -> list[Route]:
    """All of them but django-allauth's and Django's own, which guard themselves."""
    return [route for route in _walk(get_resolver(), "") if route.is_ours]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(entry, URLPattern):
            yield Route(pattern, entry.callback)
        else:
            yield from _walk(entry, pattern)


def _command(world: World) -> Command:
    """The counter's last command, given when first asked for."""
    return world.counter.commands.first() or Command.ask(world.ada, world.counter, CommandKind.BLINK)


def _image(world: World) -> FirmwareImage:
    """The café's first image, ready when first asked for; its file need not be there."""
    ready = {"state": ImageState.READY, "version": "4.2", "compatibles": ["edgecore_eap101"], "size": 1}
    known = {"file_name": "image.bin", "sha256": "0" * 64, "fingerprint": "test", "organisation": world.cafe}
    return FirmwareImage.objects.get_or_create(key="firmware/test", defaults=ready | known)[0]


def _report(world: World) -> Report:
    """The café's first, built."""
    report = Report.promise(world.cafe, world.cafe.created_at.date())
    Report.objects.filter(pk=report.pk).update(pdf=report.key("pdf"), csv=report.key("csv"))
    return report


def _dead_task() -> Task:
    task = Task.promise("report", "report:0", {"report": 0})
    Task.objects.filter(pk=task.pk).update(dead=True)
    return task


def _invitation(world: World) -> Invitation:
    """The café's open invitation, made when first asked for."""
    existing = world.cafe.invitations.filter(accepted_at=None).first()
    return existing or Invitation.offer(world.cafe, world.ada, "new@lento.example", Role.VIEWER)


def a_rollout(world: World) -> Rollout:
    """The café's rollout to its counter, scheduled when first asked for."""
    return world.cafe.rollouts.first() or Night(world).start(scope=_counter(world))


def _counter(world: World) -> Scope:
    AccessPoint.objects.filter(pk=world.counter.pk).update(compatible=HARDWARE, firmware=OLD)
    return Scope("access_point", access_point=world.counter)
