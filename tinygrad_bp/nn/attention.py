"""Attention as functions; and, by PyTorch's names, the choice of how it is computed."""

from __future__ import annotations

import contextlib
import enum
import functools
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..functions.linalg import matmul
from ..functions.reduce import softmax
from ..functions.shape import cat, repeat_interleave
from ..rules.attention import attention_weights
from ..tensor import wrap
from .dropouts import dropout

__all__ = [
    "SDPBackend", "multi_head_attention_forward", "scaled_dot_product_attention", "sdpa_kernel",
]  # fmt: skip


class SDPBackend(enum.IntEnum):
    """PyTorch's names for ways to compute attention. Here there is one way."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[dict[str, Any]]:
    """Accept a choice of backends, a :class:`SDPBackend` or a list of them; it changes nothing.

    Raises
    ------
    AssertionError
        For something else.
    """
    chosen = [backends] if isinstance(backends, SDPBackend) else backends
    if not isinstance(chosen, (list, tuple)) or not all(isinstance(b, SDPBackend) for b in chosen):
        raise AssertionError("Backend must be an instance of SDPBackend or a list of SDPBackend")
    yield {}


# Arrays are kept, not tensors: a tensor belongs to the step that a trace finds it made in.
@functools.lru_cache(maxsize=16)
def _causal(rows: int, columns: int, dtype: Any) -> Any:
    """Return a bias of −∞ above the diagonal."""
    # Of what a trace does not watch: what is kept must not belong to the first step that asks.
    bias = np.where(np.tri(rows, columns, dtype=bool), dtype.type(0), dtype.type(-np.inf))
    bias.flags.writeable = False
    return bias


@functools.lru_cache(maxsize=4)
def _nothing(dtype: Any) -> Any:
    bias = np.array(0, dtype)
    bias.flags.writeable = False
    return bias


def _as_bias(mask: Any, dtype: Any, forbidding: bool) -> Any:
    """Turn a truth mask into a bias: −∞ where it forbids (is True, or False); or leave a bias."""
    if mask.dtype.dtype.kind != "b":
        return mask if mask.dtype.dtype == dtype else mask.to(dtype)
    forbidden = mask._array if forbidding else ~mask._array
    return wrap(np.where(forbidden, np.array(-np.inf, dtype), np.array(0, dtype)))


def _check_attention(query: Any, key: Any, value: Any, attn_mask: Any, is_causal: bool) -> None:
    if attn_mask is not None and is_causal:
        raise RuntimeError(
            "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        )
    ranks = (query.ndim, key.ndim, value.ndim)
    if min(ranks) < 2:
        raise RuntimeError(
            "scaled_dot_product_attention: Expected query, key, and value to all be at least 2 "
            f"dimensional, but got {ranks} dimensions"
        )
    kinds = [x.dtype for x in (query, key, value)]
    if len(set(kinds)) > 1:
        raise RuntimeError(
            "scaled_dot_product_attention: Expected query, key, and value to have the same dtype, "
            f"but got {', '.join(kind.name for kind in kinds)}"
        )
    if attn_mask is not None and attn_mask.dtype.dtype.kind not in "bf":
        raise RuntimeError(
            "scaled_dot_product_attention: Expected attn_mask dtype to be bool or float, but got "
            f"{attn_mask.dtype.name}"
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"scaled_dot_product_attention: query {tuple(query.shape)}, key {tuple(key.shape)} and "
            f"value {tuple(value.shape)} do not fit: the last axis of query and key has to be the "
            "same, and the last but one of key and value"
        )


def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None,
                                 dropout_p: float = 0.0, is_causal: bool = False,
                                 scale: float | None = None,
                                 enable_gqa: bool = False) -> Any:  # fmt: skip
    """Give softmax(q kᵀ / √E + bias) v.

    Parameters
    ----------
    query : Tensor of shape (…, L, E)
    key : Tensor of shape (…, S, E)
    value : Tensor of shape (…, S, Ev)
    attn_mask : Tensor, optional
        Broadcast to (…, L, S). Of bool: True where attention is allowed. Of floats: added.
    dropout_p : float
        Of the weights. Applied always: give 0 in evaluation.
    is_causal : bool
        Position i sees the positions up to i only.
    scale : float, optional
        In place of 1/√E.
    enable_gqa : bool
        Let several heads (axis −3) of the query share one head of key and value.

    Returns
    -------
    Tensor of shape (…, L, Ev)

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit, or there is a mask and `is_causal` too.

    References
    ----------
    Vaswani et al., "Attention Is All You Need" (2017), section 3.2.1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> tgb.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])
    """
    _check_attention(query, key, value, attn_mask, is_causal)
    kind = query.dtype.dtype
    if enable_gqa and query.ndim > 2 and query.shape[-3] != key.shape[-3]:
        shared = query.shape[-3] // key.shape[-3]
        if shared * key.shape[-3] != query.shape[-3]:
            raise RuntimeError(
                "scaled_dot_product_attention: the number of heads in query has to be a multiple "
                f"of that in key and value, not {query.shape[-3]} for {key.shape[-3]}"
            )
        key, value = (repeat_interleave(x, shared, -3) for x in (key, value))
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    if is_causal:
        bias = wrap(_causal(query.shape[-2], key.shape[-2], kind))
    else:
        bias = wrap(_nothing(kind)) if attn_mask is None else _as_bias(attn_mask, kind, False)
    scores = matmul(query, key.transpose(-2, -1))
    if bias.ndim > scores.ndim or any(
        n not in (1, m) for n, m in zip(bias.shape[::-1], scores.shape[::-1], strict=False)
    ):  # the mask has an axis that the scores are repeated along
        scores = scores.expand(np.broadcast_shapes(tuple(scores.shape), tuple(bias.shape)))
    weights = attention_weights(scores, bias, scale=scale)
    return matmul(dropout(weights, dropout_p, True) if dropout_p else weights, value)


def _is_batched(query: Any, key: Any, value: Any, padding: Any, mask: Any) -> bool:
    if query.dim() not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.dim()}-D query tensor"
        )
    rank = query.dim()
    what = "batched (3-D)" if rank == 3 else "unbatched (2-D)"
    wanted = [("key", key, (rank,)), ("value", value, (rank,)),
              ("key_padding_mask", padding, (rank - 1,)), ("attn_mask", mask, (2, 3))]  # fmt: skip
    for name, tensor, ranks in wanted:
        if tensor is not None and tensor.dim() not in ranks:
            raise AssertionError(
                f"For {what} `query`, expected `{name}` to have {' or '.join(map(str, ranks))} "
                f"dimensions but found {tensor.dim()}-D tensor instead"
            )
    return bool(rank == 3)


def canonical_mask(mask: Any, name: str, other: Any, other_name: str, kind: Any) -> Any:
    """Turn a mask in which True forbids into one that is added; say if the two masks differ."""
    if mask is None:
        return None
    if mask.dtype.dtype.kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and mask.dtype != other.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for "
            "both instead.",
            stacklevel=3,
        )
    return _as_bias(mask, kind, True)


def _project(query: Any, key: Any, value: Any, packed: Any, separate: Any, bias: Any) -> Any:
    """Map query, key and value by their part of the weights."""
    from .functional import linear  # functional is made of rooms like this one

    if separate is None:
        if packed is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        if query is key and key is value:
            return linear(query, packed, bias).chunk(3, -1)  # one product for all three
        separate = packed.chunk(3)
    for name, weight in zip("qkv", separate, strict=True):
        if weight is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    inputs = (query, key, value)
    return [linear(x, w, b) for x, w, b in zip(inputs, separate, biases, strict=True)]


def _wider(mask: Any) -> Any:
    """Allow one key more, after the others."""
    return None if mask is None else cat([mask, mask.new_zeros((*mask.shape[:-1], 1))], -1)


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Any, out_proj_bias: Any, training: bool = True, key_padding_mask: Any = None,
    need_weights: bool = True, attn_mask: Any = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None, k_proj_weight: Any = None, v_proj_weight: Any = None,
    static_k: Any = None, static_v: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Project to heads, attend in each, and project back, see :class:`nn.MultiheadAttention`.

    Parameters
    ----------
    query : Tensor of shape (L, N, E) or (L, E)
    key, value : Tensor of shape (S, N, E) or (S, E)
    embed_dim_to_check, num_heads : int
        E, and into how many heads it is cut.
    in_proj_weight, in_proj_bias : Tensor of shape (3 E, E) and (3 E,), optional
        For query, key and value, one below the other.
    bias_k, bias_v : Tensor of shape (1, 1, E), optional
        A further key and its value.
    add_zero_attn : bool
        A further key and value of zeros.
    dropout_p : float
        Of the weights, in training.
    out_proj_weight, out_proj_bias : Tensor of shape (E, E) and (E,), optional
    training : bool
    key_padding_mask : Tensor of shape (N, S), optional
        True (or −∞) for keys that nobody sees.
    need_weights : bool
        Return the weights too.
    attn_mask : Tensor of shape (L, S) or (N · heads, L, S), optional
        True (or −∞) where attention is forbidden; other numbers are added.
    use_separate_proj_weight : bool
        Take the weights from q_proj_weight, k_proj_weight and v_proj_weight.
    static_k, static_v : Tensor of shape (N · heads, S, E / heads), optional
        In place of projected keys and values.
    average_attn_weights : bool
        Return the mean of the heads' weights.
    is_causal : bool
        A hint that `attn_mask` is the causal one.

    Returns
    -------
    output : Tensor of shape (L, N, E) or (L, E)
    weights : Tensor of shape (N, L, S), with an axis for the heads after N unless averaged; or None

    Raises
    ------
    AssertionError, RuntimeError
        If shapes, dtypes or arguments do not fit together.
    """
    from .functional import linear

    batched = _is_batched(query, key, value, key_padding_mask, attn_mask)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint: you may use "
            "nn.Transformer.generate_square_subsequent_mask to create this mask"
        )
    if not batched:
        same = query is key and key is value
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        if same:
            key = value = query
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, n, width = query.shape
    kind = query.dtype.dtype
    padding = canonical_mask(key_padding_mask, "key_padding_mask", attn_mask, "attn_mask", kind)
    # The hint is followed where nothing else has to be masked or shown.
    causal = is_causal and padding is None and not need_weights
    mask = None if causal else canonical_mask(attn_mask, "attn_mask", None, "", kind)
    if width != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}"
        )
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    fit = key.shape[:2] == value.shape[:2] if separate else key.shape == value.shape
    if not fit:
        raise AssertionError(
            f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}"
        )
    q, k, v = _project(query, key, value, in_proj_weight, separate, in_proj_bias)
    if mask is not None:
        wanted = (length, len(key)) if mask.dim() == 2 else (n * num_heads, length, len(key))
        if tuple(mask.shape) != wanted:
            raise RuntimeError(
                f"The shape of the {mask.dim()}D attn_mask is {tuple(mask.shape)}, but should be "
                f"{wanted}."
            )
    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v have to be given both, or neither")
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k, v = cat([k, bias_k.repeat(1, n, 1)]), cat([v, bias_v.repeat(1, n, 1)])
        mask, padding = _wider(mask), _wider(padding)

    def heads(x: Any, static: Any) -> Any:
        if static is None:
            return x.reshape(len(x), n, num_heads, width // num_heads).permute(1, 2, 0, 3)
        wanted = (n * num_heads, static.shape[1], width // num_heads)
        if tuple(static.shape) != wanted:
            raise AssertionError(f"expecting static of shape {wanted}, but got {static.shape}")
        return static.reshape(n, num_heads, *wanted[1:])

    q, k, v = heads(q, None), heads(k, static_k), heads(v, static_v)
    if add_zero_attn:
        zeros = k.new_zeros((n, num_heads, 1, width // num_heads))
        k, v = cat([k, zeros], 2), cat([v, zeros], 2)
        mask, padding = _wider(mask), _wider(padding)
    if mask is not None and mask.dim() == 3:
        mask = mask.reshape(n, num_heads, *mask.shape[1:])
    if padding is not None:
        if tuple(padding.shape) != (n, k.shape[2]):
            raise AssertionError(
                f"Expected key_padding_mask of shape {(n, k.shape[2])}, but got "
                f"{tuple(padding.shape)}"
            )
        padding = padding.reshape(n, 1, 1, k.shape[2])
        mask = padding if mask is None else mask + padding
    dropped = dropout_p if training else 0.0
    weights = None
    if need_weights:
        scores = matmul(q * math.sqrt(num_heads / width), k.transpose(-2, -1))
        weights = softmax(scores if mask is None else scores + mask, -1)
        weights = dropout(weights, dropped, True) if dropped else weights
        found = matmul(weights, v)
    else:
        found = scaled_dot_product_attention(q, k, v, mask, dropped, causal)
    rows = found.permute(2, 0, 1, 3).reshape(length, n, width)
    output = linear(rows, out_proj_weight, out_proj_bias)
    if weights is not None and average_attn_weights:
        weights = weights.mean(1)
    if batched:
        return output, weights
    return output.squeeze(1), None if weights is None else weights.squeeze(0)
