"""Recurrent networks over whole sequences: RNN, LSTM and GRU."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...creation import empty
from ...functions.index import index_select
from .. import init
from ..parameter import Parameter
from ..recurrent import GATES, run
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: layers, directions, packed and padded batches.

    Parameters
    ----------
    mode : {"LSTM", "GRU", "RNN_TANH", "RNN_RELU"}
    input_size, hidden_size : int
    num_layers : int
    bias, batch_first : bool
    dropout : float
    bidirectional : bool
    proj_size : int
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    """

    def __init__(self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1,
                 bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
                 bidirectional: bool = False, proj_size: int = 0, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        _check_settings(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size
        )
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = float(dropout), bidirectional
        self.proj_size = proj_size
        kind = {"device": device, "dtype": dtype}
        rows, width = GATES[mode] * hidden_size, proj_size or hidden_size
        #: The names of the weights, for each layer and direction.
        self._all_weights: list[list[str]] = []
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, width * directions if layer else input_size),
                    "weight_hh": (rows, width),
                }
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    self.register_parameter(name, Parameter(empty(shape, **kind)))
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights, for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [weight for group in self.all_weights for weight in group]

    def reset_parameters(self) -> None:
        """Draw all weights anew, uniform on (−1/√hidden_size, 1/√hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: what this arranges in PyTorch is memory on a GPU."""

    def _widths(self) -> tuple[int, ...]:
        """Return the widths of the state: of h, and of an LSTM's c."""
        h = self.proj_size or self.hidden_size
        return (h, self.hidden_size) if self.mode == "LSTM" else (h,)

    def check_input(self, input: Any, batch_sizes: Any) -> None:
        """Check an input's axes and features."""
        rank = 2 if batch_sizes is not None else 3
        if input.dim() != rank:
            raise RuntimeError(f"input must have {rank} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.shape[-1]}"
            )

    def _check_states(self, hx: tuple[Any, ...], n: int) -> None:
        layers = len(self._all_weights)
        for i, (state, width) in enumerate(zip(hx, self._widths(), strict=True)):
            if tuple(state.shape) != (layers, n, width):
                what = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(
                    f"Expected {what} size {(layers, n, width)}, got {list(state.shape)}"
                )

    def _states(self, hx: Any, batched: bool) -> tuple[Any, ...] | None:
        """Return the first states as a tuple, each with an axis for the samples."""
        if hx is None:
            return None
        states = tuple(hx) if self.mode == "LSTM" else (hx,)
        rank = 3 if batched else 2
        for state in states:
            if state.dim() != rank:
                kind = "batched 3-D" if batched else "unbatched 2-D"
                raise RuntimeError(
                    f"For {kind} input, hx should also be {rank}-D but got {state.dim()}-D tensor"
                )
        return states if batched else tuple(state.unsqueeze(1) for state in states)

    def _own(self, finals: tuple[Any, ...]) -> Any:
        return finals if self.mode == "LSTM" else finals[0]

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run over sequences.

        Parameters
        ----------
        input : Tensor or PackedSequence
            Of shape (T, N, features); (N, T, features) with `batch_first`; (T, features) for one
            sequence alone.
        hx : Tensor, or a pair of them for an LSTM, optional
            First states of shape (layers · directions, N, width); zeros if left out.

        Returns
        -------
        output : Tensor or PackedSequence
            As the input; the states of the last layer, both directions side by side.
        h_n : Tensor of shape (layers · directions, N, width), or (h_n, c_n) for an LSTM
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        batched = input.dim() == 3
        states = self._states(hx, batched)
        if not batched:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        self.check_input(input, None)
        steps, n = input.shape[:2]
        if not steps:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if states is not None:
            self._check_states(states, n)
        rows, finals = self._run(input.reshape(steps * n, -1), states, (n,) * steps)
        output = rows.reshape(steps, n, -1)
        if not batched:
            return output.squeeze(1), self._own(tuple(state.squeeze(1) for state in finals))
        return output.transpose(0, 1) if self.batch_first else output, self._own(finals)

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, order, back = packed
        self.check_input(data, batch_sizes)
        states = self._states(hx, True)
        sizes = tuple(batch_sizes.tolist())
        if states is not None:
            self._check_states(states, sizes[0])
            if order is not None:
                states = tuple(index_select(state, 1, order) for state in states)
        rows, finals = self._run(data, states, sizes)
        if back is not None:
            finals = tuple(index_select(state, 1, back) for state in finals)
        return PackedSequence(rows, batch_sizes, order, back), self._own(finals)

    def _run(self, rows: Any, states: Any, sizes: tuple[int, ...]) -> Any:
        return run(
            self.mode, rows, states, self.all_weights, sizes, self.dropout, self.training,
            self.bidirectional,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the sizes, and the settings that are not the usual ones."""
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False,
                 "dropout": 0, "bidirectional": False}  # fmt: skip
        return text + "".join(
            f", {name}={getattr(self, name)}"
            for name, value in usual.items()
            if getattr(self, name) != value
        )


def _check_settings(mode: str, input_size: Any, hidden_size: Any, num_layers: Any, bias: Any,
                    batch_first: Any, dropout: Any, proj_size: int) -> None:  # fmt: skip
    if mode not in GATES:
        raise ValueError("Unrecognized RNN mode: " + mode)
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=4,
        )
    for name, flag in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
    sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
    for name, size in sizes.items():
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """Run h ← tanh(W_ih x + b_ih + W_hh h + b_hh), an Elman network, over sequences.

    Parameters
    ----------
    input_size, hidden_size : int
        Widths of x and h.
    num_layers : int
        Each layer reads the states of the one below.
    nonlinearity : {"tanh", "relu"}
    bias : bool
        Learn b_ih and b_hh too.
    batch_first : bool
        Samples are the first axis, and steps the second.
    dropout : float
        Of what a layer hands to the next.
    bidirectional : bool
        Read each sequence backward too, with weights of its own.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_ih_l0_reverse, … : Parameter

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> output, h = tgb.nn.RNN(3, 4)(tgb.ones(5, 2, 3))
    >>> output.shape, h.shape
    (tinygrad_bp.Size([5, 2, 4]), tinygrad_bp.Size([1, 2, 4]))

    Notes
    -----
    Elman, "Finding Structure in Time", 1990.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1,
                 nonlinearity: str = "tanh", bias: bool = True, batch_first: bool = False,
                 dropout: float = 0.0, bidirectional: bool = False, device: Any = None,
                 dtype: Any = None, **others: Any) -> None:  # fmt: skip
        _refuse_projection(others)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, device=device, dtype=dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity


def _refuse_projection(others: dict[str, Any]) -> None:
    if "proj_size" in others:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if others:
        raise TypeError(f"got an unexpected keyword argument {next(iter(others))!r}")


class LSTM(RNNBase):
    """Run a long short-term memory over sequences.

    With a = W_ih x + b_ih + W_hh h + b_hh, cut into four: i = σ(a₁), f = σ(a₂), g = tanh(a₃),
    o = σ(a₄); c ← f c + i g; h ← o tanh c.

    Parameters
    ----------
    input_size, hidden_size : int
        Widths of x and c (and h).
    num_layers : int
        Each layer reads the states of the one below.
    bias : bool
        Learn b_ih and b_hh too.
    batch_first : bool
        Samples are the first axis, and steps the second.
    dropout : float
        Of what a layer hands to the next.
    bidirectional : bool
        Read each sequence backward too, with weights of its own.
    proj_size : int
        If not 0, h ← W_hr (o tanh c) of this width (Sak et al., 2014).
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0, … : Parameter

    References
    ----------
    Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> output, (h, c) = tgb.nn.LSTM(3, 4, batch_first=True)(tgb.ones(2, 5, 3))
    >>> output.shape, h.shape, c.shape
    (tinygrad_bp.Size([2, 5, 4]), tinygrad_bp.Size([1, 2, 4]), tinygrad_bp.Size([1, 2, 4]))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 proj_size: int = 0, device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip


class GRU(RNNBase):
    """Run a gated recurrent unit over sequences.

    With a = W_ih x + b_ih and u = W_hh h + b_hh, cut into three: r = σ(a₁ + u₁), z = σ(a₂ + u₂),
    n = tanh(a₃ + r u₃), h ← (1 − z) n + z h.

    Parameters
    ----------
    input_size, hidden_size : int
        Widths of x and h.
    num_layers : int
        Each layer reads the states of the one below.
    bias : bool
        Learn b_ih and b_hh too.
    batch_first : bool
        Samples are the first axis, and steps the second.
    dropout : float
        Of what a layer hands to the next.
    bidirectional : bool
        Read each sequence backward too, with weights of its own.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_ih_l0_reverse, … : Parameter

    References
    ----------
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> output, h = tgb.nn.GRU(3, 4)(tgb.ones(5, 2, 3))
    >>> output.shape, h.shape
    (tinygrad_bp.Size([5, 2, 4]), tinygrad_bp.Size([1, 2, 4]))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 device: Any = None, dtype: Any = None, **others: Any) -> None:  # fmt: skip
        _refuse_projection(others)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device=device, dtype=dtype,
        )  # fmt: skip
