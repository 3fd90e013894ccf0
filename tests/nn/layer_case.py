"""What is checked of every layer and loss: one record each, in the files `cases_*.py` beside this.

A record says how to build the module, the same for tinygrad_bp and for PyTorch (``m``), and on
which arrays to call it. `test_layers.py` then checks, without PyTorch, the gradients against
difference quotients and the numbers against those that PyTorch gave (`reference.json`); and in the
`peers` group outputs, gradients and twenty steps of training against PyTorch itself.

    python -m tests.nn.layer_case

asks PyTorch for the numbers again and rewrites `reference.json`.
"""

from __future__ import annotations

import importlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

REFERENCE = Path(__file__).with_name("reference.json")


def call(module: Any, *inputs: Any) -> Any:
    return module(*inputs)


@dataclass(frozen=True)
class LayerCase:
    """One way of using one layer.

    Attributes
    ----------
    name : str
        Unique; begins with the name of the class.
    build : callable
        ``build(m)`` makes the module from the library ``m``, whose layers are in ``m.nn``.
    inputs : tuple of ndarray
        Floating ones (float64) get a gradient, unless `frozen` says no; others are passed on.
    call : callable
        ``call(module, *inputs)``, where more is to be done than to call the module. May return a
        tensor, or tensors nested in tuples, lists and dicts.
    training : bool
        In training mode, or in that of evaluation.
    smooth : bool
        Whether the difference quotient at these inputs is the gradient.
    frozen : tuple of int
        Positions of the inputs that want no gradient.
    scale : float
        The standard deviation of the parameters drawn.
    steps : int
        How many steps of training are compared with PyTorch's.
    rtol : float
        How far apart numbers may lie, relative to the largest of their array.
    """

    name: str
    build: Callable[[Any], Any]
    inputs: tuple[Any, ...] = ()
    call: Callable[..., Any] = call
    training: bool = True
    smooth: bool = True
    frozen: tuple[int, ...] = ()
    scale: float = 0.3
    steps: int = 20
    rtol: float = 1e-9

    def __str__(self) -> str:
        return self.name


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    """Draw normal numbers: the arrays of a record."""
    rng = np.random.Generator(np.random.PCG64([seed, *shape]))
    return rng.standard_normal(shape)


def all_cases() -> list[LayerCase]:
    """Gather the records of all files `cases_*.py`."""
    cases: list[LayerCase] = []
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        cases += importlib.import_module(f"tests.nn.{path.stem}").CASES
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), "two records have one name"
    return cases


def tensors(value: Any) -> Iterator[Any]:
    """Yield the floating tensors in an output."""
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors(part)
    elif hasattr(value, "detach") and value.is_floating_point():
        yield value


def array(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach(), dtype=np.float64)


class Running:
    """A record at work in one library: the module with its drawn parameters, and its inputs."""

    def __init__(self, m: Any, case: LayerCase) -> None:
        self.m, self.case = m, case
        self.module = case.build(m).double()
        self.module.train(case.training)
        self.inputs = [self._input(i, value) for i, value in enumerate(case.inputs)]
        if any(type(p).__name__.startswith("Uninit") for p in self.module.parameters()):
            with m.no_grad():
                case.call(self.module, *self.inputs)  # a lazy layer learns its shapes
        for name, parameter in self.module.named_parameters():
            rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
            values = case.scale * rng.standard_normal(tuple(parameter.shape))
            with m.no_grad():
                parameter.copy_(m.tensor(values))
        self.wanted = dict(self.module.named_parameters()) | {
            f"input {i}": x for i, x in enumerate(self.inputs) if getattr(x, "requires_grad", False)
        }

    def _input(self, i: int, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        made = self.m.tensor(np.array(value))
        if value.dtype.kind == "f" and i not in self.case.frozen:
            made.requires_grad_()
        return made

    def outputs(self) -> list[Any]:
        return list(tensors(self.case.call(self.module, *self.inputs)))

    def loss(self, outputs: list[Any]) -> Any:
        """Give half the mean squared distance of the outputs from drawn targets."""
        total = None
        for i, output in enumerate(outputs):
            target = self.m.tensor(draw(*output.shape, seed=i + 1))
            part = ((output - target) ** 2).mean() / 2
            total = part if total is None else total + part
        return total

    def gradients(self) -> dict[str, np.ndarray]:
        """Run forward and backward; return every gradient by name (zeros where there is none)."""
        for tensor in self.wanted.values():
            tensor.grad = None
        self.loss(self.outputs()).backward()
        return {
            name: np.zeros(tuple(t.shape)) if t.grad is None else array(t.grad)
            for name, t in self.wanted.items()
        }

    def train(self, steps: int) -> list[float]:
        """Take steps of SGD with momentum on the parameters (the inputs, if there are none)."""
        trained = list(self.module.parameters()) or list(self.wanted.values())
        if not trained:
            return []
        optimizer = self.m.optim.SGD(trained, lr=0.05, momentum=0.9)
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = self.loss(self.outputs())
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        return losses


def summary(values: np.ndarray) -> list[float]:
    """Give three numbers that betray any change: two random projections and the norm."""
    flat = values.reshape(-1)
    rng = np.random.Generator(np.random.PCG64(flat.size))
    return [float(flat @ rng.standard_normal(flat.size)) for _ in range(2)] + [
        float(np.sqrt(flat @ flat))
    ]


def measure(m: Any, case: LayerCase) -> dict[str, Any]:
    """Return the numbers of a record that are stored."""
    running = Running(m, case)
    outputs = [array(output) for output in running.outputs()]
    running = Running(m, case)  # afresh: the first forward may have moved running statistics
    return {
        "outputs": [{"shape": list(a.shape), "summary": summary(a)} for a in outputs],
        "gradients": {name: summary(g) for name, g in running.gradients().items()},
    }


def main() -> None:
    import torch

    stored = {}
    for case in all_cases():
        stored[case.name] = measure(torch, case)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(stored.items())]
    REFERENCE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(stored)} records asked of PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
