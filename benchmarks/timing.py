"""How long a step takes: the median over interleaved rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from benchmarks.orders import rounds_of

Step = Callable[[], object]

#: Seconds that a contender is timed in a round; a single call where it takes longer than this.
SLICE = 0.03
#: Seconds that it runs untimed before that: its caches fill, and the threads of the contender
#: before it give up spinning and leave it its cores.
SETTLE = 0.15
#: Slices for which it runs untimed before the first round: what makes code of its own, at once or
#: when it has been asked for the same often enough, has made it by then.
WARM = 100


@dataclass(frozen=True)
class Timing:
    """Microseconds a call: the median over the rounds, and the quartiles around it."""

    median: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Return the figures, to a hundredth of a microsecond."""
        return {name: round(value, 2) for name, value in asdict(self).items()}


def summary(taken: list[float]) -> Timing:
    """Return the median and the quartiles of what was measured."""
    if len(taken) == 1:
        return Timing(taken[0], taken[0], taken[0])
    low, _, high = statistics.quantiles(taken, n=4, method="inclusive")
    return Timing(statistics.median(taken), low, high)


def calls_a_slice(step: Step, duration: float) -> int:
    """Return how many calls fill a slice, and warm the step up on the way."""
    step()
    calls, fastest, deadline = 0, float("inf"), time.perf_counter() + WARM * duration
    while calls < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        step()
        fastest = min(fastest, time.perf_counter() - start)
        calls += 1
    return max(1, round(duration / fastest))


def measure(
    steps: Mapping[str, Step],
    rounds: int,
    *,
    loops: int | None = None,
    duration: float = SLICE,
    tick: Callable[[], object] = lambda: None,
) -> dict[str, Timing]:
    """Run the steps in turn, in balanced orders; return the microseconds that a call of each takes.

    At least `rounds` rounds: as many as complete the last set of orders. `loops` calls a round, or
    else as many as fill `duration` seconds; then some untimed ones go before them, see `SETTLE`.
    """
    names = list(steps)
    counts = {
        name: loops or calls_a_slice(step, duration) for name, step in steps.items()
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in names}
    for order in rounds_of(len(names), rounds):
        for place in order:
            name = names[place]
            step, count = steps[name], counts[name]
            settled = time.perf_counter() + (0 if loops else SETTLE)
            while time.perf_counter() < settled:
                step()
            start = time.perf_counter()
            for _ in range(count):
                step()
            taken[name].append((time.perf_counter() - start) / count * 1e6)
        tick()
    return {name: summary(times) for name, times in taken.items()}
