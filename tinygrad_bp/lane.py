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
from .source import user_line
from .storage import REWRITTEN, SHARED, tick

__all__ = ["build_lane"]

_TEMPLATE = """
def lane(op, args, attrs):
    try:
        {names}, = args
        {arrays}
    except (AttributeError, ValueError):  # a number or an array among the operands
        return None
    if {unusual}:
        return None
    {nodes}
    if {all_wanted}:
        plan = plans.get({full})
    elif {cut}:
        return None
    else:
        plan = plans.get({mask})
    if plan is None:
        return None
    try:
        array = forward({values}, **attrs)
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
    node.line = user_line()
    node.saved = () if plan.keep is None else plan.keep(({values},), array)
    node.made = ref(out)
    if SHARED:
        take_snapshots(node, plan.kept, args)
    {constants}
    {shapes}
    return out
"""


def build_lane(op: Op, tensor_type: type, take_snapshots: Any) -> Callable[..., Any] | None:
    """Compile the fast lane of an operation; None for those that have none.

    An operation has one if its inputs are fixed in number and its result is no view of them.
    """
    n = len(op.inputs)
    if op.variadic or op.view or not op.rules:
        return None
    places = range(n)
    # What is to be of one floating dtype: what would be promoted, or else what gets a gradient.
    alike = [i for i in places if (i >= op.first_promoted if op.promotion else op.rule_for(i))]
    first, *others = alike
    unusual = ["REWRITTEN", "not modes.plain", 'dtype.kind != "f"']
    unusual += [f"v{i}.dtype is not dtype" for i in others]
    # A constant may have a past (why_no_grad), or may not be kept: the general way looks into it.
    cut = " or ".join(f"n{i} is None and (a{i}._origin or a{i}._inference)" for i in places)
    all_wanted = " and ".join(f"n{i} is not None" for i in places)
    constants = shapes = ""
    if n > 1:
        constants = f"if not ({all_wanted}):\n        node.constants = [" + ", ".join(
            f"None if n{i} is not None else ref(a{i})" for i in places) + "]"  # fmt: skip
    if n > 1 and op.broadcasts:
        shapes = "if " + " or ".join(f"v{i}.shape != shape" for i in places)
        shapes += ":\n        node.shapes = [" + ", ".join(f"v{i}.shape" for i in places) + "]"
    values = ", ".join(f"v{i}" for i in places)
    source = _TEMPLATE.format(
        names=", ".join(f"a{i}" for i in places),
        arrays="; ".join(f"v{i} = a{i}._array" for i in places) + f"; dtype = v{first}.dtype",
        # Promoted, the operands' dtype is the result's; else the forward may have chosen another.
        result="dtype" if op.promotion else "array.dtype",
        check="" if op.promotion else 'if array.dtype.kind != "f":\n        return None',
        unusual=" or ".join(unusual),
        nodes="; ".join(f"n{i} = a{i}._node" for i in places),
        all_wanted=all_wanted,
        full=(2 << n) - 1,
        cut=cut,
        mask=f"{1 << n}" + "".join(f" + (n{i} is not None) * {1 << (n - 1 - i)}" for i in places),
        values=values,
        inputs=", ".join(f"n{i}" for i in places),
        constants=constants,
        shapes=shapes,
    )
    names: dict[str, Any] = {
        "plans": op.plans, "forward": op.run, "modes": modes, "tick": tick, "Node": Node,
        "Tensor": tensor_type, "new": object.__new__, "ref": weakref.ref, "user_line": user_line,
        "ndarray": np.ndarray, "asarray": np.asarray, "REWRITTEN": REWRITTEN, "SHARED": SHARED,
        "take_snapshots": take_snapshots,
    }  # fmt: skip
    # Built from this file's own words and small numbers only. The file name makes `user_line` pass
    # over the generated code as over the rest of the package.
    exec(compile(source, __file__, "exec"), names)
    lane: Callable[..., Any] = names["lane"]
    return lane
