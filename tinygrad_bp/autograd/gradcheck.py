"""Are the gradients right? Every one is compared with a difference quotient of the function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .differences import (
    Comparison,
    GradcheckError,
    array_of,
    copies_of,
    floating_of,
    random_numbers_repeat,
    title_of,
)
from .gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
    wrt: Sequence[int | str] | None = None,
) -> bool:
    """Compare the gradients of a function with central differences.

    For every output f and every element x_j of an input::

        |∂f/∂x_j − (f(x + ε e_j) − f(x − ε e_j)) / 2ε|  ≤  atol + rtol · |the difference quotient|

    Parameters
    ----------
    func : callable
        ``func(*inputs)`` gives a tensor, or a tuple of tensors; outputs that are not floating are
        left out. Keyword arguments: ``lambda x: func(x, dim=0)``.
    inputs : Tensor or sequence
        Every input of dtype float64 is checked, whether it requires a gradient or not (NumPy arrays
        too); all others are passed on. The function gets copies: neither the inputs nor their
        ``grad`` change.
    eps : float
        The step ε. About the cube root of the precision balances rounding against curvature.
    atol, rtol : float
        How far the two may lie apart.
    raise_exception : bool
        Raise for a wrong gradient; otherwise return False.
    nondet_tol : float
        How far two runs of the same backward may lie apart.
    check_undefined_grad, check_grad_dtypes : bool
        Accepted as in PyTorch. Both always hold here: each output is differentiated with no
        gradient at all for the others, and the dtype of a gradient is always checked.
    fast_mode : bool
        Compare one random projection uᵀ J v an input in place of the Jacobian J: two evaluations of
        the function an input instead of two an element. Only for a failure the whole J is computed,
        to name the element.
    wrt : sequence of int or str, optional
        Positions or names of the inputs to check, instead of all of them.

    Returns
    -------
    bool
        Whether all gradients are right.

    Raises
    ------
    GradcheckError
        Names the input, the index in it, the analytic number and the numeric one.
    ValueError
        If an input is of another floating dtype than float64 (rounding would drown the difference),
        or nothing is there to be checked.

    Notes
    -----
    Random numbers from the default generator (dropout) repeat in every evaluation, and afterwards
    the generator is where it was before.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, eq. 5.69 (central differences).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([0.5, 2.0], dtype=tgb.float64)
    >>> tgb.autograd.gradcheck(lambda x: x**3, x)
    True
    >>> tgb.autograd.gradcheck(lambda x: x * x.detach(), x)
    Traceback (most recent call last):
        ...
    tinygrad_bp.autograd.differences.GradcheckError: gradcheck: output 0 has a wrong gradient
    with respect to input 0 ('x', shape (2,)), at its index (1,) and the output's (1,):
    analytic 2, numeric 4...
    """
    values = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    names = _names(func, values)
    positions = _positions(values, names, wrt)
    check = Comparison(func, values, positions, eps, atol, rtol)
    try:
        with random_numbers_repeat():
            check.labels = [f"input {p}{title_of(names[p], values[p])}" for p in positions]
            check.run(fast_mode, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
    wrt: Sequence[int | str] | None = None,
) -> bool:
    """Compare the second derivatives of a function with central differences of the first.

    What is checked is the gradient of ``x, v ↦ vᵀ J(x)``, in the inputs and in v.

    Parameters
    ----------
    func, inputs, eps, atol, rtol, raise_exception, nondet_tol, fast_mode, wrt
        As for :func:`gradcheck`.
    grad_outputs : Tensor or sequence of Tensor, optional
        v, one tensor for each floating output; by default random (always the same).

    Returns
    -------
    bool
        Whether all second derivatives are right.

    Raises
    ------
    GradcheckError, ValueError
        As :func:`gradcheck`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([0.5, 2.0], dtype=tgb.float64)
    >>> tgb.autograd.gradgradcheck(lambda x: x.exp(), x)
    True
    """
    values = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    names = _names(func, values)
    positions = _positions(values, names, wrt)
    with random_numbers_repeat():
        outputs = floating_of(func(*copies_of(values, positions)))
    if grad_outputs is None:
        rng = np.random.Generator(np.random.PCG64(1))
        weights = [wrap(rng.standard_normal(o.shape).astype(o._array.dtype)) for o in outputs]
    else:
        weights = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
        if len(weights) != len(outputs):
            raise ValueError(
                f"gradgradcheck: {len(weights)} grad_outputs for {len(outputs)} floating output(s)"
            )
    n = len(values)

    def first(*arguments: Any) -> tuple[Tensor, ...]:
        made = floating_of(func(*arguments[:n]))
        sources = [arguments[p] for p in positions]
        roots = [(o, v) for o, v in zip(made, arguments[n:], strict=True) if o.requires_grad]
        if not roots:
            return tuple(wrap(np.zeros(s.shape)) for s in sources)
        return grad([o for o, _ in roots], sources, [v for _, v in roots], create_graph=True,
                    materialize_grads=True)  # fmt: skip

    check = Comparison(first, [*values, *weights], [*positions, *range(n, n + len(weights))],
                   eps, atol, rtol)  # fmt: skip
    check.what = "gradgradcheck"
    titles = [f"input {p}{title_of(names[p], values[p])}" for p in positions]
    check.labels = titles + [f"grad_outputs[{i}]" for i in range(len(weights))]
    check.output_labels = [f"the gradient of {title}" for title in titles]
    try:
        with random_numbers_repeat():
            check.run(fast_mode, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _names(func: Callable[..., Any], values: list[Any]) -> list[str | None]:
    """Name each input: as the tensor was named, else as the function's parameter."""
    import inspect  # only here: importing it takes longer than the rest of this package

    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):  # a builtin, an operation of the table
        parameters = []
    names: list[str | None] = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if not parameters:
        names = list(getattr(func, "inputs", ()))
    names = (names + [None] * len(values))[: len(values)]
    return [getattr(v, "_name", None) or n for v, n in zip(values, names, strict=True)]


def _positions(values: list[Any], names: Any, wrt: Sequence[int | str] | None) -> list[int]:
    """Return which inputs are checked."""
    if wrt is not None:
        unknown = [w for w in wrt if w not in names and w not in range(len(values))]
        if unknown:
            raise ValueError(f"gradcheck: wrt names {unknown}, which are no inputs of the function")
        chosen = {names.index(w) if isinstance(w, str) else w for w in wrt}
    positions = []
    for i, value in enumerate(values):
        if wrt is not None and i not in chosen:
            continue
        array = array_of(value)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            continue
        if array.dtype != np.float64:
            raise ValueError(
                f"gradcheck: input {i}{title_of(names[i], value)} is of {array.dtype}, where a "
                "difference quotient drowns in rounding (complex ones are not supported): pass it "
                "as x.to(tgb.float64)"
            )
        positions.append(i)
    if not positions:
        raise ValueError("gradcheck: no input is a float64 tensor, so that nothing can be checked")
    return positions
