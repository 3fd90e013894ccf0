"""Models in a few words: ``mlp:784-128-10``, or a Python file; and outputs in the targets' unit."""

from __future__ import annotations

import math
import re
import runpy
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .. import nn
from ..creation import tensor
from .objectives import LOSSES

__all__ = ["ACTIVATIONS", "InUnits", "ModelError", "build", "mlp", "mlp_sizes"]

#: name -> the layer between two linear ones
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "gelu": nn.GELU,
    "silu": nn.SiLU, "mish": nn.Mish, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
}  # fmt: skip
#: Parameters of a network that is described by its sizes: more is a slip of the hand.
_MOST = 1_000_000_000


class ModelError(ValueError):
    """There is no such model, or it does not fit the data."""


def build(model: str, shape: tuple[int, ...], outputs: int, *, dropout: float = 0.0,
          batch_norm: bool = False, activation: str = "relu") -> Any:  # fmt: skip
    """Return a model for examples of a shape.

    Parameters
    ----------
    model : str
        ``mlp:784-128-10``: linear layers of these sizes with `activation` between them; ``in`` and
        ``out`` stand for what the data have (``mlp:in-128-out``). Or a Python file, with a function
        ``build(inputs, outputs)``, or a ``model``; ``file.py:Name`` names another function or
        class. ``inputs`` is the shape of an example, ``outputs`` how many numbers are wanted.
    shape : tuple of int
        Of one example.
    outputs : int
    dropout, batch_norm, activation
        Of an ``mlp``: after each activation, before each, and which.

    Examples
    --------
    >>> build("mlp:in-8-out", (4,), 3)
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """
    if model.partition(":")[0] == "mlp":
        sizes = mlp_sizes(model, math.prod(shape), outputs)
        made = mlp(sizes, dropout, batch_norm, activation)
        return nn.Sequential(nn.Flatten(), *made) if len(shape) != 1 else made
    if dropout or batch_norm or activation != "relu":
        raise ModelError("dropout, batch norm and activation are for mlp:…; a Python file has its "
                         "own")  # fmt: skip
    made = _from_file(model, shape, outputs)
    if not isinstance(made, nn.Module):
        raise ModelError(f"{model} gives a {type(made).__name__}, and not a tgb.nn.Module")
    _try(model, made, shape, outputs)
    return made


def mlp_sizes(model: str, inputs: int, outputs: int) -> list[int]:
    """Read ``mlp:784-128-10``, and hold it against the data.

    >>> mlp_sizes("mlp:in-16-16-out", 4, 3)
    [4, 16, 16, 3]
    """
    text = model.partition(":")[2]
    if not re.fullmatch(r"(in|\d{1,9})(-\d{1,9})*-(out|\d{1,9})", text):
        raise ModelError(f"{model!r} is no network: write sizes, as in mlp:{inputs}-128-{outputs} "
                         "or mlp:in-128-out")  # fmt: skip
    words = text.split("-")
    sizes = [inputs if w == "in" else outputs if w == "out" else int(w) for w in words]
    if sizes[0] != inputs or sizes[-1] != outputs:
        fits = "-".join(map(str, [inputs, *sizes[1:-1], outputs]))
        raise ModelError(f"{model} takes {sizes[0]} numbers and gives {sizes[-1]}; the data have "
                         f"{inputs} and need {outputs}: mlp:{fits}")  # fmt: skip
    if 0 in sizes:
        raise ModelError(f"{model} has a layer without units")
    if sum(a * b for a, b in pairwise(sizes)) > _MOST:
        raise ModelError(f"{model} has more than {_MOST:,} parameters")
    return sizes


def mlp(sizes: list[int], dropout: float = 0.0, batch_norm: bool = False,
        activation: str = "relu") -> Any:  # fmt: skip
    """Return linear layers of these sizes, with what stands between them."""
    if activation not in ACTIVATIONS:
        raise ModelError(f"no activation {activation!r}: there are {', '.join(ACTIVATIONS)}")
    layers: list[Any] = []
    for i, (a, b) in enumerate(pairwise(sizes)):
        if i:
            layers += [nn.BatchNorm1d(a)] if batch_norm else []
            layers.append(ACTIVATIONS[activation]())
            layers += [nn.Dropout(dropout)] if dropout else []
        layers.append(nn.Linear(a, b))
    return nn.Sequential(*layers)


class InUnits(nn.Module):
    """A model of scaled targets, whose outputs are in the targets' own unit.

    It learns as well as the model alone, if the loss is that of :meth:`loss`; its outputs, and the
    metrics of them, are in metres or euros.
    """

    def __init__(self, model: Any, mean: float, scale: float) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", tensor(np.float32(mean)))
        self.register_buffer("scale", tensor(np.float32(scale)))

    def forward(self, x: Any) -> Any:
        """Return the outputs in the targets' unit."""
        return self.model(x) * self.scale + self.mean

    def loss(self, name: str) -> Callable[..., Any]:
        """Return a loss of `LOSSES` on the scale on which the inner model learns."""
        inner = LOSSES[name]

        def scaled(output: Any, target: Any, **options: Any) -> Any:
            wanted = (target.to(output.dtype) - self.mean) / self.scale
            return inner((output - self.mean) / self.scale, wanted, **options)

        return scaled


def _from_file(model: str, shape: tuple[int, ...], outputs: int) -> Any:
    file, name = model, ""
    if not file.endswith(".py"):
        file, _, name = model.rpartition(":")
    path = Path(file)
    if not file.endswith(".py"):
        raise ModelError(f"{model!r} is no model: give mlp:784-128-10, or a Python file")
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    try:
        found = runpy.run_path(str(path), run_name="tinygrad_bp_model")
    except (Exception, SystemExit) as error:
        raise ModelError(f"{path} can't be run: {type(error).__name__}: {error}") from error
    name = name or ("build" if "build" in found else "model")
    if name not in found:
        raise ModelError(f"{path} has no {name}: write a function build(inputs, outputs) that "
                         "returns the model")  # fmt: skip
    made = found[name]
    if isinstance(made, nn.Module):
        return made
    try:
        return made() if isinstance(made, type) else made(shape, outputs)
    except Exception as error:
        raise ModelError(f"{path}: {name} fails: {type(error).__name__}: {error}") from error


def _try(name: str, model: Any, shape: tuple[int, ...], outputs: int) -> None:
    """Run two examples through a model, so that what does not fit is told before the training."""
    from ..mode import no_grad
    from ..random import default_generator

    training, before = model.training, default_generator.get_state()
    model.eval()
    try:
        with no_grad():
            given = tuple(model(tensor(np.zeros((2, *shape), np.float32))).shape)
    except Exception as error:
        raise ModelError(f"{name} does not take examples of shape {shape}: {error}") from error
    finally:
        model.train(training)
        default_generator.set_state(before)
    if given not in ((2, outputs), (2,) if outputs == 1 else ()):
        raise ModelError(f"{name} gives {given} for 2 examples, and ({2}, {outputs}) are needed")
