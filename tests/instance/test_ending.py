"""What an instance does next about its start and its end."""

import pytest

from instance.ending import Action, Done, Seen, decide

LIMIT = 240.0
LAUNCHED = Done(launched=True)


@pytest.mark.parametrize(
    ("seen", "done", "actions"),
    [
        (Seen(), Done(), []),
        (Seen(ready=True), Done(), [Action.SAY_READY]),
        (Seen(ready=True), LAUNCHED, []),
        (Seen(age=LIMIT + 1), Done(), [Action.GIVE_UP]),
        (Seen(age=LIMIT + 1), LAUNCHED, []),
        (Seen(target_state="InService"), LAUNCHED, []),
        (Seen(target_state="Terminated"), LAUNCHED, [Action.DRAIN]),
        (Seen(spot_action="terminate"), LAUNCHED, [Action.DRAIN]),
        # One that must go does not say that it is ready any more.
        (Seen(target_state="Terminated", ready=True), Done(), [Action.DRAIN]),
        (Seen(target_state="Terminated"), Done(launched=True, draining=True), []),
        # A watcher that was killed and started anew finds the drain done.
        (Seen(target_state="Terminated", drained=True), Done(), [Action.SAY_DRAINED]),
        (Seen(target_state="Terminated", drained=True), Done(ended=True), []),
        # Drained for a spot notice: the group does not wait for it yet.
        (Seen(spot_action="stop", drained=True), Done(), []),
        (Seen(rebalance=True), LAUNCHED, [Action.TELL_REBALANCE]),
        (Seen(rebalance=True), Done(launched=True, rebalance=True), []),
    ],
)
def test_what_is_done_next(seen: Seen, done: Done, actions: list[Action]) -> None:
    assert decide(seen, done, LIMIT) == actions
