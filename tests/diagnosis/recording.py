"""The forward pass of a network in tinygrad_bp, in the ways people write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tests.diagnosis.networks import Network
from tests.diagnosis.textbook_functions import LEAK
from tinygrad_bp import nn
from tinygrad_bp.nn import functional as F

Rng = np.random.Generator


@dataclass
class Recorded:
    """What the user has in hand after the forward pass.

    Attributes
    ----------
    tensors : dict
        By the names of the notes.
    names : dict of str to str
        Under which name each may be handed in.
    options : dict
        Arguments of `diagnose` beside the loss and the gradients.
    backward_first : bool
        Whether the user runs ``loss.backward()`` before asking: many look at ``.grad`` first.
    """

    loss: tgb.Tensor
    tensors: dict[str, tgb.Tensor]
    names: dict[str, str]
    options: dict[str, Any]
    backward_first: bool


_CALLED: dict[str, Callable[[Any], Any]] = {
    "sigmoid": tgb.sigmoid,
    "tanh": tgb.tanh,
    "relu": tgb.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, LEAK),
    "elu": F.elu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "silu": F.silu,
}
_METHODS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda z: 1 / (1 + tgb.exp(-z)),
    "tanh": lambda z: z.tanh(),
    "relu": lambda z: z.clamp(min=0),
    "leaky_relu": lambda z: tgb.where(z > 0, z, LEAK * z),
    "silu": lambda z: z * tgb.sigmoid(z),
}
_MODULES: dict[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(LEAK), "elu": nn.ELU, "gelu": nn.GELU,
    "softplus": nn.Softplus, "silu": nn.SiLU,
}  # fmt: skip


class Layers(nn.Module):
    """A model with its layers under names of their own: ``fc1``, ``fc2``."""

    def __init__(self, linear: list[nn.Linear]) -> None:
        super().__init__()
        for k, layer in enumerate(linear, 1):
            setattr(self, f"fc{k}", layer)


def record(network: Network, rng: Rng) -> Recorded:
    """Run the forward pass; what doesn't matter for the gradients is drawn at random."""
    tensors = {
        name: tgb.tensor(array, requires_grad=name[0] in "Wb")
        for name, array in network.arrays.items()
    }
    model: Any = None
    linear = _linear(network, tensors) if network.convention == "model" else []
    if linear:
        model = nn.Sequential(*linear) if rng.random() < 0.5 else Layers(linear)
    activate = _METHODS if rng.random() < 0.15 else _CALLED
    A = tensors["X"]
    for k in range(1, network.layers + 1):
        Z = linear[k - 1](A) if linear else _affine(network, k, tensors, A, rng)
        tensors[f"Z{k}"] = Z
        name = network.activations[k - 1]
        if name == "softmax" or (k == network.layers and network.loss == "bce_logits"):
            break  # the loss takes it from here
        if name == "identity":
            A = Z
            continue
        A = _MODULES[name]()(Z) if linear else activate.get(name, _CALLED[name])(Z)
        if k in network.skips:
            A = A + tensors[f"A{network.skips[k]}"]
        tensors[f"A{k}"] = A
    loss = _loss(network, tensors, A, rng) + _penalty(network, tensors, rng)
    names = {name: name for name in tensors}
    options: dict[str, Any] = {}
    if model is not None:
        options["model"] = model
        own = {id(tensor): name for name, tensor in model.named_parameters()}
        names = {n: own[id(t)] for n, t in tensors.items() if id(t) in own}
    elif rng.random() < 0.7:
        for name, tensor in tensors.items():
            tensor.named(name)
    else:
        options["names"] = dict(tensors)
    return Recorded(loss, tensors, names, options, bool(rng.random() < 0.2))


def _affine(network: Network, k: int, tensors: Any, A: tgb.Tensor, rng: Rng) -> tgb.Tensor:
    W, b = tensors[f"W{network.owner(k)}"], tensors.get(f"b{k}")
    if network.convention == "linear":
        return F.linear(A, W, b) if rng.random() < 0.6 or b is None else A @ W.T + b
    Z = W @ A if network.columns else A @ W
    return Z if b is None else Z + b


def _linear(network: Network, tensors: dict[str, tgb.Tensor]) -> list[nn.Linear]:
    """Make layers of the network's numbers; their parameters take the places of the tensors."""
    layers = []
    for k in range(1, network.layers + 1):
        made = nn.Linear(network.sizes[k - 1], network.sizes[k], bias=network.biases)
        made.weight = tensors[f"W{k}"] = nn.Parameter(tensors[f"W{k}"].detach())
        if network.biases:
            made.bias = tensors[f"b{k}"] = nn.Parameter(tensors[f"b{k}"].detach())
        layers.append(made)
    return layers


def _penalty(network: Network, tensors: dict[str, tgb.Tensor], rng: Rng) -> Any:
    """λ/2 Σ W² or λ Σ |W|, over all weights."""
    if not network.penalty:
        return 0
    weights = [tensors[name] for name in network.parameters if name[0] == "W"]
    if network.absolute:
        return network.penalty * sum(W.abs().sum() for W in weights)
    forms: list[Callable[[Any], Any]] = [
        lambda W: (W**2).sum(), lambda W: (W * W).sum(), lambda W: W.square().sum(),
        lambda W: W.norm() ** 2,
    ]  # fmt: skip
    form = forms[rng.integers(len(forms))]
    return network.penalty / 2 * sum(form(W) for W in weights)


def _loss(network: Network, tensors: dict[str, tgb.Tensor], A: tgb.Tensor, rng: Rng) -> tgb.Tensor:
    Y, Z = tensors["Y"], tensors[f"Z{network.layers}"]
    m, axis, kind = network.m, network.axis, network.loss
    one_way = rng.random() < 0.5
    rows, targets = (Z.T, Y.T) if network.columns else (Z, Y)
    if kind in ("cross_entropy", "cross_entropy_sum"):
        if one_way:
            tensors["labels"] = targets = targets.argmax(dim=1)
        reduction = "sum" if kind.endswith("sum") else "mean"
        return nn.CrossEntropyLoss(reduction=reduction)(rows, targets)
    if kind == "nll":
        tensors["labels"] = targets.argmax(dim=1)
        return F.nll_loss(F.log_softmax(rows, dim=1), tensors["labels"])
    if kind == "softmax_log":
        if one_way:
            A = F.softmax(Z, dim=axis)
        else:
            # Held: what is computed inside a line, without a gradient, is gone after backward.
            tensors["highest"] = Z.detach().max(dim=axis, keepdim=True).values
            E = tgb.exp(Z - tensors["highest"])
            A = E / E.sum(dim=axis, keepdim=True)
        tensors[f"A{network.layers}"] = A
        return -(Y * tgb.log(A)).sum() / m
    if kind == "bce_logits":
        return F.binary_cross_entropy_with_logits(Z, Y) if one_way else nn.BCEWithLogitsLoss()(Z, Y)
    if kind == "bce_by_hand":
        return -(Y * tgb.log(A) + (1 - Y) * tgb.log(1 - A)).sum() / m
    losses: dict[str, Callable[[], tgb.Tensor]] = {
        "bce": lambda: F.binary_cross_entropy(A, Y),
        "mse": lambda: nn.MSELoss()(A, Y) if one_way else ((A - Y) ** 2).mean(),
        "squares_by_hand": lambda: ((A - Y) ** 2).sum() / m,
        "half_sum": lambda: ((A - Y) ** 2).sum() / 2 if one_way else 0.5 * tgb.sum((Y - A) ** 2),
        "half_mean": lambda: ((A - Y) ** 2).sum() / (2 * m),
        "l1": lambda: F.l1_loss(A, Y) if one_way else (A - Y).abs().mean(),
        "huber": lambda: F.huber_loss(A, Y) if one_way else F.smooth_l1_loss(A, Y),
    }
    return losses[kind]()
