"""What is minimised: a loss, weights of examples and classes, and penalties on the weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtype import as_numpy, get_default_dtype
from ..nn import Module
from ..nn import functional as F
from ..tensor import Tensor, wrap

__all__ = ["LOSSES", "Objective"]


def _binary(output: Any, target: Any, **options: Any) -> Any:
    target = target.reshape(output.shape).to(output.dtype)
    return F.binary_cross_entropy_with_logits(output, target, **options)


def _fitted(function: Callable[..., Any]) -> Callable[..., Any]:
    def loss(output: Any, target: Any, **options: Any) -> Any:
        if output.shape != target.shape and output.numel() == target.numel():
            target = target.reshape(output.shape)  # (m,) for the outputs (m, 1)
        return function(output, target.to(output.dtype), **options)

    return loss


#: name -> a function of output and target with `reduction`
LOSSES: dict[str, Callable[..., Any]] = {
    "cross_entropy": F.cross_entropy,
    "binary_cross_entropy": _binary,
    "nll": F.nll_loss,
    "mse": _fitted(F.mse_loss),
    "l1": _fitted(F.l1_loss),
    "huber": _fitted(F.huber_loss),
    "poisson": _fitted(F.poisson_nll_loss),
}

_TINY = 1e-30
_OF_CLASSES = ("cross_entropy", "binary_cross_entropy", "nll")


class Objective:
    """``Σ wᵢ lᵢ / Σ wᵢ + l1 Σ |W| + l2/2 Σ W²``: the mean loss of a batch, and penalties.

    Parameters
    ----------
    loss : str, Module, callable or None
        A name of `LOSSES`, or a function of output and target that returns the mean (or, for
        weighted examples, takes ``reduction="none"``). None takes the cross-entropy (in nats) for
        integer targets, the mean squared error for others.
    class_weight : "balanced", array or dict, optional
        How much an example of each class counts. "balanced" is n / (k · n_c), so that all classes
        count the same together.
    l1, l2 : float
        Of weights (two or more axes), not of biases. The gradient of `l2` is l2 · W.
    """

    def __init__(self, loss: Any = None, class_weight: Any = None, l1: float = 0.0,
                 l2: float = 0.0) -> None:  # fmt: skip
        if isinstance(loss, str) and loss not in LOSSES:
            raise ValueError(f"no loss {loss!r}: there are {', '.join(LOSSES)}, or give a function")
        if loss is not None and not isinstance(loss, str) and not callable(loss):
            raise TypeError(f"loss is a name, a module or a function; not a {type(loss).__name__}")
        if l1 < 0 or l2 < 0:
            raise ValueError(f"l1 and l2 are not negative; they are {l1} and {l2}")
        self.loss, self.class_weight, self.l1, self.l2 = loss, class_weight, l1, l2
        self._classes: Tensor | None = None

    @property
    def name(self) -> str:
        """How the loss is called."""
        return self.loss if isinstance(self.loss, str) else type(self.loss).__name__

    def settle(self, target: Any) -> None:
        """Choose the loss and the weights of the classes, knowing the targets (or a batch)."""
        array = np.asarray(target)
        if self.loss is None:
            self.loss = "cross_entropy" if array.dtype.kind in "biu" else "mse"
        if self.class_weight is not None:
            if self.name not in _OF_CLASSES or array.dtype.kind not in "biu":
                raise ValueError(
                    "class_weight needs a loss of classes by name "
                    f"({', '.join(_OF_CLASSES)}) and integer targets"
                )
            self._classes = wrap(_class_weights(self.class_weight, array))

    def weights(self, batch: Any) -> Any:
        """Return how much each example counts; None if all the same."""
        weight = batch.weight
        if self._classes is not None:
            if batch.target.is_floating_point() and batch.target.ndim == 2:  # shares of the classes
                of_class = batch.target @ self._classes
            else:
                of_class = self._classes[batch.target.reshape(-1).long()]
            weight = of_class if weight is None else weight * of_class
        return weight

    def __call__(self, output: Any, target: Any, weight: Any = None) -> Any:
        """Return the mean loss."""
        loss = LOSSES[self.loss] if isinstance(self.loss, str) else self.loss
        if weight is None:
            return loss(output, target)
        each = self._each(loss, output, target)
        if len(each) != len(weight):
            raise ValueError(
                f"the loss gives {tuple(each.shape)} for {len(weight)} weighted examples: weights "
                "need a loss that gives one number for each"
            )
        if each.ndim > 1:
            each = each.flatten(1).mean(1)
        # A batch may have none that counts: its loss is 0, and teaches nothing.
        return (each * weight).sum() / weight.sum().clamp_min(_TINY)

    def _each(self, loss: Any, output: Any, target: Any) -> Any:
        if isinstance(loss, Module):
            if not hasattr(loss, "reduction"):
                raise ValueError(
                    f"{type(loss).__name__} has no reduction='none', which weighted examples need"
                )
            loss = copy.copy(loss)
            loss.reduction = "none"
            return loss(output, target)
        return loss(output, target, reduction="none")

    def penalty(self, parameters: Any) -> Any:
        """Return the penalties on the weights; None if there are none."""
        weights = [p for p in parameters if p.ndim > 1] if self.l1 or self.l2 else []
        if not weights:
            return None
        total: Any = 0.0
        for W in weights:
            if self.l1:
                total = total + self.l1 * W.abs().sum()
            if self.l2:
                total = total + 0.5 * self.l2 * (W * W).sum()
        return total


def _class_weights(given: Any, target: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    kind = as_numpy(get_default_dtype())
    counts = np.bincount(target.reshape(-1).astype(np.int64))
    if isinstance(given, str):
        if given != "balanced":
            raise ValueError(f"class_weight is 'balanced', an array or a dict; not {given!r}")
        if not counts.all():
            raise ValueError(
                f"class {int(counts.argmin())} has no example, so its balanced weight is infinite"
            )
        balanced: np.ndarray[Any, Any] = counts.sum() / (len(counts) * counts)
        return balanced.astype(kind)
    if isinstance(given, dict):
        weights = np.ones(max(len(counts), *(k + 1 for k in given)), kind)
        for label, weight in given.items():
            weights[label] = weight
    else:
        weights = np.asarray(given, kind)
    if weights.ndim != 1 or len(weights) < len(counts) or (weights < 0).any():
        raise ValueError(
            f"class_weight needs a number that is not negative for each of the {len(counts)} "
            f"classes; it has the shape {weights.shape}"
        )
    return weights
