"""How a fleet behaves on the network."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Durations in seconds.

    `interval` and `health_interval` override what each device's configuration says (60 when it says
    nothing). `ramp` is first connects per second, 0 for all at once. `reconnect` scales every waiting
    time before a dial. A device pings after `ping_idle` without a word and hangs up at `ping_hangup`.
    With `uploads` a recording is really sent to where the cloud wants it, with `downloads` a firmware
    image really fetched.
    `repeat_states` sends each generated state that many times (load tests: cheaper devices).
    """

    interval: float | None = None
    health_interval: float | None = None
    events_every: float = 30.0
    ramp: float = 200.0
    reconnect: float = 1.0
    ping_idle: float = 60.0
    ping_hangup: float = 70.0
    handshake_seconds: float = 15.0
    connect_limit: float = 60.0
    early_seconds: float = 30.0
    strict: bool = False
    repeat_states: int = 1
    uploads: bool = True
    downloads: bool = True


#: After a lost session a real client dials again at this fixed time, without jitter.
AFTER_LOSS = 10.0
#: After failed dials it waits 0, 10, 20, … seconds, at most this.
LONGEST_WAIT = 900.0
#: After a server certificate that is not the cloud's.
AFTER_WRONG_SERVER = 1800.0


def before_redial(failures: int) -> float:
    """Seconds to wait after the `failures`-th failed dial in a row, before scaling."""
    return min((failures - 1) * 10.0, LONGEST_WAIT)
