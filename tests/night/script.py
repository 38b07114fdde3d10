"""Where and how the rehearsed rollouts go, and how each access point must end."""

from tests.night.cast import Place

ATTEMPTS = 2
PLACES = (
    *(Place(f"Harbour {n}", "NL", "Europe/Amsterdam", "02:00", "04:00") for n in range(6)),
    *(Place(f"Pier {n}", "US", "America/New_York", "01:00", "04:00") for n in range(4)),
)
TERMS = {
    "shares": [5, 20],
    "soak_minutes": [30],
    "budget": 10,
    "attempts": ATTEMPTS,
    "answer_minutes": 40,
    "at_once": 500,
}
#: States and outcomes by fate. One that came back on its old firmware while Redis died may be known
#: only by its silence: the word of its return can be lost with Redis, and comes again after the deadline.
ENDS = {
    "well": {("succeeded", "upgraded")},
    "fails": {("failed", "upgrade-failed"), ("failed", "silent")},
    "silent": {("failed", "silent")},
    "stale": {("failed", "old-firmware"), ("failed", "silent")},
}
