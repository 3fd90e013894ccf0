"""Layers, optimizer and losses from an estimator's parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from .. import nn, optim
from ..nn import functional as F
from ..random import manual_seed
from ..rules.native import numpy_alone
from ..tensor import wrap
from ..train.optimizers import optimizer_of
from .row import MOST, InARow

__all__ = [
    "ACTIVATIONS", "LOSSES", "class_loss", "decay", "decays", "is_long", "label_loss", "layers",
    "on_its_own", "optimizer",
]  # fmt: skip

_THREADS = ThreadpoolController()  # NumPy's BLAS; to look for it takes milliseconds

#: Numbers that a fit may come to update from which machine code is worth loading for it: three
#: times what NumPy updates meanwhile.
_LONG = 1 << 26

#: name -> class; scikit-learn's names first
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
    "elu": nn.ELU, "gelu": nn.GELU, "hardswish": nn.Hardswish, "leaky_relu": nn.LeakyReLU,
    "mish": nn.Mish, "selu": nn.SELU, "sigmoid": nn.Sigmoid, "silu": nn.SiLU,
    "softplus": nn.Softplus,
}  # fmt: skip


def _activation(given: Any) -> Any:
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise ValueError(f"no activation {given!r}: there are {', '.join(ACTIVATIONS)}")
        return ACTIVATIONS[given]()
    if isinstance(given, nn.Module):
        return copy.deepcopy(given)
    made = given() if callable(given) else None
    if not isinstance(made, nn.Module):
        raise ValueError(f"activation is a name, a module or its class; not {given!r}")
    return made


def sizes_of(given: Any) -> list[int]:
    """Return the hidden layers' widths.

    Raises
    ------
    ValueError
        For widths that are not positive integers.
    """
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if any(not isinstance(s, (int, np.integer)) or s <= 0 for s in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(s) for s in sizes]


def layers(estimator: Any, inputs: int, outputs: int, kind: Any, rng: Any) -> Any:
    """Return the network that an estimator's parameters describe.

    It begins as MLPClassifier's with the same RandomState does: uniform numbers between
    ±√(6 / (fan in + fan out)), for biases, too (√2 for the logistic function).
    """
    given = estimator.module
    if given is not None:
        made = given
        if isinstance(given, nn.Module):
            made = copy.deepcopy(given)
        elif callable(given):
            manual_seed(int(rng.randint(2**31 - 1)))  # its numbers are to be random_state's affair
            made = given(inputs, outputs)
        if not isinstance(made, nn.Module):
            raise ValueError(f"module is a Module or a function that makes one; not {given!r}")
        return made
    sizes = [inputs, *sizes_of(estimator.hidden_layer_sizes), outputs]
    if estimator.dropout == 1:
        raise ValueError(f"dropout is a share, 0 <= dropout < 1; not {estimator.dropout!r}")
    factor = 2.0 if estimator.activation == "logistic" else 6.0
    parts: list[Any] = []
    for i, (a, b) in enumerate(pairwise(sizes)):
        linear = nn.Linear(a, b)
        bound = np.sqrt(factor / (a + b))
        W = rng.uniform(-bound, bound, (a, b))
        linear.weight = nn.Parameter(wrap(np.ascontiguousarray(W.T.astype(kind))))
        linear.bias = nn.Parameter(wrap(rng.uniform(-bound, bound, b).astype(kind)))
        parts.append(linear)
        if i < len(sizes) - 2:
            if estimator.batch_norm:
                norm = nn.BatchNorm1d(b)
                parts.append(norm.double() if kind == np.float64 else norm)
            parts.append(_activation(estimator.activation))
            if estimator.dropout:
                parts.append(nn.Dropout(estimator.dropout))
    return nn.Sequential(*parts)


def is_long(estimator: Any, module: Any, batches: int) -> bool:
    """Whether machine code is worth loading for a fit of so many batches an epoch."""
    numbers = sum(p.numel() for p in module.parameters())
    return bool(estimator.max_iter * batches * numbers > _LONG)


@contextmanager
def on_its_own() -> Iterator[None]:
    """Run a short fit without machine code and without BLAS's threads.

    Threads gain little with products so small, and where others use the cores, each product waits
    for them: then a fit takes ten times as long.
    """
    with numpy_alone(), _THREADS.limit(limits=1, user_api="blas"):
        yield


def optimizer(estimator: Any, module: Any, batches: int) -> Any:
    """Return the optimizer of an estimator's parameters, for so many batches an epoch."""
    e, rate = estimator, estimator.learning_rate_init
    if not rate > 0:
        raise ValueError(f"learning_rate_init must be > 0, got {rate!r}")
    if e.solver not in ("adam", "sgd"):
        return optimizer_of(e.solver, module, rate)
    parameters = [p for p in module.parameters() if p.requires_grad]
    numbers = sum(p.numel() for p in parameters)
    fused = None if is_long(e, module, batches) else False

    def make(groups: Any) -> Any:
        if e.solver == "adam":
            betas = (e.beta_1, e.beta_2)
            return optim.Adam(groups, lr=rate, betas=betas, eps=e.epsilon, fused=fused)
        nesterov = bool(e.nesterovs_momentum and e.momentum > 0)
        return optim.SGD(groups, lr=rate, momentum=e.momentum, nesterov=nesterov, fused=fused)

    if numbers <= MOST and e.module is None and not e.compile:
        kinds = {p.dtype for p in parameters}
        if len(kinds) == 1:
            return InARow(parameters, make)
    parts = [[p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim < 2]]
    return make([{"params": part} for part in parts if part])


def decay(optimizer: Any, l2: float) -> None:
    """Set the share of the penalty ½ l2 Σ W² whose gradient the optimizer adds by itself."""
    if isinstance(optimizer, InARow):
        optimizer.l2 = l2
    else:
        optimizer.param_groups[0]["weight_decay"] = l2  # the weights come before the biases


def decays(estimator: Any) -> bool:
    """Whether the optimizer adds the gradient of the L2 penalty: that costs nothing extra."""
    return estimator.solver in ("adam", "sgd")


def class_loss(output: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the cross-entropy, in nats: of one logit for class 1, or of a logit for each class."""
    if output.ndim == 1 or output.shape[1] == 1:
        loss = F.binary_cross_entropy_with_logits(
            _like(output, target), target, reduction=reduction
        )
        return loss if reduction == "mean" else loss.reshape(-1)
    return F.cross_entropy(output, target.long(), reduction=reduction)


def _like(output: Any, target: Any) -> Any:
    return output if output.ndim == target.ndim else output.reshape(target.shape)


def label_loss(output: Any, target: Any, reduction: str = "mean") -> Any:
    """Return the binary cross-entropies, summed over labels."""
    each = F.binary_cross_entropy_with_logits(output, target, reduction="none").sum(1)
    return each.mean() if reduction == "mean" else each


def _summed(loss: Callable[..., Any], factor: float) -> Callable[..., Any]:
    def of(output: Any, target: Any, reduction: str = "mean") -> Any:
        output = _like(output, target)
        k = factor * (target.shape[1] if target.ndim > 1 else 1)
        if reduction == "mean":
            mean = loss(output, target)
            return mean if k == 1 else mean * k
        each = loss(output, target, reduction="none") * factor
        return each.sum(1) if each.ndim > 1 else each

    return of


#: of the regressor: name -> sum over outputs, mean over examples
LOSSES = {
    "squared_error": _summed(F.mse_loss, 0.5),
    "absolute_error": _summed(F.l1_loss, 1.0),
    "huber": _summed(F.huber_loss, 1.0),
    "poisson": _summed(F.poisson_nll_loss, 1.0),
}
