"""Values over time: key values with easing between them, as an animator spaces in-betweens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Key values (n, d) at times (n,), seconds."""

    times: Values
    values: Values
    overshoot: float = 0.0

    def at(self, time: float) -> Values:
        last = len(self.times) - 1
        if last == 0 or time <= self.times[0]:
            return self.values[0]
        if time >= self.times[last]:
            return self.values[last]
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        share = (time - self.times[index]) / (self.times[index + 1] - self.times[index])
        eased = share * share * (3.0 - 2.0 * share)
        eased += self.overshoot * np.sin(np.pi * share) * share
        return self.values[index] + (self.values[index + 1] - self.values[index]) * eased


def random_curve(
    rng: np.random.Generator, seconds: float, low: Values, high: Values, pace: float, reach: float = 1.0
) -> Curve:
    """Keys about every `pace` seconds between `low` and `high`; `reach`: how far keys lie apart, 0..1."""
    count = max(2, 1 + round(seconds / max(pace, 0.05)))
    middle = rng.uniform(low, high)
    drawn = rng.uniform(low, high, (count, len(low)))
    values = middle + (drawn - middle) * reach
    spacing = rng.uniform(0.6, 1.4, count)
    times = np.concatenate([[0.0], np.cumsum(spacing[1:])])
    times *= seconds / times[-1]
    return Curve(times, values, float(rng.uniform(0.0, 0.25)))


def exposures(rng: np.random.Generator, drawings: int) -> list[int]:
    """Frames every drawing stays: on ones, twos, threes, or mixed."""
    kind = str(rng.choice(["ones", "twos", "threes", "mixed"], p=[0.25, 0.4, 0.2, 0.15]))
    if kind == "mixed":
        return [int(count) for count in rng.integers(1, 5, drawings)]
    return [{"ones": 1, "twos": 2, "threes": 3}[kind]] * drawings
