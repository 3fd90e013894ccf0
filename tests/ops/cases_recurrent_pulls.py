"""Cases of `rules.recurrent_pulls`: references sequence by sequence, a step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers
from tinygrad_bp.rules import recurrent_pulls

draw = Numbers(17)

HIDDEN = 2
SIZES = [(2, 2, 2), (3, 2, 2, 1), (2,)]


def by_row(flat: Any, sizes: Any, count: int) -> Any:
    """Show gates that lie one after the other within a step: (rows, count, units)."""
    found = []
    for last, size in zip(np.cumsum(sizes), sizes, strict=True):
        here = slice((last - size) * count * HIDDEN, last * count * HIDDEN)
        found.append(flat[here].reshape(count, size, HIDDEN).transpose(1, 0, 2))
    return np.concatenate(found)


def split(flat: Any, sizes: Any, gates: int, others: int) -> list[Any]:
    """Take a flat output apart."""
    rows = sum(sizes)
    end = rows * gates * HIDDEN
    parts = [by_row(flat[:end], sizes, gates)] if gates else []
    return [*parts, *flat[end:].reshape(others, rows, HIDDEN)]


def back(sizes: Any, reverse: bool, states: Any, width: int, parts: int,
         step: Callable[..., Any]) -> Any:  # fmt: skip
    """Go back through each sequence by itself: `step` takes a row, the row before, and gradients.

    It gives the gradients of the sums, `parts` rows, and those of the states.
    """
    starts = np.cumsum([0, *sizes])
    sums = np.zeros((parts, sum(sizes), width))
    firsts = [np.zeros_like(state) for state in states]
    for sequence in range(sizes[0]):
        places = [starts[t] + sequence for t, size in enumerate(sizes) if size > sequence]
        order = places[::-1] if reverse else places
        gradients = [np.zeros(HIDDEN) for _ in states]
        for k in reversed(range(len(order))):
            before = None if k == 0 else order[k - 1]
            sums[:, order[k]], gradients = step(order[k], before, sequence, gradients)
        for first, gradient in zip(firsts, gradients, strict=True):
            first[sequence] = gradient
    return np.concatenate([x.reshape(-1) for x in (*sums, *firsts)])


def rnn_pull(g: Any, out: Any, weight: Any, start: Any, *, sizes: Any, reverse: bool,
             relu: bool) -> Any:  # fmt: skip
    (g_h,), (h,) = split(g, sizes, 0, 1), split(out, sizes, 0, 1)

    def step(row: int, before: Any, sequence: int, gradients: Any) -> Any:
        slope = (h[row] > 0) * 1.0 if relu else 1 - h[row] ** 2
        d = (gradients[0] + g_h[row]) * slope
        return [d], [weight.T @ d]

    return back(sizes, reverse, [start], HIDDEN, 1, step)


def gru_pull(g: Any, out: Any, weight: Any, start: Any, *, sizes: Any, reverse: bool) -> Any:
    gate, inner, h = split(out, sizes, 3, 2)
    g_gate, g_inner, g_h = split(g, sizes, 3, 2)

    def step(row: int, before: Any, sequence: int, gradients: Any) -> Any:
        (r, z, n), (g_r, g_z, g_n) = gate[row], g_gate[row]
        old = start[sequence] if before is None else h[before]
        d = gradients[0] + g_h[row]
        d_n = (d * (1 - z) + g_n) * (1 - n**2)
        d_z = (d * (old - n) + g_z) * z * (1 - z)
        d_r = (d_n * inner[row] + g_r) * r * (1 - r)
        d_u = np.concatenate([d_r, d_z, d_n * r + g_inner[row]])
        return [np.concatenate([d_r, d_z, d_n]), d_u], [weight.T @ d_u + d * z]

    return back(sizes, reverse, [start], 3 * HIDDEN, 2, step)


def lstm_pull(g: Any, out: Any, weight: Any, start: Any, cell: Any, *, sizes: Any,
              reverse: bool) -> Any:  # fmt: skip
    gate, c, _ = split(out, sizes, 4, 2)
    g_gate, g_c, g_h = split(g, sizes, 4, 2)

    def step(row: int, before: Any, sequence: int, gradients: Any) -> Any:
        (i, f, k, o), (g_i, g_f, g_k, g_o) = gate[row], g_gate[row]
        old = cell[sequence] if before is None else c[before]
        d_h, squashed = gradients[0] + g_h[row], np.tanh(c[row])
        d_c = d_h * o * (1 - squashed**2) + g_c[row] + gradients[1]
        d = np.concatenate([
            (d_c * k + g_i) * i * (1 - i), (d_c * old + g_f) * f * (1 - f),
            (d_c * i + g_k) * (1 - k**2), (d_h * squashed + g_o) * o * (1 - o),
        ])  # fmt: skip
        return [d], [weight.T @ d, d_c * f]

    return back(sizes, reverse, [start, cell], 4 * HIDDEN, 1, step)


CASES = [
    Case(op, (*(draw.unit(sum(sizes) * parts * HIDDEN),) * 2, draw.unit(count * HIDDEN, HIDDEN),
              *(draw.unit(sizes[0], HIDDEN),) * states), reference,
         {"sizes": sizes, "reverse": reverse, **more})
    for op, parts, count, states, reference, more in (
        (recurrent_pulls.rnn_pull, 1, 1, 1, rnn_pull, {"relu": False}),
        (recurrent_pulls.rnn_pull, 1, 1, 1, rnn_pull, {"relu": True}),
        (recurrent_pulls.gru_pull, 5, 3, 1, gru_pull, {}),
        (recurrent_pulls.lstm_pull, 6, 4, 2, lstm_pull, {}))
    for sizes in SIZES for reverse in (False, True)
]  # fmt: skip
