"""A week of visitors: how many requests each minute brings to the console. The same for the same seed."""

import math
import random
from dataclasses import dataclass

from tests.load.scaling import DAY, HOUR

# Hour of the day to share of a weekday's busiest, between which it is interpolated: people look after their
# Wi-Fi in the late morning and before the evening; pages left open poll at night.
_CURVE = (0.10, 0.07, 0.06, 0.06, 0.07, 0.10, 0.18, 0.35, 0.60, 0.85, 1.0, 0.97)
_CURVE += (0.80, 0.78, 0.88, 0.95, 0.93, 0.82, 0.66, 0.55, 0.45, 0.36, 0.25, 0.16)
WEEKEND = 0.55  # of a weekday
RUSH_AT = DAY + 10 * HOUR  # Tuesday at ten a mail goes to every customer
RUSH_MINUTES = 40  # until half of the rush is over
_NOISE = 0.08  # standard deviation, of the minute's load


@dataclass(frozen=True)
class Week:
    """``peak`` is requests a minute at a weekday's busiest; the rush adds ``rush`` times that."""

    peak: float
    rush: float = 0.8
    seed: int = 1

    def __call__(self, minute: int) -> float:
        noise = random.Random(self.seed * 1_000_003 + minute).gauss(1, _NOISE)
        return max(0.0, self.peak * (_usual(minute) + self._rush(minute)) * noise)

    def _rush(self, minute: int) -> float:
        since = minute - RUSH_AT
        if since < 0:
            return 0.0
        return self.rush * min(1.0, since / 5) * math.exp(-since / RUSH_MINUTES * math.log(2))


def _usual(minute: int) -> float:
    hour, past = divmod(minute % DAY, HOUR)
    share = _CURVE[hour] + (_CURVE[(hour + 1) % 24] - _CURVE[hour]) * past / HOUR
    return share * (WEEKEND if minute // DAY % 7 >= 5 else 1.0)
