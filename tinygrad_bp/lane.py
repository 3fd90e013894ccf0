"""The fast lane: recording an operation by straight-line code, written once for each operation.

`tensor.apply` and `tensor.record` treat every case: operands of mixed dtypes, numbers, views whose
base was rewritten, plain arrays, anomaly detection. In training hardly any of it
occurs, and asking costs more than the arithmetic of a small layer. So for each operation a function
is compiled that checks in one breath that nothing unusual is there, and records; otherwise it
returns None, and the general way is taken. It decides nothing of its own: with the lanes closed
(`tests/tensor/test_lane.py` closes them) every result is the same.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Node
from .mode import modes
from .op import Op
from .source import caller, user_line
from .storage import REWRITTEN, SHARED, tick

__all__ = ["build_lane"]

_NUMBERS = frozenset((int, float))

_TEMPLATE = """
def lane(op, args, attrs):
    try:
        {names}, = args
        {numbers}
        {arrays}
    except (AttributeError, ValueError, OverflowError):  # an array among the operands, say
        return None
    if {unusual}:
        return None
    {nodes}
    if {all_wanted}:
        plan = plans.get({full})
    elif {cut}:
        return None
    elif {none_wanted}:  # nothing to record
        try:
            array = forward({values}{attrs})
        except Exception:
            return None
        out = new(Tensor)
        out._array = array if type(array) is ndarray else asarray(array)
        out._node = None
        {inherit}
        return out
    else:
        plan = plans.get({mask})
    if plan is None or not modes.grad:
        return None
    try:
        array = forward({values}{attrs})
    except Exception:  # the general way explains it
        return None
    if type(array) is not ndarray:
        array = asarray(array)
    {check}
    out = new(Tensor)
    out._array = array
    out._node = node = new(Node)
    node.number = tick()
    node.op = op
    node.plan = plan
    node.inputs = ({inputs},)
    node.attrs = attrs
    node.shape = shape = array.shape
    node.dtype = {result}
    node.line = caller.line or user_line()
    node.saved = () if plan.keep is None else plan.keep(({values},), array)
    node.made = ref(out)
    if SHARED:
        take_snapshots(node, plan.kept, args)
    {constants}
    {shapes}
    return out
"""


def build_lane(
    op: Op, tensor_type: type, take_snapshots: Any, remembered: Any
) -> Callable[..., Any] | None:
    """Compile the fast lane of an operation; None for those that have none.

    An operation has one if its inputs are fixed in number and its result is no view of them.
    """
    n = len(op.inputs)
    if op.variadic or op.view or not op.rules:
        return None
    names: dict[str, Any] = {
        "plans": op.plans, "forward": op.run, "modes": modes, "tick": tick, "Node": Node,
        "Tensor": tensor_type, "new": object.__new__, "ref": weakref.ref, "user_line": user_line,
        "ndarray": np.ndarray, "asarray": np.asarray, "REWRITTEN": REWRITTEN, "SHARED": SHARED,
        "take_snapshots": take_snapshots, "NUMBERS": _NUMBERS, "caller": caller,
        "remembered": remembered,
    }  # fmt: skip
    pair = range(op.first_promoted, n)
    if op.broadcasts and op.promotion and len(pair) == 2:
        names |= {f"with_number_{i}": _compiled(op, i, names) for i in pair}
    return _compiled(op, None, names)


def _compiled(op: Op, number: int | None, names: dict[str, Any]) -> Callable[..., Any]:
    """Compile a lane; for operands that are tensors but for the one at `number`, if not None."""
    n = len(op.inputs)
    places = [i for i in range(n) if i != number]
    # What is to be of one floating dtype: what would be promoted, or else what gets a gradient.
    alike = [i for i in places if (i >= op.first_promoted if op.promotion else op.rule_for(i))]
    first, *others = alike
    unusual = ["REWRITTEN", "modes.watched", 'dtype.kind != "f"']
    unusual += [] if op.attributes else ["attrs"]
    unusual += [f"v{i}.dtype is not dtype" for i in others]
    # A constant may have a past (why_no_grad), or may not be kept: the general way looks into it.
    cut = " or ".join(f"n{i} is None and (a{i}._origin or a{i}._inference)" for i in places)
    inherit = ""
    if len(places) == 1:  # its past is the result's
        cut = f"a{first}._inference"
        inherit = f"if a{first}._origin: out._origin = a{first}._origin"
    all_wanted = " and ".join(f"n{i} is not None" for i in places)
    arrays = [f"v{i} = a{i}._array" for i in places] + [f"dtype = v{first}.dtype"]
    # As the general way does it: a number is an array without axes, but after its tensor.
    bare = number == 1 and not op.first_promoted
    if number is not None:
        arrays.append(
            f"v{number} = a{number}" if bare else f"v{number} = asarray(a{number}, dtype)"
        )
    constants = shapes = ""
    if n > 1:
        constants = f"if {number is not None} or not ({all_wanted}):\n        node.constants = ["
        constants += ", ".join(
            f"a{i}" if i == number else f"None if n{i} is not None else remembered(a{i})"
            for i in range(n)
        ) + "]"  # fmt: skip
    if n > 1 and op.broadcasts and not bare:
        shapes = "if " + " or ".join(f"v{i}.shape != shape" for i in range(n))
        shapes += ":\n        node.shapes = [" + ", ".join(f"v{i}.shape" for i in range(n)) + "]"
    values = ", ".join(f"v{i}" for i in range(n))
    source = _TEMPLATE.format(
        names=", ".join(f"a{i}" for i in range(n)),
        numbers="\n        ".join(
            f"if type(a{i}) in NUMBERS: return with_number_{i}(op, args, attrs)"
            for i in range(n)
            if f"with_number_{i}" in names
        ),
        arrays="; ".join(arrays),
        # Promoted, the operands' dtype is the result's; else the forward may have chosen another.
        result="dtype" if op.promotion else "array.dtype",
        check="" if op.promotion else 'if array.dtype.kind != "f":\n        return None',
        unusual=" or ".join(unusual),
        nodes="; ".join(f"n{i} = a{i}._node" for i in places),
        all_wanted=all_wanted,
        none_wanted=" and ".join(f"n{i} is None" for i in places),
        full=(1 << n) + sum(1 << (n - 1 - i) for i in places),
        cut=cut,
        inherit=inherit,
        mask=f"{1 << n}" + "".join(f" + (n{i} is not None) * {1 << (n - 1 - i)}" for i in places),
        values=values,
        attrs=", **attrs" if op.attributes else "",
        inputs=", ".join("None" if i == number else f"n{i}" for i in range(n)),
        constants=constants,
        shapes=shapes,
    )
    names = dict(names)
    # Built from this file's own words and small numbers only. The file name makes `user_line` pass
    # over the generated code as over the rest of the package.
    exec(compile(source, __file__, "exec"), names)
    lane: Callable[..., Any] = names["lane"]
    return lane
