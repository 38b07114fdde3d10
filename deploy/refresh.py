"""An instance refresh of one role: started or joined, watched, ended well or told why not."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from deploy import groups
from deploy.environments import Environment
from deploy.outcomes import Halted, RefreshRolledBack
from deploy.progress import Shown

POLL = 10.0  # seconds between looks
ACTIVE = {"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"}
# New ones come first, then old ones go: never fewer than there were. An outpost's drain takes minutes
# and each brings thousands of reconnects, so few go at a time.
_MOST = {"outpost": 110}
# At the first half's end Auto Scaling waits and looks at the alarms, and again at the very end.
CHECKPOINTS = [50, 100]
CHECKPOINT_SECONDS = 120
BAKE_SECONDS = 180


def preferences(role: str, alarms: list[str]) -> dict[str, Any]:
    """With alarms it rolls back by itself; without, as on the way back, nothing may stop it."""
    wanted: dict[str, Any] = {
        "MinHealthyPercentage": 100,
        "MaxHealthyPercentage": _MOST.get(role, 150),
        "SkipMatching": True,
        "ScaleInProtectedInstances": "Refresh",
        "StandbyInstances": "Terminate",
    }
    if alarms:
        wanted |= {"AutoRollback": True, "AlarmSpecification": {"Alarms": alarms}, "BakeTime": BAKE_SECONDS}
        wanted |= {"CheckpointPercentages": CHECKPOINTS, "CheckpointDelay": CHECKPOINT_SECONDS}
    return wanted


class Refresh:
    """Of one role, to a version. ``pause`` waits so many seconds; it also says when to stop, by raising."""

    def __init__(
        self, environment: Environment, role: str, version: str, pause: Callable[[float], None], shown: Shown
    ) -> None:
        self.environment, self.role, self.version = environment, role, version
        self.pause, self.shown = pause, shown
        self.api, self.name = environment.client("autoscaling"), environment.resource(role)

    def run(self, alarms: list[str]) -> None:
        """Return when every instance runs the version.

        Raises ``RefreshRolledBack`` when Auto Scaling put the old ones back, ``Halted`` when it could not.
        """
        if not self._joins():
            self._clear()
            if self._is_there():
                return
            self._start(alarms)
        self._watch()

    def _joins(self) -> bool:
        """One towards this version is under way: a killed deploy's."""
        active = self._active()
        if not active or active["Status"] in ("Cancelling", "RollbackInProgress"):
            return False
        return groups.specification(active["DesiredConfiguration"])["Version"] == self.version

    def _clear(self) -> None:
        """End one that goes elsewhere; the next one takes its instances on from where it left them."""
        while active := self._active():
            if active["Status"] in ("Pending", "InProgress", "Baking"):
                with suppress(self.api.exceptions.ActiveInstanceRefreshNotFoundFault):  # it ended just now
                    self.api.cancel_instance_refresh(AutoScalingGroupName=self.name)
            self.shown.at(active.get("PercentageComplete", 0), "waiting for another refresh to end")
            self.pause(POLL)

    def _is_there(self) -> bool:
        """Each instance, and what the next one would be, is of this version already."""
        group = groups.found(self.environment)[self.role]
        instances = [one.get("LaunchTemplate", {}).get("Version") for one in group["Instances"]]
        return {*instances, groups.specification(group)["Version"]} == {self.version}

    def _start(self, alarms: list[str]) -> None:
        group = groups.found(self.environment)[self.role]
        self.api.start_instance_refresh(
            AutoScalingGroupName=self.name,
            Strategy="Rolling",
            DesiredConfiguration=groups.desired(group, self.version),
            Preferences=preferences(self.role, alarms),
        )

    def _watch(self) -> None:
        while (now := self._latest())["Status"] in ACTIVE:
            words = now["Status"] + (f": {now['StatusReason']}" if now.get("StatusReason") else "")
            self.shown.at(now.get("PercentageComplete", 0), words)
            self.pause(POLL)
        reason = f"{self.role}: {now.get('StatusReason') or now['Status']}"
        if now["Status"] == "RollbackSuccessful":
            raise RefreshRolledBack(reason)
        if now["Status"] != "Successful":
            raise Halted(f"{reason} (the refresh ended as {now['Status']})")

    def _active(self) -> dict[str, Any] | None:
        latest = self._latest()
        return latest if latest.get("Status") in ACTIVE else None

    def _latest(self) -> dict[str, Any]:
        answer = self.api.describe_instance_refreshes(AutoScalingGroupName=self.name, MaxRecords=1)
        found: list[dict[str, Any]] = answer["InstanceRefreshes"]
        return found[0] if found else {}
