"""From what the rules of the table give to what a textbook writes, step by step.

A step reads the formula into a normal form, uses what is known of its symbols (``facts``), takes
the form with the fewest parts, and writes it as a formula again (all that in ``algebra``). What
does not amount to the same, computed again, is no step (``checking``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from ...expr import Expr, parts
from ...rules import elementwise as ew
from ...rules import loss, reduce, shape
from ..lines import Step
from ..notation.formulas import text
from .checking import agrees
from .classes import CHOOSING
from .definitions import Depth
from .facts import Facts, symbols
from .forms import Form
from .properties import Knowing, may_add_up
from .sizes import Sizes
from .writing import Writer

__all__ = ["Depth", "Facts", "simplify"]

#: Operations that a definition of their operand simplifies, and those that a property does.
_UNFOLDED = frozenset({ew.exp, ew.log})
_LIMITS = frozenset({ew.maximum, ew.clip_constant, ew.where, ew.gate}) | CHOOSING
_SUMMING_UP = frozenset({loss.softmax, loss.one_hot})

_COLLECTED = "multiplied out and collected"
_LONG = 80  # parts of a formula that is not written out only to be compared
_MOST_PARTS = 1500  # a formula of more is left as it is: nobody reads it


def simplify(
    formula: Expr, facts: Facts | None = None, until: Depth = Depth.WRITTEN_OUT
) -> list[Step]:
    """Simplify a formula as a textbook would.

    Parameters
    ----------
    formula : Expr
        What a rule of the table gave.
    facts : Facts, optional
        What is known of its symbols.
    until : Depth
        How much of that is used; ``Depth.ALGEBRA``: nothing.

    Returns
    -------
    list of Step
        The formula itself, with the reason "", then each form that it takes, and why it is the
        same. The last is the simplest. Every formula has been computed again from its symbols, and
        amounts to the one before.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_bp.expr import symbol
    >>> A, Y = symbol("A", np.array([[0.3, 0.7]])), symbol("Y", np.array([[0.0, 1.0]]))
    >>> for step in simplify(A * (0 - Y / A) + A): print(step.formula)
    Expr(add(multiply(A, subtract(0, divide(Y, A))), A))
    Expr(subtract(A, Y))
    """
    facts = facts or Facts()
    steps = [Step(formula)]
    if formula.value.dtype.kind not in "fc" or sum(1 for _ in parts(formula)) > _MOST_PARTS:
        return steps
    made: dict[str, Expr] = {}
    cost = 0
    for depth in range(until + 1):
        before = steps[-1].formula
        try:
            step, next_cost = _step(before, facts, Depth(depth), made)
        except ArithmeticError:  # a denominator has come out as 0, or a number is beyond a float
            continue
        if step is not None and step.reason == _COLLECTED and 0 < cost <= next_cost:
            continue  # another order
        if step is None or not agrees(step.formula, formula.value, formula):
            continue
        cost = next_cost
        if _reads_alike(step.formula, before):
            # Another spelling of an axis is no step.
            steps[-1] = Step(step.formula, steps[-1].reason)
        else:
            steps.append(step)
    return steps


def _reads_alike(a: Expr, b: Expr) -> bool:
    """Whether two formulas are written in the same way."""
    return max(_length(a), _length(b)) < _LONG and text(a) == text(b)


def _length(formula: Expr) -> int:
    """Count the parts as they are written: a shared one as often as it appears."""
    lengths: dict[int, int] = {}
    for part in parts(formula):
        lengths[id(part)] = 1 + sum(lengths[id(a)] for a in part.args if isinstance(a, Expr))
    return lengths[id(formula)]


def _same(a: Expr, b: Expr) -> bool:
    """Whether two formulas are the same operations on the same symbols."""
    numbers: dict[Hashable, int] = {}
    found: dict[int, int] = {}
    for formula in (a, b):
        for part in parts(formula):
            args = tuple(
                found[id(x)] if isinstance(x, Expr) else ("array", id(x)) if np.ndim(x) else repr(x)
                for x in part.args
            )
            key = (part.op, part.name, part.shape, args, repr(part.attrs))
            found[id(part)] = numbers.setdefault(key, len(numbers))
    return found[id(a)] == found[id(b)]


def _step(
    formula: Expr, facts: Facts, depth: Depth, made: dict[str, Expr]
) -> tuple[Step | None, int]:
    """Return what a formula becomes with what is known at this depth, and how long that is."""
    used = symbols(formula)
    if _idle(formula, facts, depth, used):
        return None, 0
    dtype = formula.value.dtype
    turned = any(
        part.op is shape.transpose and part.args[0].op is loss.one_hot for part in parts(formula)
    )
    sizes = Sizes(facts.sizes, dtype, tuple(formula.shape))
    knowing = Knowing(sizes, facts, depth, used, made, turned)
    form = _read(knowing, formula)
    if depth is Depth.PROPERTIES and any(part.op in CHOOSING for part in parts(formula)):
        other = Knowing(sizes, facts, depth, used, made, turned, opening=True)
        opened = _read(other, formula)
        if opened.cost < form.cost:
            knowing, form = other, opened
    written = Writer(knowing, dtype).formula(form)
    if _same(written, formula):
        return None, form.cost
    return Step(written, _reason(formula, written, facts, knowing)), form.cost


def _read(knowing: Knowing, formula: Expr) -> Form:
    form = knowing.improve(knowing.read(formula))
    if knowing.depth < Depth.DEFINITIONS:
        return form
    # Derivatives by name, unless they cancel against something.
    opened = knowing.improve(knowing.slopes_opened(form))
    if opened.cost >= form.cost:
        return form
    knowing.reasons.update(knowing.spelled_out)
    return opened


def _idle(formula: Expr, facts: Facts, depth: Depth, used: Mapping[str, Expr]) -> bool:
    """Whether there is nothing to use at this depth, as can be seen without reading the formula."""
    if depth is Depth.WRITTEN_OUT:
        return facts.hidden.isdisjoint(used)
    if depth is Depth.DEFINITIONS:
        if facts.about(used):
            return False
        known = not facts.definitions.keys().isdisjoint(used)
        several = sum(facts.is_data(name) for name in used) > 1
        return not several and not any(
            part.op is loss.one_hot or (known and part.op in _UNFOLDED) for part in parts(formula)
        )
    if depth is Depth.PROPERTIES:
        ops = {part.op for part in parts(formula)}
        if not ops.isdisjoint(_LIMITS):
            return False
        found = not ops.isdisjoint(_SUMMING_UP) or any(
            may_add_up(facts, name, s.value) for name, s in used.items()
        )
        return reduce.sum not in ops or not found
    return False


def _reason(before: Expr, after: Expr, facts: Facts, knowing: Knowing) -> str:
    """Say what was used: what symbols stand for, and properties."""
    old, new = symbols(before), symbols(after)
    if knowing.depth is Depth.WRITTEN_OUT:
        names = [name for name in old if name in facts.hidden]
    else:
        came = [name for name in new if name not in old]
        names = [*(knowing.looked_up or came), *(name for name in knowing.folded if name in new)]
    said = [
        f"{name} = {text(facts.definitions[name])}"
        for name in dict.fromkeys(names)
        if name in facts.definitions
    ]
    return "; ".join([*said, *knowing.reasons]) or _COLLECTED
