"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..mode import enable_grad, no_grad
from ..tensor import Tensor, wrap
from .blocks import real_line
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, check_not_negative

__all__ = ["LBFGS"]

Array = np.ndarray[Any, Any]


class LBFGS(Optimizer):
    """Newton's method, with the inverse Hessian guessed from the last steps and gradients.

    d = −H g;  w ← w + t d, where H maps each remembered change of the gradient to its step

    Parameters
    ----------
    params : iterable
        See :class:`Optimizer`. One group only.
    lr : float
        The length t; the first that a line search tries.
    max_iter : int
        How many iterations a :meth:`step` makes at most.
    max_eval : int, optional
        How often it calls the closure at most: 1.25 · `max_iter`, if left out.
    tolerance_grad : float
        End if no component of the gradient is larger.
    tolerance_change : float
        End if the loss, or every weight, changes less.
    history_size : int
        How many steps are remembered.
    line_search_fn : {None, "strong_wolfe"}
        How t is found.

    Raises
    ------
    ValueError
        For a negative rate, or several groups.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = tgb.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - 3) ** 2 * tgb.tensor([1.0, 10.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> bool(((w - 3).abs() < 1e-4).all())
    True

    Notes
    -----
    Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_not_negative(learning_rate=lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Make up to `max_iter` iterations.

        Parameters
        ----------
        closure : callable
            Computes the loss and its gradients anew, and returns the loss.

        Returns
        -------
        The loss before the step.
        """
        closure = enable_grad()(closure)
        group = self.param_groups[0]
        tolerance = group["tolerance_change"]
        search = group["line_search_fn"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss, gradient = float(first_loss), self._gradient()
        evaluated = 1
        state["func_evals"] += 1
        if np.abs(gradient).max() <= group["tolerance_grad"]:
            return first_loss
        for left in range(group["max_iter"] - 1, -1, -1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            length = float(group["lr"])
            if state["n_iter"] == 1:  # the gradient alone says nothing about the scale
                length *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
            state["prev_flat_grad"], state["prev_loss"] = wrap(gradient), loss
            state["d"], state["t"] = wrap(direction), length
            slope = float(gradient @ direction)
            if slope > -tolerance:
                break
            before = loss
            calls = 0
            if search:
                found, calls = strong_wolfe(
                    self._along(closure, direction),
                    Point(0.0, loss, gradient, slope),
                    length,
                    length=float(np.abs(direction).max()),
                    max_steps=group["max_eval"] - evaluated,
                )
                state["t"], loss, gradient, _ = found
                self._move(state["t"] * direction)
            else:
                self._move(length * direction)
                if left:  # after the last iteration nobody would look
                    loss, gradient, calls = float(closure()), self._gradient(), 1
            evaluated += calls
            state["func_evals"] += calls
            if (
                evaluated >= group["max_eval"]
                or np.abs(gradient).max() <= group["tolerance_grad"]
                or np.abs(direction * state["t"]).max() <= tolerance
                or abs(loss - before) < tolerance
            ):
                break
        return first_loss

    def _direction(self, state: dict[str, Any], gradient: Array, history_size: int) -> Array:
        """Return −H g, after taking the last step into the history."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -gradient
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change = gradient - state["prev_flat_grad"]._array
        step = state["d"]._array * np.asarray(state["t"], gradient.dtype)
        curvature = change @ step
        if curvature > 1e-10:
            if len(changes) == history_size:
                for remembered in (changes, steps, ro):
                    remembered.pop(0)
            changes.append(wrap(change))
            steps.append(wrap(step))
            ro.append(wrap(np.asarray(1 / curvature)))
            state["H_diag"] = wrap(np.asarray(curvature / (change @ change)))
        state.setdefault("al", [None] * history_size)  # PyTorch keeps its scratch list in the state
        # Two loops, backwards and forwards through the history (Nocedal and Wright, algorithm 7.4).
        pairs = [(y._array, s._array, r._array) for y, s, r in zip(changes, steps, ro, strict=True)]
        shares = []
        q = -gradient
        for y, s, r in reversed(pairs):
            shares.append(r * (s @ q))
            q = q - shares[-1] * y
        d: Array = q * getattr(state["H_diag"], "_array", state["H_diag"])
        for (y, s, r), share in zip(pairs, reversed(shares), strict=True):
            d = d + (share - r * (y @ d)) * s
        return d

    def _along(self, closure: Callable[[], Any], direction: Array) -> Callable[[float], Point]:
        """Make the function that tries a step along a direction, and goes back."""
        start = [parameter._array.copy() for parameter in self.param_groups[0]["params"]]

        def evaluate(step: float) -> Point:
            self._move(step * direction)
            loss, gradient = float(closure()), self._gradient()
            for parameter, values in zip(self.param_groups[0]["params"], start, strict=True):
                parameter._array[...] = values
                parameter.storage.touch()
            return Point(step, loss, gradient, float(gradient @ direction))

        return evaluate

    def _gradient(self) -> Array:
        """Copy all gradients into one line."""
        return np.concatenate(
            [
                real_line(np.zeros_like(p._array) if p.grad is None else p.grad._array)
                for p in self.param_groups[0]["params"]
            ]
        )

    def _move(self, update: Array) -> None:
        """Add a line of numbers to all parameters."""
        start = 0
        parameter: Tensor
        for parameter in self.param_groups[0]["params"]:
            array = parameter._array
            pair = array.dtype.kind == "c"
            end = start + array.size * (2 if pair else 1)
            part = update[start:end].astype(array.real.dtype, copy=False)
            array += (part.view(array.dtype) if pair else part).reshape(array.shape)
            parameter.storage.touch()
            start = end
