"""Recurrences over time: RNN, GRU and LSTM, one operation for all steps of a layer.

The input's part of every gate is known before the first step: all steps' in one product, outside,
which arrives here as `gates`. What is left inside is h Wᵀ, one product a step for all gates and
samples. Backward, the weight's gradient is one product again, over all steps.

Rows. A batch of sequences of unequal length is laid out as PyTorch packs it: the longest first, all
rows of step 0, then all rows of step 1, and so on; `sizes` says how many rows each step has. Equal
lengths are the case of equal sizes. The state keeps a row for each sequence; a step changes the
first `size` of them. With `reverse` the steps run from the last to the first.

Output. An operation has one array for its result, and backward needs the gates of all steps: the
output is flat, the parts one after the other, each part contiguous with a row for each row of
`gates`; the part of h is the last (`part` cuts it out)::

    rnn   h
    gru   r, z, n | what r multiplies | h
    lstm  i, f, g, o | c | h

Within a step's rows an LSTM's gates lie one after the other, i of all rows before f: arithmetic on
a quarter of each row takes twice the time (64 rows of 128 units).

The parts of the gates are there for backward, and yet they have a gradient: where a gradient is to
be differentiated again, it is by them that it depends on the input.

The rules are written with operators alone, a step for a step: on arrays they run as fast as in
place, and on tensors they are recorded, so that the gradient has a gradient.
"""

from __future__ import annotations

import itertools
import math
from builtins import sum as total
from typing import Any

import numpy as np

from ..op import primitive
from .elementwise import tanh
from .index import concatenate, embed
from .reduce import sum
from .shape import reshape

Sizes = tuple[int, ...]
Step = tuple[int, int, int]  # the rows of `gates`, from and to, and how many


def _put_back(g: Any, shape: tuple[int, ...], start: int) -> Any:
    size = math.prod(g.shape)
    return embed(reshape(g, shape=(size,)), shape=shape, key=slice(start, start + size))


# One operation, not a slice and a reshape: cells that are stepped by hand do it twice a step.
@primitive(view=True, x=lambda g, x_shape, *, start: _put_back(g, x_shape, start))
def cut(x: Any, *, start: int, shape: tuple[int, int]) -> Any:
    """Cut a matrix out of a row of numbers."""
    return x[start : start + shape[0] * shape[1]].reshape(shape)


def part(packed: Any, number: int, widths: tuple[int, ...], rows: int) -> Any:
    """Cut a part out of a flat output: (rows, its width)."""
    return cut(packed, start=rows * total(widths[:number]), shape=(rows, widths[number]))


def _steps(sizes: Sizes, reverse: bool) -> list[Step]:
    """List the steps in the order in which they run."""
    ends = list(itertools.accumulate(sizes))
    steps = [(end - size, end, size) for end, size in zip(ends, sizes, strict=True)]
    return steps[::-1] if reverse else steps


def _mix(new: Any, old: Any) -> Any:
    """Put new rows in the place of the first of the old ones."""
    n = new.shape[0]
    return new if n == old.shape[0] else concatenate(new, old[n:], axis=0)


def _turned(weight: Any, sizes: Sizes) -> Any:
    """Give Wᵀ, copied if there are steps enough: 64 rows times it take 69 µs in place of 93."""
    return weight.T.copy() if len(sizes) > 4 else weight.T


def _previous(h: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Return the state that each row's step began with, in the rows' order."""
    state, found = start, []
    if len(set(sizes)) == 1:  # the states themselves, moved by a step
        n = sizes[0]
        pieces = (h[n:], start) if reverse else (start, h[: h.shape[0] - n])
        return concatenate(*pieces, axis=0) if len(sizes) > 1 else start
    for first, last, size in _steps(sizes, reverse):
        found.append(state[:size])
        state = _mix(h[first:last], state)
    return concatenate(*(found[::-1] if reverse else found), axis=0)


def _in_rows(pieces: list[Any], reverse: bool) -> Any:
    """Join what backward found, last step first, in the rows' order."""
    if len(pieces) == 1:
        return pieces[0]
    return concatenate(*(pieces if reverse else pieces[::-1]), axis=0)


# ---------------------------------------------------------------------------------------- Elman RNN


def _rnn_back(
    g: Any, out: Any, weight: Any, start: Any, sizes: Sizes, reverse: bool, relu: bool
) -> Any:
    """Return the gradients of the gates and of the first state."""
    rows, width = total(sizes), weight.shape[1]
    g, h = reshape(g, shape=(rows, width)), reshape(out, shape=(rows, width))
    slope = np.where(h > 0, np.ones_like(h), np.zeros_like(h)) if relu else 1 - h * h
    d_state, found = np.zeros_like(start), []
    for first, last, size in reversed(_steps(sizes, reverse)):
        d_gates = (d_state[:size] + g[first:last]) * slope[first:last]
        d_state = _mix(d_gates @ weight, d_state)
        found.append(d_gates)
    return _in_rows(found, reverse), d_state


def _weight(d_gates: Any, h: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Give Σ over all rows of the gates' gradient times the state before: one product."""
    return d_gates.T @ _previous(h, start, sizes, reverse)


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, *, sizes, reverse, relu: _rnn_back(
        g, out, weight, start, sizes, reverse, relu
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[1],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: _weight(
        shared[0], reshape(out, shape=(total(sizes), weight_shape[1])), start, sizes, reverse
    ),
)
def rnn(gates: Any, start: Any, weight: Any, *, sizes: Sizes, reverse: bool = False,
        relu: bool = False) -> Any:  # fmt: skip
    """Run h ← tanh(gates + h Wᵀ), or ReLU in place of tanh; its slope at 0 is 0."""
    state, out = start, np.empty_like(gates)
    turned = _turned(weight, sizes)
    for first, last, size in _steps(sizes, reverse):
        new = out[first:last]
        np.dot(state[:size], turned, out=new)
        new += gates[first:last]
        if relu:
            np.maximum(new, 0, out=new)
        else:
            np.tanh(new, out=new)
        state = _mix(new, state)
    return out.reshape(-1)


# ---------------------------------------------------------------------------------------------- GRU


def _gru_widths(hidden: int) -> tuple[int, ...]:
    return (3 * hidden, hidden, hidden)


def _gru_back(g: Any, out: Any, weight: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Return the gradients of the gates, of h Wᵀ + b, and of the first state."""
    rows, hidden = total(sizes), weight.shape[1]
    widths = _gru_widths(hidden)
    gate, inner, h = (part(out, i, widths, rows) for i in range(3))
    g_gate, g_inner, g_h = (part(g, i, widths, rows) for i in range(3))
    previous = _previous(h, start, sizes, reverse)
    d_state, found, found_inner = np.zeros_like(start), [], []
    for first, last, size in reversed(_steps(sizes, reverse)):
        here = slice(first, last)
        r, z, n = (gate[here, i * hidden : (i + 1) * hidden] for i in range(3))
        g_r, g_z, g_n = (g_gate[here, i * hidden : (i + 1) * hidden] for i in range(3))
        d_h = d_state[:size] + g_h[here]
        d_n = (d_h * (1 - z) + g_n) * (1 - n * n)
        d_z = (d_h * (previous[here] - n) + g_z) * (z * (1 - z))
        d_r = (d_n * inner[here] + g_r) * (r * (1 - r))
        d_u = d_n * r + g_inner[here]  # of what r multiplies
        d_inner = concatenate(d_r, d_z, d_u, axis=1)
        d_state = _mix(d_inner @ weight + d_h * z, d_state)
        found.append(concatenate(d_r, d_z, d_n, axis=1))
        found_inner.append(d_inner)
    return _in_rows(found, reverse), _in_rows(found_inner, reverse), d_state


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, *, sizes, reverse: _gru_back(
        g, out, weight, start, sizes, reverse
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[2],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: _weight(
        shared[1], part(out, 2, _gru_widths(weight_shape[1]), total(sizes)),
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
    rows, hidden = len(gates), weight.shape[1]
    state, turned = start.copy(), weight.T
    out = np.empty(rows * 5 * hidden, gates.dtype)
    gate, inner, h = (part(out, i, _gru_widths(hidden), rows) for i in range(3))
    for first, last, size in _steps(sizes, reverse):
        u = np.dot(state[:size], turned)
        u += bias
        now, before = gate[first:last], state[:size]
        inner[first:last] = u[:, 2 * hidden :]
        two = np.add(gates[first:last, : 2 * hidden], u[:, : 2 * hidden])
        now[:, : 2 * hidden] = _sigmoid_of(two)
        n = np.multiply(now[:, :hidden], u[:, 2 * hidden :], out=u[:, 2 * hidden :])
        n += gates[first:last, 2 * hidden :]
        now[:, 2 * hidden :] = np.tanh(n, out=n)
        new = np.subtract(before, n, out=h[first:last])
        new *= now[:, hidden : 2 * hidden]
        new += n
        state[:size] = new
    return out


def _sigmoid_of(x: Any) -> Any:
    """Give σ(x), in place: ½ tanh(x/2) + ½ can't overflow, and takes one pass less."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5
    return x


# --------------------------------------------------------------------------------------------- LSTM


def lstm_widths(hidden: int) -> tuple[int, ...]:
    """Name the widths of the parts of :func:`lstm`'s output: gates, cells, states."""
    return (4 * hidden, hidden, hidden)


def _gates_of(gate: Any, first: int, last: int) -> Any:
    """Show the gates of one step, (4, rows, hidden): a gate's numbers lie together."""
    rows, width = last - first, gate.shape[1]
    return reshape(gate[first:last], shape=(4, rows, width // 4))


def _lstm_back(
    g: Any, out: Any, weight: Any, start: Any, cell: Any, sizes: Sizes, reverse: bool
) -> Any:
    """Return the gradients of the gates, of the first state and of the first cell."""
    rows, hidden = total(sizes), weight.shape[1]
    widths = lstm_widths(hidden)
    gate, c = (part(out, i, widths, rows) for i in range(2))
    g_gate, g_c, g_h = (part(g, i, widths, rows) for i in range(3))
    previous = _previous(c, cell, sizes, reverse)
    d_state, d_cell, found = np.zeros_like(start), np.zeros_like(cell), []
    # Step by step although only d_state and d_cell have to wait: a step's arrays stay in the cache.
    for first, last, size in reversed(_steps(sizes, reverse)):
        here = slice(first, last)
        now, squashed = _gates_of(gate, first, last), tanh(c[here])
        i, f, k, o = (now[n] for n in range(4))
        slopes, g_now = now * (1 - now), _gates_of(g_gate, first, last)
        d_h = d_state[:size] + g_h[here]
        d_c = d_h * (o * (1 - squashed * squashed)) + g_c[here] + d_cell[:size]
        d_gates = concatenate(
            (d_c * k + g_now[0]) * slopes[0],
            (d_c * previous[here] + g_now[1]) * slopes[1],
            (d_c * i + g_now[2]) * (1 - k * k),
            (d_h * squashed + g_now[3]) * slopes[3],
            axis=1,
        )
        d_state = _mix(d_gates @ weight, d_state)
        d_cell = _mix(d_c * f, d_cell)
        found.append(d_gates)
    return _in_rows(found, reverse), d_state, d_cell


@primitive(
    promotion="same",
    shared=lambda g, out, weight, start, cell, *, sizes, reverse: _lstm_back(
        g, out, weight, start, cell, sizes, reverse
    ),
    gates=lambda g, shared: shared[0],
    start=lambda g, shared: shared[1],
    cell=lambda g, shared: shared[2],
    weight=lambda g, out, weight_shape, start, shared, *, sizes, reverse: _weight(
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
    rows, hidden = len(gates), weight.shape[1]
    state, c_state = start, cell
    out = np.empty(rows * 6 * hidden, gates.dtype)
    gate, c, h = (part(out, n, lstm_widths(hidden), rows) for n in range(3))
    turned = _turned(weight, sizes)
    product = np.empty((len(start), 4 * hidden), gates.dtype)
    for first, last, size in _steps(sizes, reverse):
        now, u = _gates_of(gate, first, last), product[:size]
        np.dot(state[:size], turned, out=u)
        u += gates[first:last]
        now[...] = u.reshape(size, 4, hidden).transpose(1, 0, 2)
        _sigmoid_of(now[:2])
        np.tanh(now[2], out=now[2])
        _sigmoid_of(now[3])
        new = np.multiply(now[1], c_state[:size], out=c[first:last])
        new += now[0] * now[2]
        shown = np.tanh(new, out=h[first:last])
        shown *= now[3]
        c_state, state = _mix(new, c_state), _mix(shown, state)
    return out
