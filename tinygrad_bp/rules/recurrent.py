"""Recurrences over time: RNN, GRU and LSTM, one operation for all steps of a layer.

The input's part of every gate is known before the first step: all steps' in one product, outside,
which arrives here as `gates`. What is left inside is h Wᵀ, one product a step for all gates and
samples. Backward (`recurrent_pulls`), the weight's gradient is one product again, over all steps.
The rows are those of a packed batch (`recurrent_steps`).

Output. An operation has one array for its result, and backward needs the gates of all steps: the
output is flat, the parts one after the other, each part contiguous with a row for each row of
`gates`; the part of h is the last (`part` cuts it out)::

    rnn   h
    gru   r, z, n | what r multiplies | h
    lstm  i, f, g, o | c | h

Within a step's rows the gates lie one after the other, i of all rows before f: arithmetic on
a quarter of each row takes twice the time (64 rows of 128 units).

The parts of the gates are there for backward, and yet they have a gradient: where a gradient is to
be differentiated again, it is by them that it depends on the input.
"""

from __future__ import annotations

from builtins import sum as total
from typing import Any

import numpy as np

from ..op import primitive
from .recurrent_native import native_run
from .recurrent_pulls import gru_back, gru_widths, lstm_back, lstm_widths, rnn_back
from .recurrent_steps import Sizes, cut, gates_of, part, steps_of, turned, weight_of
from .reduce import sum
from .shape import reshape

__all__ = ["cut", "gru", "gru_widths", "lstm", "lstm_widths", "part", "rnn"]


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, *, sizes, reverse, relu: rnn_back(
        g, out, weight, start, sizes, reverse, relu
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[1],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: weight_of(
        shared[0], reshape(out, shape=(total(sizes), weight_shape[1])), start, sizes, reverse
    ),
)
def rnn(gates: Any, start: Any, weight: Any, *, sizes: Sizes, reverse: bool = False,
        relu: bool = False) -> Any:  # fmt: skip
    """Run h ← tanh(gates + h Wᵀ), or ReLU in place of tanh; its slope at 0 is 0."""
    found = native_run(rnn, (gates, start, weight), weight, sizes, reverse=reverse, relu=relu)
    if found is not None:
        return found
    out, weight = np.empty_like(gates), turned(weight, sizes)
    for step in steps_of(sizes, reverse):
        here = slice(step.first, step.last)
        new = np.dot(step.begin(out, start), weight, out=out[here])
        new += gates[here]
        if relu:
            np.maximum(new, 0, out=new)
        else:
            np.tanh(new, out=new)
    return out.reshape(-1)


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, *, sizes, reverse: gru_back(
        g, out, weight, start, sizes, reverse
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[2],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: weight_of(
        shared[1], part(out, 2, gru_widths(weight_shape[1]), total(sizes)),
        start, sizes, reverse,
    ),
    bias=lambda g, shared: sum(shared[1], axis=0),
)  # fmt: skip
def gru(gates: Any, start: Any, weight: Any, bias: Any, *, sizes: Sizes,
        reverse: bool = False) -> Any:  # fmt: skip
    """Run the steps of a gated recurrent unit (Cho et al., 2014, in cuDNN's form).

    With a = gates and u = h Wᵀ + b: r = σ(aᵣ + uᵣ), z = σ(a_z + u_z), n = tanh(aₙ + r uₙ),
    h ← (1 − z) n + z h.
    """
    found = native_run(gru, (gates, start, weight, bias), weight, sizes, reverse=reverse)
    if found is not None:
        return found
    rows, hidden = len(gates), weight.shape[1]
    out = np.empty(rows * 5 * hidden, gates.dtype)
    gate, inner, h = (part(out, i, gru_widths(hidden), rows) for i in range(3))
    weight, product = turned(weight, sizes), np.empty((len(start), 3 * hidden), gates.dtype)
    for step in steps_of(sizes, reverse):
        here, size = slice(step.first, step.last), step.size
        before, now = step.begin(h, start), gates_of(gate, step, 3)
        u = np.dot(before, weight, out=product[:size])
        u += bias
        a, u = (x.reshape(size, 3, hidden).transpose(1, 0, 2) for x in (gates[here], u))
        inner[here] = u[2]
        _sigmoid_of(np.add(a[:2], u[:2], out=now[:2]))
        n = np.multiply(now[0], u[2], out=now[2])
        n += a[2]
        np.tanh(n, out=n)
        new = np.subtract(before, n, out=h[here])
        new *= now[1]
        new += n
    return out


def _sigmoid_of(x: Any) -> Any:
    """Give σ(x), in place: ½ tanh(x/2) + ½ can't overflow, and takes one pass less."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, cell, *, sizes, reverse: lstm_back(
        g, out, weight, start, cell, sizes, reverse
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[1],
    cell=lambda g, shared: shared[2],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: weight_of(
        shared[0], part(out, 2, lstm_widths(weight_shape[1]), total(sizes)),
        start, sizes, reverse,
    ),
)  # fmt: skip
def lstm(gates: Any, start: Any, cell: Any, weight: Any, *, sizes: Sizes,
         reverse: bool = False) -> Any:  # fmt: skip
    """Run the steps of a long short-term memory (Hochreiter and Schmidhuber, 1997; Gers, 2000).

    With a = gates + h Wᵀ: i = σ(aᵢ), f = σ(a_f), g = tanh(a_g), o = σ(aₒ),
    c ← f c + i g, h ← o tanh c.
    """
    found = native_run(lstm, (gates, start, cell, weight), weight, sizes, reverse=reverse)
    if found is not None:
        return found
    rows, hidden = len(gates), weight.shape[1]
    out = np.empty(rows * 6 * hidden, gates.dtype)
    gate, c, h = (part(out, n, lstm_widths(hidden), rows) for n in range(3))
    weight, product = turned(weight, sizes), np.empty((len(start), 4 * hidden), gates.dtype)
    gained = np.empty((len(start), hidden), gates.dtype)
    for step in steps_of(sizes, reverse):
        here, size = slice(step.first, step.last), step.size
        u = np.dot(step.begin(h, start), weight, out=product[:size])
        u += gates[here]
        now = gates_of(gate, step, 4)
        now[...] = u.reshape(size, 4, hidden).transpose(1, 0, 2)
        _sigmoid_of(now[:2])
        np.tanh(now[2], out=now[2])
        _sigmoid_of(now[3])
        new = np.multiply(now[1], step.begin(c, cell), out=c[here])
        new += np.multiply(now[0], now[2], out=gained[:size])
        shown = np.tanh(new, out=h[here])
        shown *= now[3]
    return out
