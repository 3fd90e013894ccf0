"""What derivatives of functions share: inputs of their own, and results without history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .gradients import grad

Tensors = tuple[Tensor, ...]


def as_tuple(given: Any, what: str, where: str) -> tuple[bool, Tensors]:
    """Return whether several tensors were given, and them as a tuple."""
    many = isinstance(given, (tuple, list))
    tensors = tuple(given) if many else (given,)
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            place = f"{what}[{i}]" if many else what
            raise TypeError(
                f"{where}: {place} has to be a Tensor (or {what} a tuple of them), "
                f"not {type(tensor).__name__}"
            )
    return many, tensors


def own_inputs(tensors: Tensors, create_graph: bool, need_graph: bool = True) -> Tensors:
    """Give tensors of this function's own: the caller's leaves stay untouched."""
    return tuple(
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(need_graph)
        for t in tensors
    )


def finished(tensors: Any, many: bool, create_graph: bool) -> Any:
    """Cut results off from the graph unless they are to be differentiated; unpack a single one."""
    done = tuple(t if create_graph else t.detach() for t in tensors)
    return done if many else done[0]


def pull(outputs: Any, inputs: Tensors, weights: Any, create_graph: bool) -> tuple[Any, ...]:
    """Return weightsᵀ J, None where an output does not depend on an input."""
    pairs = [
        (o, w) for o, w in zip(outputs, weights, strict=True) if o is not None and o.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    return grad([o for o, _ in pairs], inputs, [w for _, w in pairs], create_graph=create_graph,
                retain_graph=True, allow_unused=True)  # fmt: skip


def filled(found: tuple[Any, ...], like: Tensors, where: str, what: str, strict: bool,
            create_graph: bool = False) -> Tensors:  # fmt: skip
    """Put zeros where nothing was found; in strict mode, complain."""
    filled = []
    for i, (gradient, tensor) in enumerate(zip(found, like, strict=True)):
        if strict and gradient is None:
            raise RuntimeError(f"{where}: {what} input {i}; that is not allowed with strict=True")
        if strict and create_graph and not gradient.requires_grad:
            raise RuntimeError(
                f"{where}: the result does not depend on input {i}, so that it can't be "
                "differentiated again; that is not allowed with strict=True and create_graph=True"
            )
        filled.append(wrap(np.zeros_like(tensor._array)) if gradient is None else gradient)
    return tuple(filled)


def checked_vector(v: Any, like: Tensors, what: str, where: str) -> Tensors:
    """Check the vector of a product; left out, it is 1 for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"{where}: v may be left out for a single number only; {what} has "
                f"the shape(s) {', '.join(str(tuple(t.shape)) for t in like)}"
            )
        return (wrap(np.ones_like(like[0]._array)),)
    _, given = as_tuple(v, "v", where)
    if len(given) != len(like):
        raise RuntimeError(f"{where}: v has {len(given)} tensor(s), {what} {len(like)}")
    for i, (mine, theirs) in enumerate(zip(given, like, strict=True)):
        if mine.shape != theirs.shape:
            raise RuntimeError(
                f"{where}: v[{i}] has the shape {tuple(mine.shape)}, {what} {tuple(theirs.shape)}"
            )
    return given


def one_number(func: Callable[..., Any], inputs: Tensors, where: str) -> Tensor:
    """Run a function that has to return one number."""
    many, outputs = as_tuple(func(*inputs), "the output of the function", where)
    if many or outputs[0].numel() != 1:
        raise RuntimeError(
            f"{where}: the function has to return one tensor with a single element, not "
            + (f"{len(outputs)} tensors" if many else f"one of shape {tuple(outputs[0].shape)}")
        )
    return outputs[0]


def check_strict(outputs: Tensors, where: str, strict: bool) -> None:
    """In strict mode, complain of outputs that depend on no input."""
    for i, output in enumerate(outputs):
        if strict and not output.requires_grad:
            raise RuntimeError(
                f"{where}: output {i} does not depend on any input; that is not allowed with "
                "strict=True"
            )
