"""Recurrent layers and cells as functions, by the names that PyTorch gives them at the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..functions.linalg import matmul
from ..functions.shape import cat, chunk
from ..rules import elementwise as ew
from ..rules import recurrent as rules
from ..rules.index import ARRAY, index, stack
from ..tensor import wrap
from .dropouts import dropout as drop

__all__ = [
    "GATES", "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell", "run",
]  # fmt: skip

#: How many gates each kind of cell has, that is, how many rows of weights for a unit.
GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}

Sizes = tuple[int, ...]


def _linear(input: Any, weight: Any, bias: Any) -> Any:
    from .functional import linear  # functional is made of rooms like this one

    return linear(input, weight, bias)


def _last(rows: Any, sizes: Sizes, reverse: bool) -> Any:
    """Take each sequence's state after the last step that was run on it."""
    n = sizes[0]
    if len(sizes) == 1:
        return rows
    if reverse:
        return rows[:n]
    if sizes[-1] == n:
        return rows[len(rows) - n :]
    lengths = (np.asarray(sizes)[:, None] > np.arange(n)).sum(0)
    starts = np.cumsum([0, *sizes])
    return index(rows, starts[lengths - 1] + np.arange(n), template=(ARRAY,))


def _direction(mode: str, rows: Any, state: Any, weights: Sequence[Any], sizes: Sizes,
               reverse: bool) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    """Run one layer in one direction; return the states of all rows, and the final ones."""
    w_ih, w_hh, *others = weights
    biases = others if len(others) > 1 else ()
    count, how = sum(sizes), {"sizes": sizes, "reverse": reverse}
    if mode == "GRU":
        b_ih, b_hh = biases or (None, wrap(np.zeros(len(w_hh), w_hh.dtype.dtype)))
        gates = _linear(rows, w_ih, b_ih)
        packed = rules.gru(gates, *state, w_hh, b_hh, **how)
        width = w_hh.shape[1]
        h = rules.part(packed, 2, (3 * width, width, width), count)
        return h, (_last(h, sizes, reverse),)
    gates = _linear(rows, w_ih, ew.add(*biases[:2]) if biases else None)
    if mode != "LSTM":
        packed = rules.rnn(gates, *state, w_hh, **how, relu=mode == "RNN_RELU")
        h = packed.reshape(count, w_hh.shape[1])
        return h, (_last(h, sizes, reverse),)
    if len(others) % 2:
        h, c = state
        return _projected(gates, h, c, w_hh, others[-1], sizes, reverse)
    packed = rules.lstm(gates, *state, w_hh, **how)
    widths = rules.lstm_widths(w_hh.shape[1])
    h, c = (rules.part(packed, number, widths, count) for number in (2, 1))
    return h, (_last(h, sizes, reverse), _last(c, sizes, reverse))


def _projected(gates: Any, h: Any, c: Any, w_hh: Any, w_hr: Any, sizes: Sizes,
               reverse: bool) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    """Run an LSTM whose state is W_hr (o tanh c) (Sak et al., 2014), step by step."""
    ends = np.cumsum(sizes).tolist()
    steps = list(zip(ends, sizes, strict=True))
    found = []
    for end, n in reversed(steps) if reverse else steps:
        a = gates[end - n : end] + matmul(h[:n], w_hh.T)
        i, f, g, o = chunk(a, 4, 1)
        new_c = ew.sigmoid(f) * c[:n] + ew.sigmoid(i) * ew.tanh(g)
        new_h = matmul(ew.sigmoid(o) * ew.tanh(new_c), w_hr.T)
        found.append(new_h)
        h, c = (
            new if n == len(old) else cat([new, old[n:]]) for new, old in ((new_h, h), (new_c, c))
        )
    return cat(found[::-1] if reverse else found), (h, c)


def run(mode: str, rows: Any, hx: tuple[Any, ...] | None, weights: Sequence[Sequence[Any]],
        sizes: Sizes, dropout: float, train: bool,
        bidirectional: bool) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    """Run all layers and directions of a recurrent net.

    Parameters
    ----------
    mode : {"LSTM", "GRU", "RNN_TANH", "RNN_RELU"}
    rows : Tensor of shape (Σ sizes, features)
        The rows of all steps, packed as PyTorch packs sequences.
    hx : tuple of Tensor, of shape (layers · directions, N, width), or None for zeros
        The first states; for an LSTM, and the first cells.
    weights : for each layer and direction
        [W_ih, W_hh], and with biases [W_ih, W_hh, b_ih, b_hh], and W_hr for a projection.
    sizes : tuple of int
        How many rows each step has.
    dropout : float
        Applied to what a layer hands to the next, while `train`.
    bidirectional : bool

    Returns
    -------
    rows : Tensor of shape (Σ sizes, directions · width)
    finals : tuple of Tensor, of the shape of `hx`
    """
    directions = 2 if bidirectional else 1
    finals = []
    for layer in range(len(weights) // directions):
        outputs = []
        for reverse in (False, True)[:directions]:
            number = layer * directions + reverse
            group = weights[number]
            if hx is None:
                width = group[1].shape[0] // GATES[mode]
                widths = (group[1].shape[1], width)[: 2 if mode == "LSTM" else 1]
                state = [wrap(np.zeros((sizes[0], w), rows.dtype.dtype)) for w in widths]
            else:
                state = [first[number] for first in hx]
            h, final = _direction(mode, rows, state, group, sizes, reverse)
            outputs.append(h)
            finals.append(final)
        rows = cat(outputs, 1) if bidirectional else outputs[0]
        if dropout and train and layer + 1 < len(weights) // directions:
            rows = drop(rows, dropout, True)
    return rows, tuple(stack(*parts, axis=0) for parts in zip(*finals, strict=True))


# ---------------------------------------------------------------------------- PyTorch's signatures


def _whole(mode: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sort PyTorch's two signatures out: a padded batch, or packed rows with their sizes."""
    packed = isinstance(arguments[3], (tuple, list)) and hasattr(arguments[1], "dim")
    if packed:
        input, batch_sizes, hx, params, has_biases, layers, dropout, train, two = arguments
        sizes, batch_first = tuple(batch_sizes.tolist()), False
        rows = input
    else:
        input, hx, params, has_biases, layers, dropout, train, two, batch_first = arguments
        turned = input.transpose(0, 1) if batch_first else input
        steps, n = turned.shape[:2]
        sizes, rows = (n,) * steps, turned.reshape(steps * n, -1)
    each = len(params) // (layers * (2 if two else 1))
    if each < (4 if has_biases else 2):
        raise RuntimeError(f"{mode}: {len(params)} weights are too few for {layers} layer(s)")
    groups = [params[i : i + each] for i in range(0, len(params), each)]
    hx = tuple(hx) if isinstance(hx, (tuple, list)) else (hx,)
    out, finals = run(mode, rows, hx, groups, sizes, dropout, train, two)
    if not packed:
        out = out.reshape(steps, n, -1)
        out = out.transpose(0, 1) if batch_first else out
    return (out, *finals)


def lstm(*arguments: Any) -> tuple[Any, Any, Any]:
    """Run an LSTM: ``lstm(input, (h0, c0), params, has_biases, num_layers, dropout, train,
    bidirectional, batch_first)``, or packed ``lstm(data, batch_sizes, (h0, c0), params, …)``.

    Returns
    -------
    output, h_n, c_n : Tensor
    """  # noqa: D205
    return _whole("LSTM", arguments)


def gru(*arguments: Any) -> tuple[Any, Any]:
    """Run a GRU, with the arguments of :func:`lstm`; h0 stands for the pair of states."""
    return _whole("GRU", arguments)


def rnn_tanh(*arguments: Any) -> tuple[Any, Any]:
    """Run an Elman RNN with tanh, with the arguments of :func:`gru`."""
    return _whole("RNN_TANH", arguments)


def rnn_relu(*arguments: Any) -> tuple[Any, Any]:
    """Run an Elman RNN with ReLU, with the arguments of :func:`gru`."""
    return _whole("RNN_RELU", arguments)


def _cell(mode: str, input: Any, hx: Any, *weights: Any) -> tuple[Any, ...]:
    given = [w for w in weights if w is not None]
    _check_cell(mode, input, hx[0], weights[0], weights[1])
    return _direction(mode, input, hx, given, (len(input),), False)[1]


def _check_cell(mode: str, input: Any, hx: Any, w_ih: Any, w_hh: Any) -> None:
    if input.shape[1] != w_ih.shape[1]:
        raise RuntimeError(
            f"{mode} cell: input has inconsistent input_size: got {input.shape[1]} expected "
            f"{w_ih.shape[1]}"
        )
    if input.shape[0] != hx.shape[0]:
        raise RuntimeError(
            f"{mode} cell: Input batch size {input.shape[0]} doesn't match hidden batch size "
            f"{hx.shape[0]}"
        )
    if hx.shape[1] != w_hh.shape[1]:
        raise RuntimeError(
            f"{mode} cell: hidden has inconsistent hidden_size: got {hx.shape[1]}, expected "
            f"{w_hh.shape[1]}"
        )


def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None,
              b_hh: Any = None) -> tuple[Any, Any]:  # fmt: skip
    """Run one step of an LSTM: (N, features), (h, c) to (h, c)."""
    return _cell("LSTM", input, tuple(hx), w_ih, w_hh, b_ih, b_hh)


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None,
             b_hh: Any = None) -> Any:  # fmt: skip
    """Run one step of a GRU: (N, features), h to h."""
    return _cell("GRU", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None,
                  b_hh: Any = None) -> Any:  # fmt: skip
    """Run one step of an Elman RNN with tanh: (N, features), h to h."""
    return _cell("RNN_TANH", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None,
                  b_hh: Any = None) -> Any:  # fmt: skip
    """Run one step of an Elman RNN with ReLU: (N, features), h to h."""
    return _cell("RNN_RELU", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
