"""Where the time goes: the blocks that a script marks with :class:`record_function`, added up.

Single operations are not measured; Python's own ``cProfile`` does that.
"""

from __future__ import annotations

import enum
import functools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What can be measured in PyTorch; here the CPU."""

    CPU = 0
    CUDA = 1
    XPU = 2
    MTIA = 3


class ProfilerAction(enum.Enum):
    """What to do in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


class _Block(NamedTuple):
    """One run of a marked block: its name, when it began and how long it took, in seconds."""

    name: str
    start: float
    seconds: float


@dataclass
class Average:
    """All runs of the blocks of one name; times in microseconds, as in PyTorch."""

    key: str
    count: int
    cpu_time_total: float

    @property
    def cpu_time(self) -> float:
        """The time of one run, on average."""
        return self.cpu_time_total / self.count

    @property
    def self_cpu_time_total(self) -> float:
        """The same as `cpu_time_total`: blocks inside of a block are not taken off."""
        return self.cpu_time_total


class EventList(list[Average]):
    """Averages that can be printed as a table."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **layout: Any) -> str:
        """Return a table of text.

        Parameters
        ----------
        sort_by : str, optional
            "cpu_time_total", "cpu_time" or "count", the largest first.
        row_limit : int
        **layout
            Accepted.
        """
        rows = list(self)
        if sort_by is not None:
            by = sort_by.removeprefix("self_").replace("cuda", "cpu").replace("device", "cpu")
            rows.sort(key=lambda row: getattr(row, by, 0), reverse=True)
        if row_limit >= 0:
            rows = rows[:row_limit]
        width = max([len(row.key) for row in rows] + [4])
        lines = [f"{'Name':<{width}}  {'CPU total':>12}  {'CPU avg':>12}  {'# of calls':>10}"]
        lines += [
            f"{row.key:<{width}}  {row.cpu_time_total:>10.1f}us  {row.cpu_time:>10.1f}us  "
            f"{row.count:>10}"
            for row in rows
        ]
        return "\n".join(lines)

    def total_average(self) -> Average:
        """Return the sum of all."""
        return Average(
            "Total", sum(row.count for row in self), sum(row.cpu_time_total for row in self)
        )

    def __str__(self) -> str:
        return self.table()


_running: list[profile] = []


class record_function:  # noqa: N801  PyTorch's name
    """A with-block, or decorator, whose time a running :class:`profile` measures.

    Parameters
    ----------
    name : str
    args : str, optional
        Accepted.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._start = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error: Any) -> None:
        seconds = time.perf_counter() - self._start
        for running in _running:
            running._note(_Block(self.name, self._start, seconds))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function."""

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self.name):
                return function(*args, **kwargs)

        return measured


class profile:  # noqa: N801  PyTorch's name
    """A with-block in which the blocks of :class:`record_function` are measured.

    Parameters
    ----------
    activities, use_cuda, record_shapes, profile_memory, with_stack, with_flops, with_modules
        Accepted; the time on the CPU is what is measured.
    schedule : callable, optional
        ``schedule(step) -> ProfilerAction``: which of the steps to measure, see :meth:`step`.
    on_trace_ready : callable, optional
        Called with this object at the end of what is measured.

    Examples
    --------
    >>> from tinygrad_bp.profiler import profile, record_function
    >>> with profile() as measured:
    ...     for _ in range(3):
    ...         with record_function("work"):
    ...             pass
    >>> [(row.key, row.count) for row in measured.key_averages()]
    [('work', 3)]
    """

    def __init__(self, enabled: Any = True, *, activities: Iterable[Any] | None = None,
                 schedule: Callable[[int], ProfilerAction] | None = None,
                 on_trace_ready: Callable[[Any], Any] | None = None, record_shapes: bool = False,
                 profile_memory: bool = False, with_stack: bool = False, with_flops: bool = False,
                 with_modules: bool = False, use_cuda: bool | None = None,
                 **others: Any) -> None:  # fmt: skip
        self.enabled = enabled is not False
        self._schedule, self._on_trace_ready = schedule, on_trace_ready
        self._blocks: list[_Block] = []
        self.step_num = 0
        self._began = 0.0

    def _action(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self._schedule is None else self._schedule(self.step_num)

    def _note(self, block: _Block) -> None:
        if self._action() in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self._blocks.append(block)

    def start(self) -> None:
        """Begin to measure."""
        self._began = time.perf_counter()
        if self.enabled:
            _running.append(self)

    def stop(self) -> None:
        """End measuring."""
        if self in _running:
            _running.remove(self)
        if self._on_trace_ready is not None and self._blocks:
            self._on_trace_ready(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    def step(self) -> None:
        """Say that a step of the training ended: the schedule goes on."""
        done = self._action() is ProfilerAction.RECORD_AND_SAVE
        self.step_num += 1
        if done and self._on_trace_ready is not None:
            self._on_trace_ready(self)
            self._blocks = []

    def key_averages(self, group_by_input_shape: bool = False, **others: Any) -> EventList:
        """Return what was measured, added up by name."""
        totals: dict[str, list[float]] = {}
        for block in self._blocks:
            totals.setdefault(block.name, []).append(block.seconds * 1e6)
        return EventList(Average(name, len(t), sum(t)) for name, t in totals.items())

    def events(self) -> list[_Block]:
        """Return every run of every block."""
        return list(self._blocks)

    def export_chrome_trace(self, path: str) -> None:
        """Write what was measured to a JSON file for chrome://tracing."""
        events = [
            {"name": b.name, "ph": "X", "pid": 0, "tid": 0, "ts": (b.start - self._began) * 1e6,
             "dur": b.seconds * 1e6}
            for b in self._blocks
        ]  # fmt: skip
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": events}, file)


def schedule(*, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0,
             skip_first_wait: int = 0) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """Return a function that says what :class:`profile` does in each step.

    After `skip_first` steps, cycles of `wait` steps of nothing, `warmup` and `active` ones follow,
    `repeat` times (0: for ever).
    """
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0 or (repeat and step >= repeat * cycle):
            return ProfilerAction.NONE
        place = step % cycle
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == cycle - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None,
                              use_gzip: bool = False) -> Callable[[Any], None]:  # fmt: skip
    """Return a function for ``on_trace_ready`` that writes a trace into a folder."""

    def write(measured: Any) -> None:
        import os

        os.makedirs(dir_name, exist_ok=True)
        name = f"{worker_name or os.getpid()}.{time.time_ns()}.pt.trace.json"
        measured.export_chrome_trace(os.path.join(dir_name, name))

    return write


def supported_activities() -> set[ProfilerActivity]:
    """Return what can be measured: the CPU."""
    return {ProfilerActivity.CPU}
