"""Jacobians, Hessians and their products with vectors, for functions of tensors.

With y = f(x) the Jacobian is J = ∂y/∂x, a row for each element of y and a column for each of x. A
backward pass gives vᵀJ (:func:`vjp`); J v (:func:`jvp`) takes two: vᵀJ is linear in v, and the
gradient of ``v ↦ (vᵀJ) u`` is J u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.shape import stack
from ..mode import enable_grad
from ..tensor import Tensor, wrap
from .gradients import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Tensor, ...]


def _as_tuple(given: Any, what: str, where: str) -> tuple[bool, Tensors]:
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


def _begin(tensors: Tensors, create_graph: bool, need_graph: bool = True) -> Tensors:
    """Give tensors of this function's own: the caller's leaves stay untouched."""
    return tuple(
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(need_graph)
        for t in tensors
    )


def _end(tensors: Any, many: bool, create_graph: bool) -> Any:
    """Cut results off from the graph unless they are to be differentiated; unpack a single one."""
    done = tuple(t if create_graph else t.detach() for t in tensors)
    return done if many else done[0]


def _pull(outputs: Any, inputs: Tensors, weights: Any, create_graph: bool) -> tuple[Any, ...]:
    """Return weightsᵀ J, None where an output does not depend on an input."""
    pairs = [
        (o, w) for o, w in zip(outputs, weights, strict=True) if o is not None and o.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    return grad([o for o, _ in pairs], inputs, [w for _, w in pairs], create_graph=create_graph,
                retain_graph=True, allow_unused=True)  # fmt: skip


def _filled(found: tuple[Any, ...], like: Tensors, where: str, what: str, strict: bool,
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


def _weights(v: Any, like: Tensors, what: str, where: str) -> Tensors:
    """Check the vector of a product; left out, it is 1 for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"{where}: v may be left out for a single number only; {what} has "
                f"the shape(s) {', '.join(str(tuple(t.shape)) for t in like)}"
            )
        return (wrap(np.ones_like(like[0]._array)),)
    _, given = _as_tuple(v, "v", where)
    if len(given) != len(like):
        raise RuntimeError(f"{where}: v has {len(given)} tensor(s), {what} {len(like)}")
    for i, (mine, theirs) in enumerate(zip(given, like, strict=True)):
        if mine.shape != theirs.shape:
            raise RuntimeError(
                f"{where}: v[{i}] has the shape {tuple(mine.shape)}, {what} {tuple(theirs.shape)}"
            )
    return given


def _number(func: Callable[..., Any], inputs: Tensors, where: str) -> Tensor:
    """Run a function that has to return one number."""
    many, outputs = _as_tuple(func(*inputs), "the output of the function", where)
    if many or outputs[0].numel() != 1:
        raise RuntimeError(
            f"{where}: the function has to return one tensor with a single element, not "
            + (f"{len(outputs)} tensors" if many else f"one of shape {tuple(outputs[0].shape)}")
        )
    return outputs[0]


def _check_strict(outputs: Tensors, where: str, strict: bool) -> None:
    for i, output in enumerate(outputs):
        if strict and not output.requires_grad:
            raise RuntimeError(
                f"{where}: output {i} does not depend on any input; that is not allowed with "
                "strict=True"
            )


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """Return f(x), and vᵀ J: the gradient of ``v · f(x)`` in x.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shape(s) of the outputs; may be left out for a single number, where it is 1.
    create_graph : bool
        Make the results differentiable.
    strict : bool
        Raise where an output does not depend on an input, instead of giving zeros.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
    vjp : Tensor or tuple of Tensor
        Of the shape(s) of the inputs.

    Raises
    ------
    RuntimeError
        If v does not fit, and in strict mode.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, section 3.2 (the reverse mode).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import vjp
    >>> vjp(lambda x: x**2, tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        many, given = _as_tuple(inputs, "inputs", "vjp")
        begun = _begin(given, create_graph)
        many_out, outputs = _as_tuple(func(*begun), "the output of the function", "vjp")
        _check_strict(outputs, "vjp", strict)
        weights = _begin(_weights(v, outputs, "the output", "vjp"), create_graph, False)
        found = _pull(outputs, begun, weights, create_graph)
        result = _filled(found, begun, "vjp", "no output depends on", strict, create_graph)
    return _end(outputs, many_out, create_graph), _end(result, many, create_graph)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """Return f(x), and J v: how the outputs change along the direction v.

    With the trick of two backward passes: wᵀJ is linear in w, and its gradient in w, weighted with
    v, is J v.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shape(s) of the inputs; may be left out for a single number, where it is 1.
    create_graph : bool
        Make the results differentiable.
    strict : bool
        Raise where an output does not depend on an input, instead of giving zeros.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
    jvp : Tensor or tuple of Tensor
        Of the shape(s) of the outputs.

    Raises
    ------
    RuntimeError
        If v does not fit, and in strict mode.

    References
    ----------
    Townsend, A new trick for calculating Jacobian vector products, 2017.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import jvp
    >>> jvp(lambda x: x**2, tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        _, given = _as_tuple(inputs, "inputs", "jvp")
        direction = _begin(_weights(v, given, "the input", "jvp"), create_graph, False)
        begun = _begin(given, create_graph)
        many_out, outputs = _as_tuple(func(*begun), "the output of the function", "jvp")
        _check_strict(outputs, "jvp", strict)
        free = tuple(wrap(np.zeros_like(o._array)).requires_grad_() for o in outputs)
        pulled = _pull(outputs, begun, free, True)
        _filled(pulled, begun, "jvp", "no output depends on", strict)
        found = _pull(pulled, free, direction, create_graph)
        result = _filled(found, outputs, "jvp", "no derivative reaches", strict, create_graph)
    return _end(outputs, many_out, create_graph), _end(result, many_out, create_graph)


def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """Return J = ∂f/∂x, every output element differentiated by every input element.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Make the Jacobian differentiable.
    strict : bool
        Raise where an output does not depend on an input, instead of giving zeros.
    vectorize, strategy
        Accepted as in PyTorch: they would choose how, and do not change the result.

    Returns
    -------
    Tensor, or tuples of Tensor
        Of shape ``(*output.shape, *input.shape)``. With several inputs a tuple, one for each; with
        several outputs a tuple with such an entry for each: ``J[i][j]`` is ∂(output i)/∂(input j).

    Raises
    ------
    RuntimeError
        In strict mode.

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, section 3.2 (the reverse mode).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import jacobian
    >>> jacobian(lambda x: x**2, tgb.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f'jacobian: strategy has to be "reverse-mode" or "forward-mode", not {strategy!r}'
        )
    with enable_grad():
        many, given = _as_tuple(inputs, "inputs", "jacobian")
        begun = _begin(given, create_graph)
        many_out, outputs = _as_tuple(func(*begun), "the output of the function", "jacobian")
        _check_strict(outputs, "jacobian", strict)
        blocks = [
            _block(output, i, begun, create_graph, strict) for i, output in enumerate(outputs)
        ]
    rows = tuple(_end(block, many, create_graph) for block in blocks)
    return rows if many_out else rows[0]


def _block(
    output: Tensor, i: int, inputs: Tensors, create_graph: bool, strict: bool
) -> list[Tensor]:
    """Return the Jacobians of one output, one for each input."""
    rows: list[list[Tensor]] = [[] for _ in inputs]
    for place in range(output.numel()):
        one = np.zeros(output.shape, output._array.dtype)
        one.reshape(-1)[place] = 1
        found = _pull((output,), inputs, (wrap(one),), create_graph)
        what = f"output {i} does not depend on"
        for column, gradient in zip(
            rows, _filled(found, inputs, "jacobian", what, strict, create_graph), strict=True
        ):
            column.append(gradient)
    shapes = [(*output.shape, *source.shape) for source in inputs]
    return [
        stack(column).reshape(shape) if column else wrap(np.zeros(shape, source._array.dtype))
        for column, shape, source in zip(rows, shapes, inputs, strict=True)
    ]


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """Return H = ∂²f/∂x², the matrix of second derivatives of one number.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor with a single element.
    inputs : Tensor or tuple of Tensor
    create_graph : bool
        Make the Hessian differentiable.
    strict : bool
        Raise where the output or the gradient does not depend on an input, instead of giving zeros.
    vectorize, outer_jacobian_strategy
        Accepted as in PyTorch: they would choose how, and do not change the result.

    Returns
    -------
    Tensor, or tuple of tuple of Tensor
        Of shape ``(*input.shape, *input.shape)``; with several inputs ``H[i][j]`` is
        ∂²f/∂(input i)∂(input j).

    Raises
    ------
    RuntimeError
        If the function returns anything but one number, and in strict mode.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, section 5.4 (the Hessian matrix).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import hessian
    >>> hessian(lambda x: (x**3).sum(), tgb.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    many, given = _as_tuple(inputs, "inputs", "hessian")

    def slope(*arguments: Tensor) -> Any:
        def value(*inner: Tensor) -> Any:
            return _number(func, inner, "hessian").reshape(())

        return jacobian(value, arguments, create_graph=True, strict=strict)

    blocks = jacobian(slope, given, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks if many else blocks[0][0]


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """Return f(x), and vᵀ H: the Hessian of one number times a vector, without the Hessian.

    The gradient of ``v · ∇f(x)`` in x. H is symmetric where f is twice continuously differentiable:
    there this is also H v, at half the cost of :func:`hvp`.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a Tensor with a single element.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shape(s) of the inputs; may be left out for a single number, where it is 1.
    create_graph : bool
        Make the results differentiable.
    strict : bool
        Raise where the output or the gradient does not depend on an input, instead of giving zeros.

    Returns
    -------
    output : Tensor
    vhp : Tensor or tuple of Tensor
        Of the shape(s) of the inputs.

    Raises
    ------
    RuntimeError
        If the function returns anything but one number, if v does not fit, and in strict mode.

    References
    ----------
    Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import vhp
    >>> vhp(lambda x: (x**3).sum(), tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        many, given = _as_tuple(inputs, "inputs", "vhp")
        direction = _begin(_weights(v, given, "the input", "vhp"), create_graph, False)
        begun = _begin(given, create_graph)
        output = _number(func, begun, "vhp")
        _check_strict((output,), "vhp", strict)
        slopes = _pull((output,), begun, (wrap(np.ones_like(output._array)),), True)
        _filled(slopes, begun, "vhp", "the output does not depend on", strict)
        found = _pull(slopes, begun, direction, create_graph)
        what = "the gradient does not depend on"
        result = _filled(found, begun, "vhp", what, strict, create_graph)
    return _end((output,), False, create_graph), _end(result, many, create_graph)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:  # fmt: skip
    """Return f(x), and H v: the Hessian of one number times a vector, without the Hessian.

    The parameters, results and errors are those of :func:`vhp`; it differs from it where the second
    derivatives jump, so that H is not symmetric.

    References
    ----------
    Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd.functional import hvp
    >>> hvp(lambda x: (x**3).sum(), tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        many, given = _as_tuple(inputs, "inputs", "hvp")
        direction = _begin(_weights(v, given, "the input", "hvp"), create_graph, False)
        begun = _begin(given, create_graph)
        output = _number(func, begun, "hvp")
        _check_strict((output,), "hvp", strict)
        slopes = _pull((output,), begun, (wrap(np.ones_like(output._array)),), True)
        _filled(slopes, begun, "hvp", "the output does not depend on", strict)
        free = tuple(wrap(np.zeros_like(t._array)).requires_grad_() for t in begun)
        pulled = _pull(slopes, begun, free, True)
        what = "the gradient does not depend on"
        _filled(pulled, begun, "hvp", what, strict)
        found = _pull(pulled, free, direction, create_graph)
        result = _filled(found, begun, "hvp", what, strict, create_graph)
    return _end((output,), False, create_graph), _end(result, many, create_graph)
