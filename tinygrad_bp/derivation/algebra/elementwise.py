"""What operations on each element mean."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ...expr import Expr
from ...rules import elementwise as ew
from ...rules import loss, shape
from .forms import Form
from .readings import Readings
from .sizes import number_of
from .sums import axes_of

if TYPE_CHECKING:
    from .reader import Reader

__all__ = ["READINGS"]

READINGS = Readings()


@READINGS(ew.add)
def _add(r: Reader, part: Expr, x: Any, y: Any) -> Form:
    return r.add(r.form(x), r.form(y))


@READINGS(ew.subtract)
def _subtract(r: Reader, part: Expr, x: Any, y: Any) -> Form:
    return r.add(r.form(x), r.scale(r.form(y), -1))


@READINGS(ew.negative)
def _negative(r: Reader, part: Expr, x: Any) -> Form:
    return r.scale(r.form(x), -1)


@READINGS(ew.positive, shape.copy)
def _same(r: Reader, part: Expr, x: Any) -> Form:
    return r.form(x)


@READINGS(ew.multiply)
def _multiply(r: Reader, part: Expr, x: Any, y: Any) -> Form:
    return r.multiply(r.form(x), r.form(y))


@READINGS(ew.divide)
def _divide(r: Reader, part: Expr, x: Any, y: Any) -> Form | None:
    number = None if isinstance(y, Expr) else number_of(y)
    below = r.form(y) if number is None else r.sizes.divisor(r, number, np.shape(y))
    return r.multiply(r.form(x), r.power(below, -1)) if below.terms else None


@READINGS(ew.reciprocal)
def _reciprocal(r: Reader, part: Expr, x: Any) -> Form | None:
    below = r.form(x)
    return r.power(below, -1) if below.terms else None


@READINGS(ew.square)
def _square(r: Reader, part: Expr, x: Any) -> Form:
    form = r.form(x)
    return r.power(form, 2) if form.terms else form


@READINGS(ew.power_constant)
def _power_constant(r: Reader, part: Expr, x: Any, *, exponent: float) -> Form | None:
    form = r.form(x)
    if exponent != int(exponent) or not 0 < abs(exponent) < 10 or not form.terms:
        return None
    return r.power(form, int(exponent))


@READINGS(ew.exp)
def _exp(r: Reader, part: Expr, x: Any) -> Form | None:
    inner = r.improve(r.form(x))
    if (call := r.called(inner, ew.log)) is not None:
        inside: Form = call.args[0]
        return inside
    if (call := r.called(inner, loss.log_softmax)) is not None:
        return r.softmax(call.args[0], call.attrs["axis"])
    return _exp_of_difference(r, inner)


def _exp_of_difference(r: Reader, inner: Form) -> Form | None:
    """Read e^(z − log Σ e^z), which is a softmax."""
    if len(inner.terms) != 2 or sorted(inner.terms.values()) != [-1, 1]:
        return None
    z, total = (Form(inner.shape, {p: Fraction(1)}) for p, _ in
                sorted(inner.terms.items(), key=lambda term: -term[1]))  # fmt: skip
    factor = total.alone
    call = None if factor is None else r.call_behind(factor.atom, loss.logsumexp)
    if factor is None or call is None or not isinstance(call.args[0], Form):
        return None
    axes = axes_of(call.attrs["axis"], len(inner.shape))
    if len(axes) != 1 or axes[0] in factor.axes or call.args[0].key != z.key:
        return None
    return r.softmax(z, axes[0])


@READINGS(ew.log)
def _log(r: Reader, part: Expr, x: Any) -> Form | None:
    call = r.called(r.improve(r.form(x)), ew.exp)
    return None if call is None else call.args[0]


@READINGS(ew.gate)
def _gate(r: Reader, part: Expr, condition: Any, x: Any) -> Form | None:
    if not isinstance(condition, Expr):
        return None
    if r.limit_passed(condition):
        return r.form(x)
    mask = r.improve(r.read(condition))
    if not mask.terms:
        return Form(tuple(part.shape), {})
    form = r.whole(
        r.mask(r.permute(mask, (1, 0)) if mask.turned and len(mask.shape) == 2 else mask)
    )
    if mask.turned and len(mask.shape) == 2:
        form = r.permute(form, (1, 0))
    return r.multiply(form, r.form(x))
