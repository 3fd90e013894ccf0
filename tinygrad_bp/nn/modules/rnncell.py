"""Recurrent networks step by step: one cell of an RNN, LSTM or GRU."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...creation import empty
from .. import init
from ..parameter import Parameter
from ..recurrent import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from .module import Module

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells have in common.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    num_chunks : int
        The number of gates.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    """

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows, kind = num_chunks * hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(empty(rows, input_size, **kind))
        self.weight_hh = Parameter(empty(rows, hidden_size, **kind))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, **kind)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew, uniform on (−1/√hidden_size, 1/√hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _prepare(self, input: Any, states: tuple[Any, ...] | None, count: int) -> tuple[Any, ...]:
        """Give input and states an axis for the samples; zeros for states that are left out."""
        name = self._get_name()
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for state in states or ():
            if state.dim() not in (1, 2):
                raise ValueError(
                    f"{name}: Expected hidden to be 1D or 2D, got {state.dim()}D instead"
                )
        batched = input.dim() == 2
        if states is None:
            n = input.shape[0] if batched else 1
            zeros = input.new_zeros((n, self.hidden_size))
            return (input if batched else input.unsqueeze(0), *[zeros] * count)
        return tuple(x if batched else x.unsqueeze(0) for x in (input, *states))

    def _weights(self) -> Iterator[Any]:
        return iter((self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh))

    def extra_repr(self) -> str:
        """Show the sizes."""
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else f"{text}, bias={self.bias}"


class RNNCell(RNNCellBase):
    """Run one step of :class:`RNN`: (N, input_size) and h, (N, hidden_size), to h.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    nonlinearity : {"tanh", "relu"}
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.RNNCell(3, 4)(tgb.ones(2, 3)).shape
    tinygrad_bp.Size([2, 4])

    Notes
    -----
    Elman, "Finding Structure in Time", 1990.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True,
                 nonlinearity: str = "tanh", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run a step; h starts as 0."""
        x, h = self._prepare(input, None if hx is None else (hx,), 1)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        cell = rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell
        h = cell(x, h, *self._weights())
        return h if input.dim() == 2 else h.squeeze(0)

    def extra_repr(self) -> str:
        """Show the sizes, and ReLU."""
        text = super().extra_repr()
        tanh = self.nonlinearity == "tanh"
        return text if tanh else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(RNNCellBase):
    """Run one step of :class:`LSTM`: (N, input_size) and (h, c) to (h, c).

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> h, c = tgb.nn.LSTMCell(3, 4)(tgb.ones(2, 3))
    >>> h.shape, c.shape
    (tinygrad_bp.Size([2, 4]), tinygrad_bp.Size([2, 4]))

    Notes
    -----
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Run a step; h and c start as 0."""
        x, *states = self._prepare(input, None if hx is None else tuple(hx), 2)
        h, c = lstm_cell(x, states, *self._weights())
        return (h, c) if input.dim() == 2 else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """Run one step of :class:`GRU`: (N, input_size) and h, (N, hidden_size), to h.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.GRUCell(3, 4)(tgb.ones(2, 3)).shape
    tinygrad_bp.Size([2, 4])

    Notes
    -----
    Cho and others, "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run a step; h starts as 0."""
        x, h = self._prepare(input, None if hx is None else (hx,), 1)
        h = gru_cell(x, h, *self._weights())
        return h if input.dim() == 2 else h.squeeze(0)
