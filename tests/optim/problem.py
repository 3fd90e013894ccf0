"""A problem to minimize and a schedule to follow, in whatever library: for the stored numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS = 20
SHAPES = [(3, 4), (5,), ()]

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("Adadelta", {"lr": 2.0, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "betas": [0.8, 0.9]}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1, "betas": [0.8, 0.9], "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "t0": 5}),
    ("Rprop", {"lr": 0.05}),
    ("Adafactor", {"lr": 0.1, "weight_decay": 0.1}),
    ("LBFGS", {"max_iter": 2, "lr": 0.3}),
    ("LBFGS", {"max_iter": 2, "history_size": 2, "line_search_fn": "strong_wolfe"}),
]

SCHEDULERS: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 4}),
    ("MultiStepLR", {"milestones": [3, 8, 8]}),
    ("ConstantLR", {}),
    ("LinearLR", {"total_iters": 7}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {"total_iters": 12, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 4, "mode": "triangular2"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 21}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 21, "three_phase": True,
                    "anneal_strategy": "linear"}),
]  # fmt: skip


def parameters(lib: Any) -> list[Any]:
    """Start at sines of the numbers of the elements."""
    made, start = [], 0
    for shape in SHAPES:
        count = int(np.prod(shape))
        values = np.sin(1.0 + np.arange(start, start + count)).reshape(shape)
        made.append(lib.tensor(values, dtype=lib.float64, requires_grad=True))
        start += count
    return made


def train(lib: Any, name: str, options: dict[str, Any]) -> tuple[list[float], Any]:
    """Minimize valleys of different widths; return the weights in one line, and the optimizer."""
    weights = parameters(lib)
    optimizer = getattr(lib.optim, name)(weights, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = sum(((w * w + 0.5).sqrt() * (1 + i) + w.sin()).sum() for i, w in enumerate(weights))
        loss.backward()
        return loss

    for _ in range(STEPS):
        optimizer.step(closure)
    return [float(x) for w in weights for x in w.detach().numpy().reshape(-1)], optimizer


def rates(lib: Any, name: str, options: dict[str, Any]) -> list[float]:
    """Return the rates of 20 epochs."""
    optimizer = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler = getattr(lib.optim.lr_scheduler, name)(optimizer, **options)
    seen = []
    for _ in range(STEPS):
        seen.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return seen
