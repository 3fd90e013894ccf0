"""Measuring how long a statement takes."""

from __future__ import annotations

import textwrap
import timeit as _timeit
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..environment import get_num_threads, set_num_threads

__all__ = ["Compare", "Measurement", "Timer", "timer"]

timer = _timeit.default_timer

_UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def _spelled(seconds: float) -> str:
    name, unit = next(((n, u) for n, u in _UNITS if seconds >= u), _UNITS[-1])
    return f"{seconds / unit:.2f} {name}"


@dataclass
class Measurement:
    """What :class:`Timer` measured: times of one run, in seconds.

    Attributes
    ----------
    number_per_run : int
        How often the statement was run for each time.
    raw_times : list of float
        Seconds that this took.
    """

    number_per_run: int
    raw_times: list[float]
    stmt: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    num_threads: int = 1
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def times(self) -> list[float]:
        """Seconds for one execution, of each run."""
        return [time / self.number_per_run for time in self.raw_times]

    @property
    def median(self) -> float:
        """The middle of these times."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """The average of these times."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The distance from the first to the third quartile of these times."""
        low, high = np.quantile(self.times, [0.25, 0.75])
        return float(high - low)

    @property
    def title(self) -> str:
        """What was measured."""
        parts = [self.label or self.stmt, self.sub_label, self.description]
        return ": ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__module__}.Measurement>\n{self.title}\n"
            f"  Median: {_spelled(self.median)}, IQR: {_spelled(self.iqr)}\n"
            f"  {len(self.raw_times)} measurement(s), {self.number_per_run} run(s) each, "
            f"{self.num_threads} thread(s)"
        )


class Timer:
    """Runs a statement again and again.

    Parameters
    ----------
    stmt, setup, global_setup : str
        What to measure, and what to run once before.
    timer : callable
        The clock.
    globals : dict, optional
        The names that the statement may use.
    label, sub_label, description : str, optional
        What the statement is, for :class:`Compare`.
    num_threads : int
        For products of matrices, while it runs.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.benchmark import Timer
    >>> measured = Timer("x + 1", globals={"x": tgb.ones(10)}).timeit(100)
    >>> measured.number_per_run, measured.median > 0
    (100, True)
    """

    def __init__(self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
                 timer: Any = timer, globals: dict[str, Any] | None = None,
                 label: str | None = None, sub_label: str | None = None,
                 description: str | None = None, env: str | None = None, num_threads: int = 1,
                 language: Any = "python") -> None:  # fmt: skip
        if str(language).lower() not in ("python", "language.python", "py"):
            raise NotImplementedError("Timer: statements in Python only")
        names = dict(globals or {})
        exec(textwrap.dedent(global_setup), names)
        self._timer = _timeit.Timer(textwrap.dedent(stmt), textwrap.dedent(setup), timer, names)
        self._about = {
            "stmt": stmt, "label": label, "sub_label": sub_label, "description": description,
            "num_threads": num_threads,
        }  # fmt: skip
        self._threads = num_threads

    def _run(self, number: int, repeat: int = 1) -> Measurement:
        before = get_num_threads()
        set_num_threads(self._threads)
        try:
            times = self._timer.repeat(repeat, number)
        finally:
            set_num_threads(before)
        return Measurement(number, times, **self._about)  # type: ignore[arg-type]

    def timeit(self, number: int = 1000000) -> Measurement:
        """Run the statement so many times, after a few to warm up."""
        self._run(max(number // 100, 2))
        return self._run(number)

    def repeat(self, repeat: int = 5, number: int = 1000000) -> Measurement:
        """Measure `repeat` times so many executions."""
        return self._run(number, repeat)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Measure for at least `min_run_time` seconds, in blocks that are long for the clock."""
        number = 1
        while (time := self._run(number).raw_times[0]) < min_run_time / 1000 and number < 10**9:
            number *= 10
        if callback is not None:
            callback(number, time)
        return self._run(number, max(int(min_run_time / max(time, 1e-9)), 1))

    adaptive_autorange = blocked_autorange


class Compare:
    """A table of measurements: a row a statement (`sub_label`), a column a `description`."""

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results = list(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Accept: two digits after the point are shown."""

    def colorize(self, rowwise: bool = False) -> None:
        """Accept: the table is without colours."""

    def __str__(self) -> str:
        columns = list(dict.fromkeys(r.description or "" for r in self._results))
        rows: dict[tuple[Any, ...], dict[str, str]] = {}
        for r in self._results:
            key = (r.label or r.stmt, r.sub_label or r.stmt, r.num_threads)
            rows.setdefault(key, {})[r.description or ""] = _spelled(r.median)
        width = max([len(str(key[1])) for key in rows] + [4])
        lines, last = [], None
        for (label, name, threads), cells in rows.items():
            if (label, threads) != last:
                lines.append(f"[ {label}, {threads} thread(s) ]")
                lines.append(" " * width + "".join(f" | {c:>12}" for c in columns))
                last = (label, threads)
            lines.append(
                f"{name:<{width}}" + "".join(f" | {cells.get(c, ''):>12}" for c in columns)
            )
        return "\n".join(lines)

    def print(self) -> None:
        """Print the table."""
        print(str(self))
