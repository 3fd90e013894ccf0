"""Extremes and products over the elements that index numbers bring to the same place.

All are about vectors: `x` is the target, `v` are the values, `places` says where each value goes.
(Sums are `index.scatter_add`.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import constant, primitive
from .index import ARRAY, assign, index, scatter_add
from .shape import cast

_TEMPLATE = (ARRAY,)


def _at(x: Any, places: Any) -> Any:
    return index(x, places, template=_TEMPLATE)


def _added(v: Any, places: Any, shape: tuple[int, ...]) -> Any:
    return scatter_add(v, places, shape=shape, template=_TEMPLATE)


def _untouched(x: Any, places: Any, include: bool) -> Any:
    """Give `x`, with zeros at the places that are overwritten."""
    return x if include else assign(x, 0.0, places, template=_TEMPLATE)


def _start(x: Any, places: Any, include: bool, neutral: Any) -> Any:
    out = x.copy()
    if not include:
        out[places] = neutral
    return out


# PyTorch's convention for ties: all that equal the result share the gradient evenly, the target's
# own value among them, even where `include` is False and it can't get its share.


def _share(g: Any, x: Any, v: Any, places: Any, out: Any) -> tuple[Any, Any, Any]:
    """Return the gradient's share for each winner, and who won: in `x`, in `v`."""
    own = cast(x == out, dtype=g.dtype)
    theirs = cast(v == _at(out, places), dtype=g.dtype)
    return g / (own + _added(theirs, places, x.shape)), own, theirs


def _extreme_x(g: Any, x: Any, v: Any, places: Any, out: Any, include: bool) -> Any:
    share, own, _ = _share(g, x, v, places, out)
    return _untouched(share * own, places, include)


def _extreme_v(g: Any, x: Any, v: Any, places: Any, out: Any) -> Any:
    share, _, theirs = _share(g, x, v, places, out)
    return _at(share, places) * theirs


def _worst(dtype: Any, largest: bool) -> Any:
    """Give the number that every other one replaces in a search for the largest (or smallest)."""
    if dtype.kind == "f":
        return -np.inf if largest else np.inf
    if dtype.kind == "b":
        return not largest
    return np.iinfo(dtype).min if largest else np.iinfo(dtype).max


@primitive(
    x=lambda g, x, v, places, out, *, include: _extreme_x(g, x, v, places, out, include),
    v=lambda g, x, v, places, out: _extreme_v(g, x, v, places, out),
)
def scatter_amax(x: Any, v: Any, places: Any, *, include: bool = True) -> Any:
    """Take, at each place, the largest of the values that go there (and of `x`, if included)."""
    out = _start(x, places, include, _worst(x.dtype, True))
    np.maximum.at(out, places, v)
    return out


@primitive(
    x=lambda g, x, v, places, out, *, include: _extreme_x(g, x, v, places, out, include),
    v=lambda g, x, v, places, out: _extreme_v(g, x, v, places, out),
)
def scatter_amin(x: Any, v: Any, places: Any, *, include: bool = True) -> Any:
    """Take, at each place, the smallest of the values that go there (and of `x`, if included)."""
    out = _start(x, places, include, _worst(x.dtype, False))
    np.minimum.at(out, places, v)
    return out


# The derivative of a product for a factor is the product of the others: the product P of all
# factors that are not zero, divided by this one; or, if this one is the only zero, P itself.


def _prod_x(g: Any, x: Any, v: Any, places: Any, include: bool) -> Any:
    if not include:  # where a value arrives x is no factor, elsewhere it is the only one
        return _untouched(g, places, include)
    zeros, product = _factors(x, v, places, include)
    return g * _others(x, zeros, product)


def _prod_v(g: Any, x: Any, v: Any, places: Any, include: bool) -> Any:
    zeros, product = _factors(x, v, places, include)
    return _at(g, places) * _others(v, _at(zeros, places), _at(product, places))


def _factors(x: Any, v: Any, places: Any, include: bool) -> tuple[Any, Any]:
    """Return how many factors of each place are zero, and the product of the rest."""
    zeros = _untouched(cast(x == 0, dtype=x.dtype), places, include)
    zeros = zeros + _added(cast(v == 0, dtype=x.dtype), places, x.shape)
    return zeros, scatter_prod(_without_zeros(x), _without_zeros(v), places, include=include)


def _others(factor: Any, zeros: Any, product: Any) -> Any:
    here = factor == 0
    quotient = product / _without_zeros(factor)
    return np.where(cast(here, dtype=zeros.dtype) == zeros, quotient, np.zeros_like(quotient))


def _without_zeros(x: Any) -> Any:
    return np.where(x == 0, np.ones_like(x), x)


@primitive(
    x=lambda g, x, v, places, *, include: _prod_x(g, x, v, places, include),
    v=lambda g, x, v, places, *, include: _prod_v(g, x, v, places, include),
)
def scatter_prod(x: Any, v: Any, places: Any, *, include: bool = True) -> Any:
    """Multiply up, at each place, the values that go there (and `x`, if included)."""
    out = _start(x, places, include, 1)
    np.multiply.at(out, places, v)
    return out


@constant
def scatter_count(x: Any, places: Any, *, include: bool = True) -> Any:
    """Count, for each element of `x`, the values that go there (and itself, if included).

    The answer is never 0: an element to which nothing goes stays, as one.
    """
    counts = np.bincount(places, minlength=x.shape[0])
    counts = counts + 1 if include else np.maximum(counts, 1)
    return counts.astype(x.dtype)
