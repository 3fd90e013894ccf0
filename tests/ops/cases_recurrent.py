"""Cases of `rules.recurrent`: references by loops over Python numbers, sequence by sequence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers
from tests.ops.cases_elementwise import sigmoid
from tinygrad_bp.rules import recurrent

draw = Numbers(13)


def product(weight: Any, h: list[float]) -> list[float]:
    return [math.fsum(w * v for w, v in zip(row, h, strict=True)) for row in weight.tolist()]


def along(sizes: Any, reverse: bool, first: Any, step: Any, rows: int) -> dict[int, Any]:
    """Run each sequence of a packed batch by itself; return what its steps gave, by row."""
    starts = np.cumsum([0, *sizes])
    found = {}
    for sequence in range(sizes[0]):
        places = [starts[t] + sequence for t, size in enumerate(sizes) if size > sequence]
        state = first(sequence)
        for row in reversed(places) if reverse else places:
            found[row], state = step(row, state)
    assert sorted(found) == list(range(rows))
    return found


def joined(found: dict[int, Any], parts: int) -> Any:
    columns = [[found[row][part] for row in sorted(found)] for part in range(parts)]
    return np.concatenate([np.array(column).reshape(-1) for column in columns])


def side_by_side(out: Any, sizes: Any, count: int, n: int) -> Any:
    """Lay the gates of a step one after the other, each of all its rows."""
    for last, size in zip(np.cumsum(sizes), sizes, strict=True):
        here = slice((last - size) * count * n, last * count * n)
        out[here] = out[here].reshape(size, count, n).transpose(1, 0, 2).reshape(-1)
    return out


def rnn(gates: Any, start: Any, weight: Any, *, sizes: Any, reverse: bool = False,
        relu: bool = False) -> Any:  # fmt: skip
    def step(row: int, h: list[float]) -> Any:
        sums = [a + u for a, u in zip(gates[row].tolist(), product(weight, h), strict=True)]
        h = [max(s, 0.0) if relu else math.tanh(s) for s in sums]
        return (h,), h

    return joined(along(sizes, reverse, lambda i: start[i].tolist(), step, len(gates)), 1)


def gru(gates: Any, start: Any, weight: Any, bias: Any, *, sizes: Any,
        reverse: bool = False) -> Any:  # fmt: skip
    n = weight.shape[1]

    def step(row: int, h: list[float]) -> Any:
        a = gates[row].tolist()
        u = [v + b for v, b in zip(product(weight, h), bias.tolist(), strict=True)]
        r = [sigmoid(a[i] + u[i]) for i in range(n)]
        z = [sigmoid(a[n + i] + u[n + i]) for i in range(n)]
        new = [math.tanh(a[2 * n + i] + r[i] * u[2 * n + i]) for i in range(n)]
        h = [(1 - z[i]) * new[i] + z[i] * h[i] for i in range(n)]
        return ([*r, *z, *new], u[2 * n :], h), h

    out = joined(along(sizes, reverse, lambda i: start[i].tolist(), step, len(gates)), 3)
    return side_by_side(out, sizes, 3, n)


def lstm(gates: Any, start: Any, cell: Any, weight: Any, *, sizes: Any,
         reverse: bool = False) -> Any:  # fmt: skip
    n = weight.shape[1]

    def step(row: int, state: Any) -> Any:
        h, c = state
        a = [v + u for v, u in zip(gates[row].tolist(), product(weight, h), strict=True)]
        i, f, o = ([sigmoid(a[k * n + j]) for j in range(n)] for k in (0, 1, 3))
        g = [math.tanh(a[2 * n + j]) for j in range(n)]
        c = [f[j] * c[j] + i[j] * g[j] for j in range(n)]
        h = [o[j] * math.tanh(c[j]) for j in range(n)]
        return ([*i, *f, *g, *o], c, h), (h, c)

    def first(i: int) -> Any:
        return start[i].tolist(), cell[i].tolist()

    return side_by_side(joined(along(sizes, reverse, first, step, len(gates)), 3), sizes, 4, n)


#: Equal lengths, falling ones, one step alone.
SIZES = [(2, 2, 2), (3, 2, 2, 1), (2,)]
HIDDEN = 2

CASES = [
    Case(recurrent.cut, (draw(12),), lambda x, start, shape: x[start:][:4].reshape(shape),
         {"start": 3, "shape": (2, 2)}),
    *[Case(op, (draw.unit(sum(sizes), count * HIDDEN), *(draw.unit(sizes[0], HIDDEN),) * states,
              draw.unit(count * HIDDEN, HIDDEN), *biases), reference,
         {"sizes": sizes, "reverse": reverse, **more})
      for op, count, states, biases, reference, more in (
        (recurrent.rnn, 1, 1, (), rnn, {"relu": False}),
        (recurrent.rnn, 1, 1, (), rnn, {"relu": True}),
        (recurrent.gru, 3, 1, (draw.unit(3 * HIDDEN),), gru, {}),
        (recurrent.lstm, 4, 2, (), lstm, {}))
      for sizes in SIZES for reverse in (False, True)],
]  # fmt: skip
