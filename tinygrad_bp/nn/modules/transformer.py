"""Transformers: layers of attention and feed-forward networks, stacked."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ...creation import full
from ...functions.shape import triu
from .. import functional as F
from .. import init
from ..attention import canonical_mask
from .container import ModuleList
from .module import Module
from .normalization import LayerNorm
from .transformer_layers import Activation, TransformerDecoderLayer, TransformerEncoderLayer

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer",
]  # fmt: skip


def _causal_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
    return triu(full((sz, sz), float("-inf"), dtype=dtype, device=device), 1)


def _is_causal(mask: Any, hint: bool | None, length: int) -> bool:
    """Whether a mask is the causal one: as the caller says, or by looking."""
    if hint is not None or mask is None:
        return bool(hint)
    causal = np.triu(np.full((length, length), -np.inf), 1)
    return tuple(mask.shape) == causal.shape and bool((mask._array == causal).all())


def _length(x: Any, batch_first: bool) -> int:
    return int(x.shape[1 if x.dim() == 3 and batch_first else 0])


class _Stack(Module):
    """Copies of a layer, one after the other."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def _finish(self, output: Any) -> Any:
        return output if self.norm is None else self.norm(output)


class TransformerEncoder(_Stack):
    """Run copies of an encoder layer, one after the other.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        Copied.
    num_layers : int
    norm : Module, optional
        For the output.
    enable_nested_tensor, mask_check : bool
        Accepted; they concern a fast path of PyTorch's.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> tgb.nn.TransformerEncoder(layer, 2)(tgb.ones(3, 5, 8)).shape
    tinygrad_bp.Size([3, 5, 8])

    Notes
    -----
    Vaswani and others, "Attention Is All You Need", 2017.
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None,
                 enable_nested_tensor: bool = True, mask_check: bool = True) -> None:  # fmt: skip
        super().__init__(encoder_layer, num_layers, norm)
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(self, src: Any, mask: Any = None, src_key_padding_mask: Any = None,
                is_causal: bool | None = None) -> Any:  # fmt: skip
        """Run all layers; masks as in :class:`MultiheadAttention`.

        Parameters
        ----------
        src : Tensor of shape (L, N, d_model), (N, L, d_model) with `batch_first`, or (L, d_model)
        mask : Tensor of shape (L, L) or (N · heads, L, L), optional
        src_key_padding_mask : Tensor of shape (N, L), optional
        is_causal : bool, optional
            A hint that the mask is the causal one; found out if left out.

        Returns
        -------
        Tensor of the input's shape
        """
        kind = src.dtype.dtype
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", mask, "mask", kind)
        mask = canonical_mask(mask, "mask", None, "", kind)
        first: Any = self.layers[0]
        causal = _is_causal(mask, is_causal, _length(src, first.self_attn.batch_first))
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        return self._finish(output)


class TransformerDecoder(_Stack):
    """Run copies of a decoder layer, one after the other, on the same memory.

    Parameters
    ----------
    decoder_layer : TransformerDecoderLayer
        Copied.
    num_layers : int
    norm : Module, optional
        For the output.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> tgb.nn.TransformerDecoder(layer, 2)(tgb.ones(3, 5, 8), tgb.ones(3, 7, 8)).shape
    tinygrad_bp.Size([3, 5, 8])

    Notes
    -----
    Vaswani and others, "Attention Is All You Need", 2017.
    """

    def __init__(self, decoder_layer: Module, num_layers: int,
                 norm: Module | None = None) -> None:  # fmt: skip
        super().__init__(decoder_layer, num_layers, norm)

    def forward(self, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None,
                tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
                tgt_is_causal: bool | None = None,
                memory_is_causal: bool = False) -> Any:  # fmt: skip
        """Run all layers; masks as in :class:`MultiheadAttention`.

        Parameters
        ----------
        tgt : Tensor of shape (L, N, d_model), (N, L, d_model) with `batch_first`, or (L, d_model)
        memory : Tensor
            Alike, with S in place of L.
        tgt_mask, memory_mask : Tensor of shape (L, L) and (L, S), optional
        tgt_key_padding_mask, memory_key_padding_mask : Tensor of shape (N, L) and (N, S), optional
        tgt_is_causal, memory_is_causal : bool, optional
            Hints that the masks are causal ones.

        Returns
        -------
        Tensor of the shape of `tgt`
        """
        first: Any = self.layers[0]
        causal = _is_causal(tgt_mask, tgt_is_causal, _length(tgt, first.self_attn.batch_first))
        output = tgt
        for layer in self.layers:
            output = layer(
                output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return self._finish(output)


class Transformer(Module):
    """An encoder, and a decoder that attends to what it gives.

    Parameters
    ----------
    d_model, nhead : int
        Width, and number of heads.
    num_encoder_layers, num_decoder_layers : int
    dim_feedforward : int
    dropout : float
    activation : {"relu", "gelu"} or callable
    custom_encoder, custom_decoder : Module, optional
        In place of the usual ones.
    layer_norm_eps : float
    batch_first : bool
        The samples are the first axis: (N, L, d_model), not (L, N, d_model).
    norm_first : bool
        Normalise what enters a block, in place of what leaves it.
    bias : bool
        Learn biases too.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    References
    ----------
    Vaswani et al., "Attention Is All You Need" (2017).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> model = tgb.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> model(tgb.ones(3, 5, 8), tgb.ones(3, 4, 8)).shape
    tinygrad_bp.Size([3, 4, 8])
    """

    def __init__(self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6,
                 num_decoder_layers: int = 6, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: Activation = F.relu, custom_encoder: Any = None,
                 custom_decoder: Any = None, layer_norm_eps: float = 1e-5,
                 batch_first: bool = False, norm_first: bool = False, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        kind = {"device": device, "dtype": dtype}
        settings = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **kind)

        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*settings, **kind), num_encoder_layers, norm()
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*settings, **kind), num_decoder_layers, norm()
        )
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(self, src: Any, tgt: Any, src_mask: Any = None, tgt_mask: Any = None,
                memory_mask: Any = None, src_key_padding_mask: Any = None,
                tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
                src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
                memory_is_causal: bool = False) -> Any:  # fmt: skip
        """Encode `src`, (S, N, d_model), and decode `tgt`, (L, N, d_model), with it.

        Masks as in :class:`MultiheadAttention`; see :class:`TransformerDecoder` for the rest.

        Raises
        ------
        RuntimeError
            If the samples are not as many, or the width is not `d_model`.
        """
        samples = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[samples] != tgt.shape[samples]:
            raise RuntimeError(
                "the batch number of src and tgt must be equal, not "
                f"{src.shape[samples]} and {tgt.shape[samples]}"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                "the feature number of src and tgt must be equal to d_model, which is "
                f"{self.d_model}, not {src.shape[-1]} and {tgt.shape[-1]}"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
        """Give the causal mask: −∞ above the diagonal, 0 elsewhere.

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> tgb.nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return _causal_mask(sz, device, dtype)

    def _reset_parameters(self) -> None:
        for weight in self.parameters():
            if weight.dim() > 1:
                init.xavier_uniform_(weight)
