"""Where blocks of memory begin, each of which is wanted for a while only: as little as will do.

The least possible is what is wanted at once at the worst moment (`bound`). To find the packing that
needs the least is hard in general; taken in good orders, each block at the first gap that fits it,
they come to the bound or a few hundredths above it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Span", "bound", "pack"]


@dataclass(frozen=True)
class Span:
    """A block of `size` bytes, wanted from the step `first` up to the step `last`."""

    size: int
    first: int
    last: int


def bound(spans: Iterable[Span]) -> int:
    """Return how many bytes are wanted at once, at most: no packing takes less.

    >>> bound([Span(3, 0, 1), Span(1, 1, 2), Span(2, 2, 2)])
    4
    """
    change: dict[int, int] = {}
    for span in spans:
        change[span.first] = change.get(span.first, 0) + span.size
        change[span.last + 1] = change.get(span.last + 1, 0) - span.size
    return max(itertools.accumulate(change[step] for step in sorted(change)), default=0)


def pack(spans: Sequence[Span]) -> tuple[list[int], int]:
    """Return where each block begins, and where the last one ends.

    In the order of time, a block goes to memory that was used a moment ago and is still in the
    cache: that is kept where it is good enough.

    >>> pack([Span(3, 0, 1), Span(1, 1, 2), Span(2, 2, 2)])
    ([0, 3, 0], 4)
    """
    least = bound(spans)
    best: tuple[list[int], int] | None = None
    for order in _orders(spans):
        found = _in_order(spans, order)
        if best is None or found[1] < best[1]:
            best = found
        if best[1] <= least + least // 64:
            break
    return best if best is not None else ([], 0)


def _orders(spans: Sequence[Span]) -> Iterable[list[int]]:
    """Yield orders: of time, and with those first that are hard to place later."""
    every = range(len(spans))
    yield sorted(every, key=lambda i: spans[i].first)
    yield sorted(every, key=lambda i: (-spans[i].size, spans[i].first))
    yield sorted(every, key=lambda i: (-spans[i].size, -spans[i].last))
    yield sorted(every, key=lambda i: (spans[i].first - spans[i].last, -spans[i].size))
    yield sorted(every, key=lambda i: -spans[i].size * (1 + spans[i].last - spans[i].first))


def _in_order(spans: Sequence[Span], order: list[int]) -> tuple[list[int], int]:
    """Put each block at the lowest place that is free for as long as it is wanted."""
    offsets = [0] * len(spans)
    first, last, start, end = np.zeros((4, len(spans)), np.int64)
    size = 0
    for n, i in enumerate(order):
        span = spans[i]
        meets = (first[:n] <= span.last) & (last[:n] >= span.first)
        starts, ends = start[:n][meets], end[:n][meets]
        at = 0
        for k in np.argsort(starts):
            if starts[k] - at >= span.size:
                break
            at = max(at, int(ends[k]))
        offsets[i] = at
        first[n], last[n], start[n], end[n] = span.first, span.last, at, at + span.size
        size = max(size, at + span.size)
    return offsets, size
