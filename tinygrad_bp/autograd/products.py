"""Products of Jacobians and Hessians with vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..mode import enable_grad
from ..tensor import wrap
from ._calls import (
    as_tuple,
    check_strict,
    checked_vector,
    filled,
    finished,
    one_number,
    own_inputs,
    pull,
)

__all__ = ["hvp", "jvp", "vhp", "vjp"]


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
        many, given = as_tuple(inputs, "inputs", "vjp")
        begun = own_inputs(given, create_graph)
        many_out, outputs = as_tuple(func(*begun), "the output of the function", "vjp")
        check_strict(outputs, "vjp", strict)
        weights = own_inputs(checked_vector(v, outputs, "the output", "vjp"), create_graph, False)
        found = pull(outputs, begun, weights, create_graph)
        result = filled(found, begun, "vjp", "no output depends on", strict, create_graph)
    return finished(outputs, many_out, create_graph), finished(result, many, create_graph)


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
        _, given = as_tuple(inputs, "inputs", "jvp")
        direction = own_inputs(checked_vector(v, given, "the input", "jvp"), create_graph, False)
        begun = own_inputs(given, create_graph)
        many_out, outputs = as_tuple(func(*begun), "the output of the function", "jvp")
        check_strict(outputs, "jvp", strict)
        free = tuple(wrap(np.zeros_like(o._array)).requires_grad_() for o in outputs)
        pulled = pull(outputs, begun, free, True)
        filled(pulled, begun, "jvp", "no output depends on", strict)
        found = pull(pulled, free, direction, create_graph)
        result = filled(found, outputs, "jvp", "no derivative reaches", strict, create_graph)
    return finished(outputs, many_out, create_graph), finished(result, many_out, create_graph)


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
        many, given = as_tuple(inputs, "inputs", "vhp")
        direction = own_inputs(checked_vector(v, given, "the input", "vhp"), create_graph, False)
        begun = own_inputs(given, create_graph)
        output = one_number(func, begun, "vhp")
        check_strict((output,), "vhp", strict)
        slopes = pull((output,), begun, (wrap(np.ones_like(output._array)),), True)
        filled(slopes, begun, "vhp", "the output does not depend on", strict)
        found = pull(slopes, begun, direction, create_graph)
        what = "the gradient does not depend on"
        result = filled(found, begun, "vhp", what, strict, create_graph)
    return finished((output,), False, create_graph), finished(result, many, create_graph)


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
        many, given = as_tuple(inputs, "inputs", "hvp")
        direction = own_inputs(checked_vector(v, given, "the input", "hvp"), create_graph, False)
        begun = own_inputs(given, create_graph)
        output = one_number(func, begun, "hvp")
        check_strict((output,), "hvp", strict)
        slopes = pull((output,), begun, (wrap(np.ones_like(output._array)),), True)
        filled(slopes, begun, "hvp", "the output does not depend on", strict)
        free = tuple(wrap(np.zeros_like(t._array)).requires_grad_() for t in begun)
        pulled = pull(slopes, begun, free, True)
        what = "the gradient does not depend on"
        filled(pulled, begun, "hvp", what, strict)
        found = pull(pulled, free, direction, create_graph)
        result = filled(found, begun, "hvp", what, strict, create_graph)
    return finished((output,), False, create_graph), finished(result, many, create_graph)
