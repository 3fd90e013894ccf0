"""The sum over all paths through a trellis, in logarithms: what CTC is made of.

A path is at one state s at each time t. From one time to the next it stays, moves on by one state,
or by two where that is allowed. `trellis` sums over all paths that end in a state. Its rule is a
linear recurrence back in time, and linear recurrences come in adjoint pairs as all linear maps do:
`pull` goes back in time, `push` goes forward.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive
from .index import concatenate, slice_
from .reduce import full_like


def _times(x: Any, first: int | None, last: int | None) -> Any:
    return slice_(x, key=(slice(first, last),))


def _moved_on(x: Any, by: int, fill: float) -> Any:
    """Move all states on by one or two: state s gets what was at s − by."""
    if not by:
        return x
    states = x.shape[-1]
    gap = full_like(slice_(x, key=(..., slice(0, min(by, states)))), value=fill)
    rest = slice_(x, key=(..., slice(0, max(states - by, 0))))
    return concatenate(gap, rest, axis=len(x.shape) - 1)


def _shares(x: Any, out: Any, skips: Any) -> list[Any]:
    """Of what arrives at a state, the share that comes from 0, 1 and 2 states before.

    A state that no path reaches has no shares.
    """
    arrived = _times(out, 1, None) - _times(x, 1, None)
    dead = arrived == -np.inf
    arrived = np.where(dead, np.zeros_like(arrived), arrived)
    shares = []
    for by in range(3):
        before = _moved_on(_times(out, None, -1), by, -np.inf)
        cut = dead | ~skips if by == 2 else dead
        shares.append(np.exp(np.where(cut, full_like(before, value=-np.inf), before - arrived)))
    return shares


def _trellis_x(g: Any, x: Any, skips: Any, out: Any) -> Any:
    # No gradient enters a state that no path reaches.
    return pull(g, *_shares(x, out, skips)) * (out != -np.inf)


@primitive(quiet=True, x=_trellis_x)
def trellis(x: Any, skips: Any) -> Any:
    """Give log Σ e^{score} over all paths to each state, at each time.

    `x` (times, samples, states) are the scores, which add up along a path; `skips` (samples,
    states) says to which states a path may jump from two states before. A path begins anywhere: a
    score of −∞ keeps it away.
    """
    out = x.copy()
    for t in range(1, len(x)):
        before = out[t - 1]
        total = before.copy()
        total[:, 1:] = np.logaddexp(total[:, 1:], before[:, :-1])
        jumped = np.where(skips[:, 2:], before[:, :-2], -np.inf)
        total[:, 2:] = np.logaddexp(total[:, 2:], jumped)
        out[t] = total + x[t]
    return out


def _share_slope(earlier: Any, later: Any, by: int) -> Any:
    return _moved_on(_times(earlier, None, -1), by, 0.0) * _times(later, 1, None)


@primitive(
    x=lambda g, a, b, c: push(g, a, b, c),
    a=lambda g, a, b, c, out: _share_slope(push(g, a, b, c), out, 0),
    b=lambda g, a, b, c, out: _share_slope(push(g, a, b, c), out, 1),
    c=lambda g, a, b, c, out: _share_slope(push(g, a, b, c), out, 2),
)
def pull(x: Any, a: Any, b: Any, c: Any) -> Any:
    """Carry back in time: at each time add to `x` what the next one sends back in these shares."""
    out = x.copy()
    for t in range(len(x) - 2, -1, -1):
        later = out[t + 1]
        out[t] += a[t] * later
        out[t, :, :-1] += (b[t] * later)[:, 1:]
        out[t, :, :-2] += (c[t] * later)[:, 2:]
    return out


@primitive(
    x=lambda g, a, b, c: pull(g, a, b, c),
    a=lambda g, a, b, c, out: _share_slope(out, pull(g, a, b, c), 0),
    b=lambda g, a, b, c, out: _share_slope(out, pull(g, a, b, c), 1),
    c=lambda g, a, b, c, out: _share_slope(out, pull(g, a, b, c), 2),
)
def push(x: Any, a: Any, b: Any, c: Any) -> Any:
    """Carry forward in time: the adjoint of `pull`."""
    out = x.copy()
    for t in range(1, len(x)):
        before = out[t - 1]
        out[t] += a[t - 1] * before
        out[t, :, 1:] += b[t - 1][:, 1:] * before[:, :-1]
        out[t, :, 2:] += c[t - 1][:, 2:] * before[:, :-2]
    return out
