"""An update of the parameters: forward, backward, clipping, the optimizer's step."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..creation import tensor
from ..mode import no_grad
from ..nn.utils import clip_grad_norm_, clip_grad_value_
from ..tensor import wrap
from .batches import Batch
from .objectives import Objective

__all__ = ["Seen", "Updates", "groups", "mean_loss"]


class Seen(NamedTuple):
    """What a batch gave.

    Attributes
    ----------
    loss : float
        Its mean, without penalties.
    weight : float
        Of all its examples.
    output, target : ndarray
    """

    loss: float
    weight: float
    output: np.ndarray[Any, Any]
    target: np.ndarray[Any, Any]


def groups(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Put batches together whose gradients are added up before an update."""
    while group := list(islice(batches, size)):
        yield group


class Updates:
    """Runs batches through a model.

    Parameters
    ----------
    model : Module
    objective : Objective
    optimizer : Optimizer
    clip_norm, clip_value : float, optional
    compiled : bool
        Whether the update runs as one program, see :func:`tinygrad_bp.compile`.
    """

    def __init__(self, model: Any, objective: Objective, optimizer: Any,
                 clip_norm: float | None = None, clip_value: float | None = None,
                 compiled: bool = False) -> None:  # fmt: skip
        self.model, self.objective, self.optimizer = model, objective, optimizer
        self.clip_norm, self.clip_value = clip_norm, clip_value
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._kept: dict[str, Any] = model.state_dict(keep_vars=True)
        self._whole: Any = self._update
        self._part: Any = self._gather
        if compiled:
            from .rehearsal import Rehearsed

            self._whole = Rehearsed(self._update, model, optimizer)
            self._part = Rehearsed(self._gather, model, optimizer)

    def learn(self, group: Sequence[Batch]) -> list[Seen]:
        """Update the parameters by the mean gradient of all examples of these batches."""
        if len(group) == 1:
            return [self._alone(group[0])]
        weights = [self.objective.weights(batch) for batch in group]
        sums = [_total(batch, weight) for batch, weight in zip(group, weights, strict=True)]
        self.optimizer.zero_grad()
        found = []
        for batch, weight, part in zip(group, weights, sums, strict=True):
            share = tensor(part / (sum(sums) or 1.0))
            loss, output = self._part(batch.inputs, batch.target, weight, share)
            found.append(seen(loss, output, batch.target, part))
        self._step()
        return found

    def _alone(self, batch: Batch) -> Seen:
        weight = self.objective.weights(batch)
        loss, output = self._whole(batch.inputs, batch.target, weight)
        return seen(loss, output, batch.target, _total(batch, weight))

    def judge(self, batch: Batch) -> Seen:
        """Run a batch, and learn nothing from it."""
        weight = self.objective.weights(batch)
        total = _total(batch, weight)
        with no_grad():
            output = self.model(*batch.inputs)
            loss = self.objective(output, batch.target, weight)
        return seen(loss, output, batch.target, total)

    def output(self, batch: Batch) -> np.ndarray[Any, Any]:
        """Return what the model gives for a batch."""
        with no_grad():
            array: np.ndarray[Any, Any] = self.model(*batch.inputs).detach().numpy()
        return array

    def gradient_norm(self) -> float:
        """Return the norm of the gradients of the last update, after clipping."""
        gradients = [p.grad._array.ravel() for p in self._parameters if p.grad is not None]
        return math.sqrt(sum(float(g @ g) for g in gradients))

    def snapshot(self) -> dict[str, Any]:
        """Return copies of the model's parameters and buffers, as its ``state_dict`` names them."""
        return {
            name: wrap(t._array.copy()) if hasattr(t, "_array") else copy.deepcopy(t)
            for name, t in self._kept.items()
        }

    def _backward(self, inputs: Any, target: Any, weight: Any, share: Any) -> Any:
        output = self.model(*inputs)
        loss = self.objective(output, target, weight)
        penalty = self.objective.penalty(self._parameters)
        whole = loss if penalty is None else loss + penalty
        (whole if share is None else whole * share).backward()
        return loss, output

    def _gather(self, inputs: Any, target: Any, weight: Any, share: Any) -> Any:
        return self._backward(inputs, target, weight, share)

    def _update(self, inputs: Any, target: Any, weight: Any) -> Any:
        self.optimizer.zero_grad()
        results = self._backward(inputs, target, weight, None)
        self._step()
        return results

    def _step(self) -> None:
        if self.clip_value is not None:
            clip_grad_value_(self._parameters, self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(self._parameters, self.clip_norm)
        self.optimizer.step()


def mean_loss(results: list[Seen]) -> float:
    """Return the mean loss of all examples; 0 if none counts."""
    return sum(s.loss * s.weight for s in results) / (sum(s.weight for s in results) or 1.0)


def _total(batch: Batch, weight: Any) -> float:
    return float(len(batch) if weight is None else weight.sum())


def seen(loss: Any, output: Any, target: Any, weight: float) -> Seen:
    """Take the numbers out of tensors."""
    return Seen(loss._array.item(), weight, output._array, target._array)
