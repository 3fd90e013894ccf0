"""What rearranging axes means, and sums over them, and products of matrices."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...expr import Expr
from ...rules import linalg, reduce, rows, shape
from .forms import Axes, Form, Shape
from .readings import Readings
from .sizes import number_of

if TYPE_CHECKING:
    from .reader import Reader

__all__ = ["READINGS", "axes_of"]

READINGS = Readings()


@READINGS(shape.transpose)
def _transpose(r: Reader, part: Expr, x: Any, *, axes: Axes) -> Form:
    return r.permute(r.form(x), tuple(a % len(axes) for a in axes))


@READINGS(shape.reshape)
def _reshape(r: Reader, part: Expr, x: Any, **_: Any) -> Form | None:
    return _refitted(r, r.form(x), tuple(part.shape))


def _refitted(r: Reader, form: Form, extents: Shape) -> Form | None:
    """Add and drop axes of length 1; None if there is more to it."""
    before = [i for i, n in enumerate(form.shape) if n != 1]
    after = [i for i, n in enumerate(extents) if n != 1]
    if [form.shape[i] for i in before] != [extents[i] for i in after]:
        return None
    return r.remap(form, extents, dict(zip(before, after, strict=True)))


@READINGS(shape.broadcast_to)
def _broadcast_to(r: Reader, part: Expr, x: Any, **_: Any) -> Form:
    return r.broadcast(r.form(x), tuple(part.shape))


@READINGS(reduce.spread)
def _spread(r: Reader, part: Expr, x: Any, *, axis: Any, **_: Any) -> Form | None:
    kept = tuple(1 if i in axes_of(axis, part.ndim) else n for i, n in enumerate(part.shape))
    fitted = _refitted(r, r.form(x), kept)
    return None if fitted is None else r.broadcast(fitted, tuple(part.shape))


@READINGS(shape.sum_to)
def _sum_to(r: Reader, part: Expr, x: Any, **_: Any) -> Form:
    form = r.form(x)
    lead = len(form.shape) - part.ndim
    over = [i for i, n in enumerate(form.shape) if i < lead or part.shape[i - lead] != n]
    total = r.total(form, over, keepdims=True)
    return r.remap(total, tuple(part.shape), {i: i - lead for i in range(lead, len(form.shape))})


@READINGS(reduce.sum)
def _sum(r: Reader, part: Expr, x: Any, *, axis: Any = None, keepdims: Any = False) -> Form:
    form = r.form(x)
    return r.total(form, axes_of(axis, len(form.shape)), bool(keepdims))


@READINGS(reduce.mean)
def _mean(r: Reader, part: Expr, x: Any, *, axis: Any = None, keepdims: Any = False) -> Form | None:
    form = r.form(x)
    over = axes_of(axis, len(form.shape))
    n = reduce.count(form.shape, over)
    if not n:
        return None
    total = r.total(form, over, bool(keepdims))
    return r.multiply(total, r.power(r.sizes.divisor(r, Fraction(n), ()), -1))


def axes_of(axis: Any, ndim: int) -> Axes:
    """Return the axes that an argument `axis` names; None names all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(
        sorted({a % ndim for a in ((axis,) if isinstance(axis, int) else axis)} if ndim else ())
    )


@READINGS(rows.row_dot)
def _row_dot(r: Reader, part: Expr, x: Any, y: Any) -> Form:
    return r.total(r.multiply(r.form(x), r.form(y)), (part.ndim - 1,), keepdims=True)


@READINGS(rows.softmax_pull)
def _softmax_pull(r: Reader, part: Expr, g: Any, y: Any, *, scale: float = 1.0) -> Form | None:
    number = number_of(scale)
    if number is None:
        return None
    gradient, out = r.form(g), r.form(y)
    mean = r.total(r.multiply(gradient, out), (part.ndim - 1,), keepdims=True)
    return r.scale(r.multiply(out, r.add(gradient, r.scale(mean, -1))), number)


@READINGS(reduce.full_like)
def _full_like(r: Reader, part: Expr, x: Any, *, value: Any) -> Form | None:
    number = number_of(value)
    return None if number is None else r.constant(number, tuple(part.shape))


@READINGS(shape.cast)
def _cast(r: Reader, part: Expr, x: Any, **_: Any) -> Form | None:
    return r.form(x) if isinstance(x, Expr) and x.value.dtype == part.value.dtype else None


@READINGS(linalg.matmul)
def _matmul(r: Reader, part: Expr, x: Any, y: Any) -> Form | None:
    a, b = r.improve(r.form(x)), r.improve(r.form(y))
    if not a.terms or not b.terms:
        return Form(tuple(part.shape), {})
    if len(a.shape) != 2 or len(b.shape) != 2:
        return None
    (c, a), (d, b) = r.numbers_out(a), r.numbers_out(b)
    rows_, inner, columns = a.shape[0], a.shape[1], b.shape[1]
    outside = r.multiply(c, d)
    if inner != 1 and not (1 in a.along and 0 in b.along):
        # Constant along what is summed over: the product with ones is a sum.
        left, right = (
            r.total(a, (1,), keepdims=True) if 1 in a.along else Form((rows_, 1), a.terms),
            r.total(b, (0,), keepdims=True) if 0 in b.along else Form((1, columns), b.terms),
        )
        times = r.constant(1) if 1 in a.along or 0 in b.along else r.count(inner)
        return r.multiply(outside, left, right, times)
    atom = r.calling(linalg.matmul, (a, b), {}, part, (rows_, columns))
    return r.multiply(outside, r.whole(atom))
