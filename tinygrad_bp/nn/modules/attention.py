"""Attention with several heads."""

from __future__ import annotations

from typing import Any

from ...creation import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Project query, key and value to heads, attend in each, and project back.

    head_i = softmax(q_i k_iᵀ / √(E / heads) + mask) v_i; the heads side by side, times Wᵀ + b.

    Parameters
    ----------
    embed_dim : int
        The width E of queries and of the output.
    num_heads : int
        Divides E.
    dropout : float
        Of the weights, in training.
    bias : bool
        Learn biases of the projections too.
    add_bias_kv : bool
        Learn one more key and its value.
    add_zero_attn : bool
        Add a key and value of zeros.
    kdim, vdim : int, optional
        The widths of keys and values; E if left out.
    batch_first : bool
        The samples are the first axis: (N, L, E), not (L, N, E).
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    in_proj_weight : Parameter of shape (3 E, E), or None
    q_proj_weight, k_proj_weight, v_proj_weight : Parameter, or None
        In its place, where `kdim` or `vdim` is not E.
    in_proj_bias : Parameter of shape (3 E,), or None
    out_proj : Linear
    bias_k, bias_v : Parameter of shape (1, 1, E), or None

    Raises
    ------
    ValueError
        If a size is not positive.
    AssertionError
        If the heads do not divide E.

    References
    ----------
    Vaswani et al., "Attention Is All You Need" (2017), section 3.2.2.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = tgb.ones(3, 5, 4)
    >>> output, weights = layer(x, x, x)
    >>> output.shape, weights.shape
    (tinygrad_bp.Size([3, 5, 4]), tinygrad_bp.Size([3, 5, 5]))
    """

    bias_k: Parameter | None
    bias_v: Parameter | None
    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
                 vdim: int | None = None, batch_first: bool = False, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        kind = {"device": device, "dtype": dtype}
        widths = (embed_dim, self.kdim, self.vdim)
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        for name, width in zip(names, widths, strict=True):
            one = None if self._qkv_same_embed_dim else Parameter(empty(embed_dim, width, **kind))
            self.register_parameter(name, one)
        packed = self._qkv_same_embed_dim
        self.register_parameter(
            "in_proj_weight",
            Parameter(empty(3 * embed_dim, embed_dim, **kind)) if packed else None,
        )
        self.register_parameter(
            "in_proj_bias", Parameter(empty(3 * embed_dim, **kind)) if bias else None
        )
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **kind)
        for name in ("bias_k", "bias_v"):
            further = Parameter(empty(1, 1, embed_dim, **kind)) if add_bias_kv else None
            self.register_parameter(name, further)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (
            self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight,
        ):  # fmt: skip
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for further in (self.bias_k, self.bias_v):
            if further is not None:
                init.xavier_normal_(further)

    def forward(self, query: Any, key: Any, value: Any, key_padding_mask: Any = None,
                need_weights: bool = True, attn_mask: Any = None,
                average_attn_weights: bool = True,
                is_causal: bool = False) -> tuple[Any, Any]:  # fmt: skip
        """Attend, see :func:`F.multi_head_attention_forward`.

        Parameters
        ----------
        query : Tensor of shape (L, N, E), (N, L, E) with `batch_first`, or (L, E)
        key, value : Tensor
            Alike, with S in place of L.
        key_padding_mask : Tensor of shape (N, S), optional
            True (or −∞) for keys that nobody sees.
        need_weights : bool
            Return the weights too.
        attn_mask : Tensor of shape (L, S) or (N · heads, L, S), optional
            True (or −∞) where attention is forbidden; other numbers are added.
        average_attn_weights : bool
            Return the mean of the heads' weights.
        is_causal : bool
            A hint that `attn_mask` is the causal one.

        Returns
        -------
        output : Tensor of the query's shape
        weights : Tensor of shape (N, L, S) or (N, heads, L, S), or None
        """
        turned = self.batch_first and query.dim() == 3
        if turned:
            same_key, same_value = key is query, value is key
            query = query.transpose(0, 1)
            key = query if same_key else key.transpose(0, 1)
            value = key if same_value else value.transpose(0, 1)
        output, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight, k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return (output.transpose(0, 1) if turned else output), weights
