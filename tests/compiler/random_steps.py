"""Training steps drawn at random, as a plan says, and what they give.

A program is a list of instructions (see `instructions`), each with the numbers of the values that
it takes. Every list means something: an instruction that does not fit the shapes of its operands is
left out, so that Hypothesis can take any part of a program away.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tests.compiler.instructions import FLOAT, INDEX, INDICES, INSTRUCTIONS, TRUTH
from tinygrad_bp.compiler import TraceError

__all__ = ["OPTIMIZERS", "Plan", "difference", "train"]

_LARGEST = 150  # elements of a value

OPTIMIZERS: list[Callable[[Any], Any]] = [
    lambda p: tgb.optim.SGD(p, 0.01),
    lambda p: tgb.optim.SGD(p, 0.01, momentum=0.5, dampening=0.1, weight_decay=0.01),
    lambda p: tgb.optim.SGD(p, 0.005, momentum=0.9, nesterov=True),
    lambda p: tgb.optim.Adam(p, 0.01),
    lambda p: tgb.optim.AdamW(p, 0.01, amsgrad=True),
    lambda p: tgb.optim.RMSprop(p, 0.003, centered=True, momentum=0.3),
    lambda p: tgb.optim.Adagrad(p, 0.02),
    lambda p: tgb.optim.NAdam(p, 0.005),
]

_SHAPES = [(3, 4), (4,), (4, 4), (2, 3, 4), (3, 1), (3,), (5, 3), (1, 4)]


@dataclass(frozen=True)
class Plan:
    """A training step.

    Attributes
    ----------
    program : list of (str, int, int, int)
        Instructions.
    shapes : tuple of int
        Of the two parameters, as numbers in a list.
    optimizer : int
    single : bool
        In single precision.
    clipped : int
        0: gradients are not clipped; 1: their norm is; 2: their values are.
    kept : bool
        Whether a running average of a value is kept in a tensor.
    """

    program: tuple[tuple[str, int, int, int], ...]
    shapes: tuple[int, int] = (0, 1)
    optimizer: int = 0
    single: bool = False
    clipped: int = 0
    kept: bool = False


def _fits(x: Any) -> bool:
    return isinstance(x, tgb.Tensor) and 0 < x.numel() <= _LARGEST and x.ndim <= 4


def run_program(program: Any, held: dict[str, list[Any]]) -> None:
    """Run instructions, which add to the values that are held."""
    for name, *numbers, k in program:
        kinds, result, function = INSTRUCTIONS[name]
        operands = [
            held[kind][-1 - i % len(held[kind])] for kind, i in zip(kinds, numbers, strict=False)
        ]
        if kinds[0] == FLOAT and not operands[0].ndim and name not in _OF_SCALARS:
            continue
        try:
            out = function(*operands, k)
        except TraceError:
            raise
        except (RuntimeError, IndexError, ValueError, TypeError):
            continue  # shapes that do not fit
        if _fits(out):
            held[result].append(out)


#: Instructions that know what to do with an array without axes.
_OF_SCALARS = frozenset(
    (
        "tanh",
        "sigmoid",
        "relu",
        "exp",
        "log",
        "square",
        "add",
        "multiply",
        "maximum",
        "positive",
        "less",
    )
)


def train(
    plan: Plan, wrapped: Callable[[Any], Any], steps: int = 20, shaken: float = 0.0
) -> list[Any]:
    """Train for some steps; return all that it gives and leaves behind.

    `shaken` changes the numbers given a little: a program whose results are others altogether then
    says nothing about rounding.
    """
    dtype = tgb.float32 if plan.single else tgb.float64
    noise = np.random.Generator(np.random.PCG64(1))

    def shake(t: Any) -> Any:
        factor = 1 + shaken * noise.standard_normal(t.shape)
        return tgb.tensor(t.numpy() * factor).to(dtype)

    tgb.manual_seed(0)
    weights = [shake(tgb.randn(_SHAPES[i]).double()).requires_grad_() for i in plan.shapes]
    scale = tgb.ones((), dtype=dtype).requires_grad_()
    average = tgb.zeros((), dtype=dtype)
    opt = OPTIMIZERS[plan.optimizer]([*weights, scale])

    def step(x: Any, n: Any) -> Any:
        opt.zero_grad()
        held = {FLOAT: [x, *weights, x * scale], INDEX: [n], TRUTH: [x > 0]}
        run_program(plan.program, held)
        last = held[FLOAT][-1]
        loss = last.tanh().square().mean().to(dtype)
        loss = loss + sum(t.tanh().mean() for t in held[FLOAT][4:]) * 0.01
        loss = loss + 0.01 * sum(w.square().sum() for w in [*weights, scale])
        loss.backward()
        if plan.clipped == 1:
            tgb.nn.utils.clip_grad_norm_([*weights, scale], 0.5)
        elif plan.clipped == 2:
            tgb.nn.utils.clip_grad_value_([*weights, scale], 0.1)
        opt.step()
        if plan.kept:
            average.mul_(0.9).add_(last.detach().mean(), alpha=0.1)
        return loss, last.detach(), held[INDEX][-1], held[TRUTH][-1]

    run = wrapped(step)
    data = [(shake(tgb.randn(3, 4).double()), tgb.randint(0, INDICES, (3,))) for _ in range(steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of shapes that are broadcast, say
        found = [t.detach().numpy().copy() for batch in data for t in run(*batch)]
    found += [w.detach().numpy() for w in (*weights, scale, average)]
    found += [w.grad.numpy() for w in (*weights, scale)]
    for state in opt.state_dict()["state"].values():
        found += [t.numpy() for t in state.values() if isinstance(t, tgb.Tensor)]
    return [*found, tgb.get_rng_state().numpy()]


def difference(expected: list[Any], found: list[Any], rtol: float) -> str:
    """Say where two runs differ; "" if they do not."""
    if len(expected) != len(found):
        return f"{len(expected)} arrays and {len(found)}"
    for i, (a, b) in enumerate(zip(expected, found, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"array {i}: {a.dtype}{a.shape} and {b.dtype}{b.shape}"
        if a.dtype.kind != "f":
            if not np.array_equal(a, b):
                return f"array {i}: {a} and {b}"
            continue
        size = np.max(np.abs(a[np.isfinite(a)]), initial=0.0)
        if not np.allclose(a, b, rtol=rtol, atol=rtol * max(size, 1e-3), equal_nan=True):
            return f"array {i}: {a} and {b}"
    return ""
