"""Layers of a transformer: attention and a feed-forward network, each around a residual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import functional as F
from ..attention import canonical_mask
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = ["Activation", "TransformerDecoderLayer", "TransformerEncoderLayer"]


Activation = str | Callable[[Any], Any]


def _activation(activation: Activation) -> Callable[[Any], Any]:
    if not isinstance(activation, str):
        return activation
    known: dict[str, Callable[[Any], Any]] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in known:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return known[activation]


class _Layer(Module):
    """What encoder and decoder layers have in common: self-attention and a feed-forward network."""

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048,
                 dropout: float = 0.1, activation: Activation = F.relu,
                 layer_norm_eps: float = 1e-5, batch_first: bool = False,
                 norm_first: bool = False, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        kind = {"device": device, "dtype": dtype}
        heads = {"dropout": dropout, "bias": bias, "batch_first": batch_first, **kind}
        self.self_attn = MultiheadAttention(d_model, nhead, **heads)
        if self._crossed:
            self.multihead_attn = MultiheadAttention(d_model, nhead, **heads)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **kind)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **kind)
        self.norm_first = norm_first
        numbers = (1, 2, 3) if self._crossed else (1, 2)
        for i in numbers:
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **kind)
            self.add_module(f"norm{i}", norm)
        for i in numbers:
            self.add_module(f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    _crossed = False  # whether there is attention to another sequence, too

    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def _residual(self, x: Any, norm: Module, block: Callable[[Any], Any]) -> Any:
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))

    def _sa_block(self, x: Any, attn_mask: Any, key_padding_mask: Any,
                  is_causal: bool = False) -> Any:  # fmt: skip
        return self.dropout1(
            self.self_attn(
                x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask,
                is_causal=is_causal, need_weights=False,
            )[0]
        )  # fmt: skip

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention, then a feed-forward network, each added to what it read.

    x ← norm(x + attention(x)); x ← norm(x + W₂ act(W₁ x + b₁) + b₂).

    Parameters
    ----------
    d_model : int
        The width of inputs and outputs.
    nhead : int
        The number of heads.
    dim_feedforward : int
        The width inside the feed-forward network.
    dropout : float
    activation : {"relu", "gelu"} or callable
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
    Vaswani et al., "Attention Is All You Need" (2017), section 3.1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(tgb.ones(3, 5, 8)).shape
    tinygrad_bp.Size([3, 5, 8])
    """

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None,
                is_causal: bool = False) -> Any:  # fmt: skip
        """Run the layer on (L, N, d_model); masks as in :class:`MultiheadAttention`."""
        kind = src.dtype.dtype
        padding = canonical_mask(
            src_key_padding_mask, "src_key_padding_mask", src_mask, "src_mask", kind
        )
        mask = canonical_mask(src_mask, "src_mask", None, "", kind)
        x = self._residual(src, self.norm1, lambda x: self._sa_block(x, mask, padding, is_causal))
        return self._residual(x, self.norm2, self._ff_block)

    def _ff_block(self, x: Any) -> Any:
        return self.dropout2(self._feed_forward(x))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory, then a feed-forward network.

    x ← norm(x + attention(x)); x ← norm(x + attention(x, memory)); x ← norm(x + W₂ act(W₁ x)).

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first
        As in :class:`TransformerEncoderLayer`.
    bias, device, dtype
        As there.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
    >>> layer(tgb.ones(3, 5, 8), tgb.ones(3, 7, 8)).shape
    tinygrad_bp.Size([3, 5, 8])

    Notes
    -----
    Vaswani and others, "Attention Is All You Need", 2017.
    """

    _crossed = True

    def forward(self, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None,
                tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None,
                tgt_is_causal: bool = False, memory_is_causal: bool = False) -> Any:  # fmt: skip
        """Run the layer on (L, N, d_model) and a memory (S, N, d_model)."""
        x = self._residual(
            tgt,
            self.norm1,
            lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal),
        )
        x = self._residual(
            x,
            self.norm2,
            lambda x: self._mha_block(
                x, memory, memory_mask, memory_key_padding_mask, memory_is_causal
            ),
        )
        return self._residual(x, self.norm3, self._ff_block)

    def _mha_block(self, x: Any, memory: Any, attn_mask: Any, key_padding_mask: Any,
                   is_causal: bool = False) -> Any:  # fmt: skip
        return self.dropout2(
            self.multihead_attn(
                x, memory, memory, attn_mask=attn_mask, key_padding_mask=key_padding_mask,
                is_causal=is_causal, need_weights=False,
            )[0]
        )  # fmt: skip

    def _ff_block(self, x: Any) -> Any:
        return self.dropout3(self._feed_forward(x))
