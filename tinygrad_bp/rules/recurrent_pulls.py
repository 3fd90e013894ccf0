"""The gradients of the recurrences of `recurrent`, all of one in one operation.

Each is there twice. As an operation it goes backward through the steps in place, into one flat
array: its parts are the gradients of the gates, of an own sum inside (of a GRU), and of the first
states. And it is written out with operators, step for step, for a gradient that is to be
differentiated again: those have rules of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..mode import modes
from ..op import constant
from .elementwise import tanh
from .index import concatenate
from .recurrent_native import native_back
from .recurrent_steps import Sizes, cut, gates_of, in_rows, mix, part, previous, steps_of
from .shape import reshape

__all__ = ["gru_back", "gru_pull", "gru_widths", "lstm_back", "lstm_pull", "lstm_widths",
           "rnn_back", "rnn_pull"]  # fmt: skip


def gru_widths(hidden: int) -> tuple[int, ...]:
    """Name the widths of the parts of a GRU's output: gates, what r multiplies, states."""
    return (3 * hidden, hidden, hidden)


def lstm_widths(hidden: int) -> tuple[int, ...]:
    """Name the widths of the parts of an LSTM's output: gates, cells, states."""
    return (4 * hidden, hidden, hidden)


def _again(*operands: Any) -> bool:
    """Whether this gradient is itself to be differentiated."""
    return modes.grad and any(getattr(x, "requires_grad", False) for x in operands)


def _taken(flat: Any, shapes: list[tuple[int, int]]) -> tuple[Any, ...]:
    """Cut matrices of these shapes out of a flat array, one after the other."""
    found, start = [], 0
    for shape in shapes:
        found.append(cut(flat, start=start, shape=shape))
        start += shape[0] * shape[1]
    return tuple(found)


def _room(shapes: list[tuple[int, int]], dtype: Any) -> tuple[Any, ...]:
    """Make a flat array, and show it as matrices of these shapes."""
    flat = np.empty(sum(a * b for a, b in shapes), dtype)
    return flat, *_taken(flat, shapes)


# ---------------------------------------------------------------------------------------- Elman RNN


@constant
def rnn_pull(g: Any, out: Any, weight: Any, start: Any, *, sizes: Sizes, reverse: bool,
             relu: bool) -> Any:  # fmt: skip
    """Give the gradients of an RNN's gates, and of the first state."""
    found = native_back(
        rnn_pull, (g, out, weight, start), weight, sizes, 0, reverse=reverse, relu=relu
    )
    if found is not None:
        return found
    rows, width = sum(sizes), weight.shape[1]
    g, h = g.reshape(rows, width), out.reshape(rows, width)
    flat, d_gates, d_state = _room([(rows, width), start.shape], out.dtype)
    d_state[...] = 0
    for step in reversed(steps_of(sizes, reverse)):
        here = slice(step.first, step.last)
        now, d_h, d_now = h[here], d_state[: step.size], d_gates[here]
        d_h += g[here]
        if relu:
            np.multiply(d_h, now > 0, out=d_now)
        else:
            np.multiply(now, now, out=d_now)
            np.subtract(1, d_now, out=d_now)
            d_now *= d_h
        np.dot(d_now, weight, out=d_h)
    return flat


def rnn_back(
    g: Any, out: Any, weight: Any, start: Any, sizes: Sizes, reverse: bool, relu: bool
) -> Any:
    """Return the gradients of the gates and of the first state."""
    rows, width = sum(sizes), weight.shape[1]
    if not _again(g, out, weight, start):
        flat = rnn_pull(g, out, weight, start, sizes=sizes, reverse=reverse, relu=relu)
        return _taken(flat, [(rows, width), start.shape])
    g, h = reshape(g, shape=(rows, width)), reshape(out, shape=(rows, width))
    slope = np.where(h > 0, np.ones_like(h), np.zeros_like(h)) if relu else 1 - h * h
    d_state, found = np.zeros_like(start), []
    for step in reversed(steps_of(sizes, reverse)):
        here = slice(step.first, step.last)
        d_gates = (d_state[: step.size] + g[here]) * slope[here]
        d_state = mix(d_gates @ weight, d_state)
        found.append(d_gates)
    return in_rows(found, reverse), d_state


# ---------------------------------------------------------------------------------------------- GRU


@constant
def gru_pull(g: Any, out: Any, weight: Any, start: Any, *, sizes: Sizes, reverse: bool) -> Any:
    """Give the gradients of a GRU's gates, of h Wᵀ + b, and of the first state."""
    rows, hidden = sum(sizes), weight.shape[1]
    found = native_back(
        gru_pull, (g, out, weight, start), weight, sizes, rows * 4 * hidden, reverse=reverse
    )
    if found is not None:
        return found
    widths = gru_widths(hidden)
    gate, inner, h = (part(out, i, widths, rows) for i in range(3))
    g_gate, g_inner, g_h = (part(g, i, widths, rows) for i in range(3))
    shapes = [(rows, 3 * hidden), (rows, 3 * hidden), start.shape]
    flat, d_gates, d_inner, d_state = _room(shapes, out.dtype)
    d_state[...] = 0
    slopes = np.empty((3, len(start), hidden), out.dtype)
    for step in reversed(steps_of(sizes, reverse)):
        here, size = slice(step.first, step.last), step.size
        now, g_now = gates_of(gate, step, 3), gates_of(g_gate, step, 3)
        (r, z, n), s = now, slopes[:, :size]
        np.multiply(now, now, out=s)
        np.subtract(now[:2], s[:2], out=s[:2])
        np.subtract(1, s[2], out=s[2])
        d_h = d_state[:size]
        d_h += g_h[here]
        rest = d_h * z
        d_n = d_h - rest
        d_n += g_now[2]
        d_n *= s[2]
        d_z = step.begin(h, start) - n
        d_z *= d_h
        d_z += g_now[1]
        d_r = d_n * inner[here]
        d_r += g_now[0]
        d_now, d_u = d_gates[here], d_inner[here]
        np.multiply(d_r, s[0], out=d_now[:, :hidden])
        np.multiply(d_z, s[1], out=d_now[:, hidden : 2 * hidden])
        d_now[:, 2 * hidden :] = d_n
        d_u[:, : 2 * hidden] = d_now[:, : 2 * hidden]
        d_n *= r
        np.add(d_n, g_inner[here], out=d_u[:, 2 * hidden :])
        np.dot(d_u, weight, out=d_h)
        d_h += rest
    return flat


def gru_back(g: Any, out: Any, weight: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Return the gradients of the gates, of h Wᵀ + b, and of the first state."""
    rows, hidden = sum(sizes), weight.shape[1]
    if not _again(g, out, weight, start):
        flat = gru_pull(g, out, weight, start, sizes=sizes, reverse=reverse)
        return _taken(flat, [(rows, 3 * hidden), (rows, 3 * hidden), start.shape])
    widths = gru_widths(hidden)
    gate, inner, h = (part(out, i, widths, rows) for i in range(3))
    g_gate, g_inner, g_h = (part(g, i, widths, rows) for i in range(3))
    before = previous(h, start, sizes, reverse)
    d_state, found, found_inner = np.zeros_like(start), [], []
    for step in reversed(steps_of(sizes, reverse)):
        here = slice(step.first, step.last)
        now, g_now = gates_of(gate, step, 3), gates_of(g_gate, step, 3)
        r, z, n = (now[i] for i in range(3))
        d_h = d_state[: step.size] + g_h[here]
        d_n = (d_h * (1 - z) + g_now[2]) * (1 - n * n)
        d_z = (d_h * (before[here] - n) + g_now[1]) * (z * (1 - z))
        d_r = (d_n * inner[here] + g_now[0]) * (r * (1 - r))
        d_u = d_n * r + g_inner[here]  # of what r multiplies
        d_inner = concatenate(d_r, d_z, d_u, axis=1)
        d_state = mix(d_inner @ weight + d_h * z, d_state)
        found.append(concatenate(d_r, d_z, d_n, axis=1))
        found_inner.append(d_inner)
    return in_rows(found, reverse), in_rows(found_inner, reverse), d_state


# --------------------------------------------------------------------------------------------- LSTM


@constant
def lstm_pull(g: Any, out: Any, weight: Any, start: Any, cell: Any, *, sizes: Sizes,
              reverse: bool) -> Any:  # fmt: skip
    """Give the gradients of an LSTM's gates, of the first state and of the first cell."""
    rows, hidden = sum(sizes), weight.shape[1]
    found = native_back(
        lstm_pull, (g, out, weight, start, cell), weight, sizes, rows * 4 * hidden, reverse=reverse
    )
    if found is not None:
        return found
    widths = lstm_widths(hidden)
    gate, c = (part(out, n, widths, rows) for n in range(2))
    g_gate, g_c, g_h = (part(g, n, widths, rows) for n in range(3))
    flat, d_gates, d_state, d_cell = _room([(rows, 4 * hidden), start.shape, cell.shape], out.dtype)
    d_state[...], d_cell[...] = 0, 0
    # A step's arrays stay in the cache, where those of all steps would not.
    slopes, sums = (np.empty((4, len(start), hidden), out.dtype) for _ in range(2))
    for step in reversed(steps_of(sizes, reverse)):
        here, size = slice(step.first, step.last), step.size
        now = gates_of(gate, step, 4)
        (i, f, k, o), s, d = now, slopes[:, :size], sums[:, :size]
        d_h, d_c = d_state[:size], d_cell[:size]
        d_h += g_h[here]
        d_c += g_c[here]
        squashed = np.tanh(c[here], out=s[0])
        np.multiply(d_h, squashed, out=d[3])
        squashed *= squashed
        np.subtract(1, squashed, out=squashed)
        squashed *= o
        squashed *= d_h
        d_c += squashed
        np.multiply(d_c, k, out=d[0])
        np.multiply(d_c, step.begin(c, cell), out=d[1])
        np.multiply(d_c, i, out=d[2])
        d += gates_of(g_gate, step, 4)
        np.multiply(now, now, out=s)
        np.subtract(now[:2], s[:2], out=s[:2])
        np.subtract(1, s[2], out=s[2])
        np.subtract(o, s[3], out=s[3])
        d_now = d_gates[here]
        np.multiply(d, s, out=d_now.reshape(size, 4, hidden).transpose(1, 0, 2))
        np.dot(d_now, weight, out=d_h)
        d_c *= f
    return flat


def lstm_back(
    g: Any, out: Any, weight: Any, start: Any, cell: Any, sizes: Sizes, reverse: bool
) -> Any:
    """Return the gradients of the gates, of the first state and of the first cell."""
    rows, hidden = sum(sizes), weight.shape[1]
    if not _again(g, out, weight, start, cell):
        flat = lstm_pull(g, out, weight, start, cell, sizes=sizes, reverse=reverse)
        return _taken(flat, [(rows, 4 * hidden), start.shape, cell.shape])
    widths = lstm_widths(hidden)
    gate, c = (part(out, i, widths, rows) for i in range(2))
    g_gate, g_c, g_h = (part(g, i, widths, rows) for i in range(3))
    before = previous(c, cell, sizes, reverse)
    d_state, d_cell, found = np.zeros_like(start), np.zeros_like(cell), []
    for step in reversed(steps_of(sizes, reverse)):
        here, size = slice(step.first, step.last), step.size
        now, squashed = gates_of(gate, step, 4), tanh(c[here])
        i, f, k, o = (now[n] for n in range(4))
        slopes, g_now = now * (1 - now), gates_of(g_gate, step, 4)
        d_h = d_state[:size] + g_h[here]
        d_c = d_h * (o * (1 - squashed * squashed)) + g_c[here] + d_cell[:size]
        d_gates = concatenate(
            (d_c * k + g_now[0]) * slopes[0],
            (d_c * before[here] + g_now[1]) * slopes[1],
            (d_c * i + g_now[2]) * (1 - k * k),
            (d_h * squashed + g_now[3]) * slopes[3],
            axis=1,
        )
        d_state = mix(d_gates @ weight, d_state)
        d_cell = mix(d_c * f, d_cell)
        found.append(d_gates)
    return in_rows(found, reverse), d_state, d_cell
