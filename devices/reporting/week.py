"""Counts an organisation's week for its mail: a few statements, and three for every 500 access points."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Organisation
from devices.models import AccessPoint, Alert, FirmwareImage, Link, Rollout, Usage
from devices.models.firmware import Channel
from devices.models.rollout import OPEN, RolloutState
from devices.models.usage import COARSE
from devices.reporting import comings
from devices.reporting.availability import Online
from devices.reporting.comings import ACCESS_POINTS, Span
from devices.reporting.contents import together
from devices.reporting.week_contents import Alerts, Links, NetworkWeek, Rollouts, Traffic, WeekContents
from devices.rollouts.versions import is_older, parse, runs

DAY = timedelta(days=1)
WEEK = 7 * DAY
NOTHING = (None, None)

# Called again and again while it counts; may raise, which ends it.
Tick = Callable[[], None]


def week_before(moment: datetime) -> datetime:
    """When the last whole week began: a Monday 00:00 UTC."""
    today = datetime.combine(moment.astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=today.weekday()) - WEEK


class Week:
    """One organisation's week from ``start`` (see ``week_before``), as it is known at ``now``."""

    def __init__(self, organisation: Organisation, start: datetime, now: datetime) -> None:
        self.organisation, self.start, self.end, self.now = organisation, start, start + WEEK, now
        self.networks = dict(organisation.networks.order_by("name", "pk").values_list("pk", "name"))

    def gather(self, tick: Tick) -> WeekContents:
        """Count it. Raises whatever ``tick`` does."""
        online = self._online(tick)
        return WeekContents(
            start=self.start.date(),
            until=(self.end - DAY).date(),
            links=self._links(),
            networks=[NetworkWeek(pk, name, *online.get(pk, NOTHING)) for pk, name in self.networks.items()],
            alerts=self._alerts(),
            outdated=self._outdated(),
            rollouts=self._rollouts(),
            traffic=self._traffic(tick),
        )

    def _links(self) -> Links:
        """As they are now."""
        rows = AccessPoint.objects.of(self.organisation).order_by().values_list("link")
        counts = dict(rows.annotate(Count("pk")))
        return Links(
            online=counts.get(Link.ONLINE, 0) + counts.get(Link.LATE, 0),
            offline=counts.get(Link.OFFLINE, 0),
            unseen=counts.get(Link.WAITING, 0),
            disabled=counts.get(Link.DISABLED, 0),
        )

    def _online(self, tick: Tick) -> dict[int, tuple[Online | None, Online | None]]:
        """Of each network: this week, and the week before."""
        found: dict[int, tuple[Online | None, Online | None]] = {}
        for batch in self._batches(tick):
            weeks = self._online_by_week(batch)
            for row in batch:
                one, other = found.get(row.network_id, NOTHING)
                this, before = (week.get(row.pk) for week in weeks)
                found[row.network_id] = together((one, this)), together((other, before))
        return found

    def _online_by_week(self, batch: list[AccessPoint]) -> list[dict[int, Online]]:
        """This week and the one before; nothing of one that began before the log that is kept."""
        kept = self.now - timedelta(days=settings.EVENTS_DAYS)
        spans: list[Span] = [(self.start, self.end), (self.start - WEEK, self.start)]
        known = [span for span in spans if span[0] >= kept]
        found = comings.online(batch, *known) if known else []
        return [*found, {}, {}][:2]

    def _batches(self, tick: Tick) -> Iterator[list[AccessPoint]]:
        """By primary key, from the last one on."""
        rows = AccessPoint.objects.of(self.organisation).filter(first_seen__lt=self.end).order_by("pk")
        rows, last = rows.only("network_id", "first_seen", "link"), 0
        while batch := list(rows.filter(pk__gt=last)[:ACCESS_POINTS]):
            tick()
            yield batch
            last = batch[-1].pk

    def _alerts(self) -> Alerts:
        """Those that were open at any time of the week. One that still is lasted until now so far."""
        rows = Alert.objects.filter(network__in=list(self.networks), opened_at__lt=self.end)
        rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=self.start))
        lasted = ExpressionWrapper(
            Coalesce(F("closed_at"), Value(self.now)) - F("opened_at"), output_field=DurationField()
        )
        told = rows.aggregate(n=Count("pk"), now=Count("pk", filter=Q(closed_at=None)), longest=Max(lasted))
        return Alerts(told["n"], told["now"], told["longest"] or timedelta(0))

    def _outdated(self) -> int | None:
        """How many run a firmware older than the newest stable one offered for them; None without any."""
        if not (newest := self._newest()):
            return None
        rows = AccessPoint.objects.of(self.organisation).order_by().values_list("compatible", "firmware")
        running = rows.filter(compatible__in=list(newest)).exclude(firmware="").annotate(Count("pk"))
        return sum(count for what, has, count in running if _is_outdated(has, newest[what]))

    def _newest(self) -> dict[str, str]:
        """The newest stable version by hardware."""
        images = FirmwareImage.objects.of(self.organisation).offered().filter(channel=Channel.STABLE)
        newest: dict[str, str] = {}
        for compatibles, version in images.values_list("compatibles", "version"):
            for one in compatibles if parse(version) else ():
                if one not in newest or is_older(newest[one], version):
                    newest[one] = version
        return newest

    def _rollouts(self) -> Rollouts:
        ended = Q(state=RolloutState.FINISHED, ended_at__gte=self.start, ended_at__lt=self.end)
        told = Rollout.objects.filter(organisation=self.organisation).aggregate(
            open=Count("pk", filter=Q(state__in=OPEN)),
            halted=Count("pk", filter=Q(state=RolloutState.HALTED)),
            finished=Count("pk", filter=ended),
        )
        return Rollouts(**told)

    def _traffic(self, tick: Tick) -> Traffic | None:
        """A statement for each day. None when nothing was counted."""
        found = None
        for number in range(7):
            tick()
            for hour in self._hours(self.start + number * DAY):
                found = (found or Traffic()) + Traffic(*(int(one) for one in hour))
        return found

    def _hours(self, day: datetime) -> list[tuple[int, int, int]]:
        rows = Usage.objects.filter(network__in=list(self.networks), seconds=COARSE, ssid="")
        sums = rows.filter(at__gte=day, at__lt=day + DAY).order_by().values_list("at")
        sums = sums.annotate(Sum("downloaded"), Sum("uploaded"), Sum("clients"))
        return [(down, up, clients) for _, down, up, clients in sums]


def _is_outdated(running: str, newest: str) -> bool:
    return not runs(running, newest) and bool(is_older(running, newest))
