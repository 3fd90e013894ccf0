"""Gradients held against difference quotients: entry by entry, or along random directions."""

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

__all__ = [
    "Comparison",
    "GradcheckError",
    "array_of",
    "copies_of",
    "floating_of",
    "random_numbers_repeat",
    "title_of",
]

Array = np.ndarray[Any, np.dtype[Any]]


class GradcheckError(RuntimeError):
    """A gradient that does not agree with the difference quotient of its function."""


def array_of(value: Any) -> Any:
    """Give a tensor's array, and anything else as it is."""
    return getattr(value, "_array", value)


def _index(place: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(place, shape))


def title_of(name: str | None, value: Any) -> str:
    """Say in an error which input is meant."""
    shape = f"shape {tuple(np.shape(getattr(value, '_array', value)))}"
    return f" ('{name}', {shape})" if name else f" ({shape})"


def copies_of(values: list[Any], positions: Sequence[int]) -> list[Any]:
    """Give checked inputs as fresh leaves, and copies of the other tensors."""
    copies: list[Any] = []
    for i, value in enumerate(values):
        array = array_of(value)
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


def floating_of(outputs: Any) -> list[Tensor]:
    """Give the outputs that have a gradient."""
    many = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return [o for o in many if isinstance(o, Tensor) and o._array.dtype.kind == "f"]


@contextlib.contextmanager
def random_numbers_repeat() -> Iterator[None]:
    """Put the default generator back to where it was."""
    state = random.default_generator.get_state()
    try:
        yield
    finally:
        random.default_generator.set_state(state)


class Comparison:
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
        """Run the function, each time with the same random numbers."""
        random.default_generator.set_state(self.state)
        with enable_grad():
            return floating_of(self.func(*arguments))

    def run(self, fast: bool, nondet_tol: float) -> None:
        """Compare everything; raise at the first disagreement."""
        arguments = copies_of(self.values, self.positions)
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
        arguments = copies_of(self.values, self.positions)
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
        """Whether numbers agree within the tolerances."""
        with np.errstate(invalid="ignore"):
            return np.abs(analytic - numeric) <= self.atol + self.rtol * np.abs(numeric)

    def compare(self, s: int, analytic: list[Array], numeric: list[Array]) -> None:
        """Compare the Jacobians of one source; tell the worst entry."""
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
        """Return the shape of a source."""
        return tuple(array_of(self.values[self.positions[s]]).shape)

    def output_shape(self, o: int) -> tuple[int, ...]:
        """Return the shape of an output."""
        return tuple(self.outputs(copies_of(self.values, self.positions))[o].shape)

    def compare_projections(self, o: int, outputs: list[Tensor], sources: list[Tensor],
                            seed: Array, projected: list[Array], rng: Any) -> None:  # fmt: skip
        """Compare along a random direction of each source; on a difference, find the entry."""
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
