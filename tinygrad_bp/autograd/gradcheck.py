"""Are the gradients right? Every one is compared with a difference quotient of the function."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import random
from ..mode import enable_grad
from ..tensor import Tensor, wrap
from .gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Array = np.ndarray[Any, np.dtype[Any]]


class GradcheckError(RuntimeError):
    """A gradient that does not agree with the difference quotient of its function."""


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
    tinygrad_bp.autograd.gradcheck.GradcheckError: gradcheck: output 0 has a wrong gradient
    with respect to input 0 ('x', shape (2,)), at its index (1,) and the output's (1,):
    analytic 2, numeric 4...
    """
    values = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    names = _names(func, values)
    positions = _positions(values, names, wrt)
    check = _Check(func, values, positions, eps, atol, rtol)
    try:
        with _random_numbers_repeat():
            check.labels = [f"input {p}{_title(names[p], values[p])}" for p in positions]
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
    with _random_numbers_repeat():
        outputs = _floating(func(*_copies(values, positions)))
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
        made = _floating(func(*arguments[:n]))
        sources = [arguments[p] for p in positions]
        roots = [(o, v) for o, v in zip(made, arguments[n:], strict=True) if o.requires_grad]
        if not roots:
            return tuple(wrap(np.zeros(s.shape)) for s in sources)
        return grad([o for o, _ in roots], sources, [v for _, v in roots], create_graph=True,
                    materialize_grads=True)  # fmt: skip

    check = _Check(first, [*values, *weights], [*positions, *range(n, n + len(weights))],
                   eps, atol, rtol)  # fmt: skip
    check.what = "gradgradcheck"
    titles = [f"input {p}{_title(names[p], values[p])}" for p in positions]
    check.labels = titles + [f"grad_outputs[{i}]" for i in range(len(weights))]
    check.output_labels = [f"the gradient of {title}" for title in titles]
    try:
        with _random_numbers_repeat():
            check.run(fast_mode, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


# ---------------------------------------------------------------------------------- what to check


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


def _array(value: Any) -> Any:
    return getattr(value, "_array", value)


def _index(place: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(place, shape))


def _title(name: str | None, value: Any) -> str:
    shape = f"shape {tuple(np.shape(getattr(value, '_array', value)))}"
    return f" ('{name}', {shape})" if name else f" ({shape})"


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
        array = _array(value)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            continue
        if array.dtype != np.float64:
            raise ValueError(
                f"gradcheck: input {i}{_title(names[i], value)} is of {array.dtype}, where a "
                "difference quotient drowns in rounding (complex ones are not supported): pass it "
                "as x.to(tgb.float64)"
            )
        positions.append(i)
    if not positions:
        raise ValueError("gradcheck: no input is a float64 tensor, so that nothing can be checked")
    return positions


def _copies(values: list[Any], positions: Sequence[int]) -> list[Any]:
    """Give checked inputs as fresh leaves, and copies of the other tensors."""
    copies: list[Any] = []
    for i, value in enumerate(values):
        array = _array(value)
        if i in positions:
            fresh = wrap(np.array(array)).requires_grad_()
            if getattr(value, "_name", None):
                fresh.named(value._name)
            copies.append(fresh)
        elif isinstance(value, Tensor):
            copies.append(wrap(np.array(array)))
        else:
            copies.append(value)
    return copies


def _floating(outputs: Any) -> list[Tensor]:
    many = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return [o for o in many if isinstance(o, Tensor) and o._array.dtype.kind == "f"]


@contextlib.contextmanager
def _random_numbers_repeat() -> Iterator[None]:
    state = random.default_generator.get_state()
    try:
        yield
    finally:
        random.default_generator.set_state(state)


# -------------------------------------------------------------------------------------- the check


class _Check:
    """One comparison: the function, where it is differentiated, and the tolerances."""

    def __init__(self, func: Callable[..., Any], values: list[Any], positions: list[int],
                 eps: float, atol: float, rtol: float) -> None:  # fmt: skip
        self.func, self.values, self.positions = func, values, positions
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.what = "gradcheck"
        self.labels: list[str] = []
        self.output_labels: list[str] = []
        self.state = random.default_generator.get_state()

    def outputs(self, arguments: list[Any]) -> list[Tensor]:
        random.default_generator.set_state(self.state)
        with enable_grad():
            return _floating(self.func(*arguments))

    def run(self, fast: bool, nondet_tol: float) -> None:
        arguments = _copies(self.values, self.positions)
        sources = [arguments[p] for p in self.positions]
        outputs = self.outputs(arguments)
        if not outputs:
            raise ValueError(f"{self.what}: the function returns no floating-point tensor")
        if not self.output_labels:
            self.output_labels = [f"output {i}" for i in range(len(outputs))]
        rng = np.random.Generator(np.random.PCG64(0))
        for o, output in enumerate(outputs):
            seed = rng.standard_normal(output.shape)
            projected = self.pull(output, sources, seed)
            for s, (a, b) in enumerate(
                zip(projected, self.pull(output, sources, seed), strict=True)
            ):
                if not np.allclose(a, b, rtol=0, atol=nondet_tol, equal_nan=True):
                    raise GradcheckError(
                        f"{self.what}: backward of {self.output_labels[o]} gives different "
                        f"gradients for {self.labels[s]} when it is run twice; they are "
                        f"{np.max(np.abs(a - b)):.6g} apart, nondet_tol is {nondet_tol}"
                    )
            if fast:
                self.compare_projections(o, outputs, sources, seed, projected, rng)
        if not fast:
            analytic = self.analytic(outputs, sources)
            for s in range(len(sources)):
                self.compare(s, [rows[s] for rows in analytic], self.numeric(s, outputs))

    def pull(self, output: Tensor, sources: list[Tensor], seed: Array) -> list[Array]:
        """Return seedᵀ J for every input."""
        if not output.requires_grad:
            return [np.zeros(s.shape) for s in sources]
        weight = wrap(np.asarray(seed, output._array.dtype).reshape(output.shape))
        gradients = grad(output, sources, weight, retain_graph=True, materialize_grads=True)
        for label, source, gradient in zip(self.labels, sources, gradients, strict=True):
            if gradient.shape != source.shape or gradient.dtype != source.dtype:
                raise GradcheckError(
                    f"{self.what}: the gradient of {label} is of shape {tuple(gradient.shape)} and "
                    f"{gradient.dtype.name}, the input of {tuple(source.shape)} and "
                    f"{source.dtype.name}"
                )
        return [g._array for g in gradients]

    def analytic(self, outputs: list[Tensor], sources: list[Tensor]) -> list[list[Array]]:
        """Return for each output and input the Jacobian: a row an output element."""
        jacobians = []
        for output in outputs:
            found = [np.zeros((output.numel(), s.numel())) for s in sources]
            for row in range(output.numel()):
                seed = np.zeros(output.numel())
                seed[row] = 1
                for jacobian, part in zip(found, self.pull(output, sources, seed), strict=True):
                    jacobian[row] = part.reshape(-1)
            jacobians.append(found)
        return jacobians

    def evaluate(self, s: int, shift: Array, like: list[Tensor]) -> tuple[list[Array], Array]:
        """Return the outputs with input `s` shifted, and where that input then stands."""
        arguments = _copies(self.values, self.positions)
        moved = arguments[self.positions[s]]._array
        moved += shift
        outputs = [o._array for o in self.outputs(arguments)]
        if [o.shape for o in outputs] != [o._array.shape for o in like]:
            raise GradcheckError(
                f"{self.what}: the shapes of the outputs change with the values of {self.labels[s]}"
            )
        return outputs, np.array(moved)

    def numeric(self, s: int, outputs: list[Tensor]) -> list[Array]:
        """Return for each output the Jacobian in input `s`, by central differences."""
        shape = self.shape(s)
        size = math.prod(shape)
        found = [np.zeros((o.numel(), size)) for o in outputs]
        for column in range(size):
            shift = np.zeros(shape)
            shift.reshape(-1)[column] = self.eps
            above, there = self.evaluate(s, shift, outputs)
            below, here = self.evaluate(s, -shift, outputs)
            # The step that was made: x ± ε is rounded, and the difference quotient would see it.
            step = (there - here).reshape(-1)[column]
            for jacobian, high, low in zip(found, above, below, strict=True):
                with np.errstate(invalid="ignore"):
                    jacobian[:, column] = ((high - low) / step).reshape(-1)
        return found

    def close(self, analytic: Any, numeric: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.abs(analytic - numeric) <= self.atol + self.rtol * np.abs(numeric)

    def compare(self, s: int, analytic: list[Array], numeric: list[Array]) -> None:
        for o, (a, n) in enumerate(zip(analytic, numeric, strict=True)):
            wrong = ~self.close(a, n)
            if not wrong.any():
                continue
            with np.errstate(invalid="ignore"):
                error = np.where(wrong, np.nan_to_num(np.abs(a - n), nan=np.inf), -1.0)
            row, column = np.unravel_index(int(np.argmax(error)), error.shape)
            index = _index(column, self.shape(s))
            place = _index(row, self.output_shape(o))
            raise GradcheckError(
                f"{self.what}: {self.output_labels[o]} has a wrong gradient with respect to "
                f"{self.labels[s]}, at its index {index} and the output's {place}: "
                f"analytic {a[row, column]:.10g}, numeric {n[row, column]:.10g}, "
                f"{abs(a[row, column] - n[row, column]):.3g} apart (allowed: "
                f"{self.atol:g} + {self.rtol:g} · |numeric|); {int(wrong.sum())} of {wrong.size} "
                "entries of this Jacobian are wrong, this one is the worst"
            )

    def shape(self, s: int) -> tuple[int, ...]:
        return tuple(_array(self.values[self.positions[s]]).shape)

    def output_shape(self, o: int) -> tuple[int, ...]:
        return tuple(self.outputs(_copies(self.values, self.positions))[o].shape)

    def compare_projections(self, o: int, outputs: list[Tensor], sources: list[Tensor],
                            seed: Array, projected: list[Array], rng: Any) -> None:  # fmt: skip
        for s, source in enumerate(sources):
            direction = rng.standard_normal(source.shape)
            direction = direction / max(float(np.sqrt((direction * direction).sum())), 1e-300)
            above, _ = self.evaluate(s, self.eps * direction, outputs)
            below, _ = self.evaluate(s, -self.eps * direction, outputs)
            numeric = float((seed * (above[o] - below[o])).sum() / (2 * self.eps))
            analytic = float((projected[s] * direction).sum())
            if not self.close(analytic, numeric):
                self.compare(s, [rows[s] for rows in self.analytic(outputs, sources)],
                             self.numeric(s, outputs))  # fmt: skip
                raise GradcheckError(
                    f"{self.what}: {self.output_labels[o]} has a wrong gradient with respect to "
                    f"{self.labels[s]}, along a random direction: analytic {analytic:.10g}, "
                    f"numeric {numeric:.10g}; element by element the two agree within the tolerance"
                )
