"""What it means to choose by class indices: a product with one-hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...expr import Expr
from ...rules import index as ix
from ...rules import loss, shape
from .forms import Form
from .readings import Readings

if TYPE_CHECKING:
    from .reader import Reader

__all__ = ["CHOOSING", "READINGS", "chosen"]

READINGS = Readings()

#: Operations that choose an element of each sample.
CHOOSING = frozenset({ix.index, ix.take_along_axis})


@READINGS(loss.softmax_error)
def _softmax_error(r: Reader, part: Expr, x: Any, y: Any) -> Form | None:
    if not isinstance(x, Expr):
        return None
    probability = r.read(loss.softmax(x, axis=1))
    return r.add(probability, r.scale(r.one_hot_of(y, part, 1), -1))


@READINGS(ix.scatter_add)
def _scatter_add(
    r: Reader, part: Expr, x: Any, *places: Any, template: Any, **_: Any
) -> Form | None:
    if tuple(template) != (ix.ARRAY, ix.ARRAY) or part.ndim != 2 or len(places) != 2:
        return None
    for axis in (0, 1):
        if _counts(places[axis], part.shape[axis]) and _names(places[1 - axis], part, 1 - axis):
            form = r.form(x)
            if len(form.shape) > 1:
                return None
            spread = r.remap(form, tuple(part.shape), {0: axis})
            return r.multiply(spread, r.one_hot_of(places[1 - axis], part, 1 - axis))
    return None


def _counts(place: Any, n: int) -> bool:
    values = np.asarray(getattr(place, "value", place))
    return (
        values.shape == (n,) and values.dtype.kind in "iu" and bool((values == np.arange(n)).all())
    )


def _names(place: Any, part: Expr, axis: int) -> bool:
    """Whether indices name a class for each sample."""
    values = np.asarray(getattr(place, "value", place))
    fits = values.shape == (part.shape[1 - axis],) and values.dtype.kind in "iu" and values.size > 0
    return fits and bool(values.min() >= 0) and bool(values.max() < part.shape[axis])


def chosen(r: Reader, part: Expr) -> Form | None:
    """Read the element of each sample that class indices choose as Σ A ⊙ Y, Y being one-hot."""
    x = part.args[0]
    if not isinstance(x, Expr) or x.ndim != 2 or x.value.dtype.kind != "f":
        return None
    if part.op is ix.index and len(part.args) == 3:
        if tuple(part.attrs["template"]) != (ix.ARRAY, ix.ARRAY):
            return None
        for axis in (0, 1):
            counts, names = part.args[2 - axis], part.args[1 + axis]
            if _counts(counts, x.shape[1 - axis]) and _names(names, x, axis):
                return r.total(r.multiply(r.read(x), r.one_hot_of(names, x, axis)), (axis,))
    if part.op is ix.take_along_axis:
        axis = part.attrs["axis"] % 2
        flat = _flat_places(part.args[1], axis)
        if flat is not None and _names(flat, x, axis):
            product = r.multiply(r.read(x), r.one_hot_of(flat, x, axis))
            return r.total(product, (axis,), keepdims=True)
    return None


def _flat_places(places: Any, axis: int) -> Any:
    """Return indices along an axis, one for each sample, as a list of them."""
    values = np.asarray(getattr(places, "value", places))
    if values.ndim != 2 or values.shape[axis] != 1:
        return None
    if not isinstance(places, Expr):
        return values.reshape(-1)
    inner = places.args[0] if places.op is shape.reshape else None
    if isinstance(inner, Expr) and inner.ndim == 1:
        return inner
    return shape.reshape(places, shape=(values.size,))


@READINGS(ix.add_along_axis)
def _add_along_axis(
    r: Reader, part: Expr, x: Any, places: Any, *, axis: int, **_: Any
) -> Form | None:
    if part.ndim != 2:
        return None
    axis %= 2
    flat = _flat_places(places, axis)
    if flat is None or not _names(flat, part, axis):
        return None
    return r.multiply(r.form(x), r.one_hot_of(flat, part, axis))
