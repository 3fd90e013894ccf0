"""Small data and models for the tests of the trainer."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tinygrad_bp.train import Trainer


def blobs(n: int = 120, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points around as many centres as there are classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    centres = 3 * np.random.default_rng(99).normal(size=(classes, 4))
    return (centres[y] + rng.normal(size=(n, 4))).astype(np.float32), y


def classifier(dropout: float = 0.2) -> tgb.nn.Module:
    """Return a network whose training draws random numbers and keeps running means."""
    nn = tgb.nn
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3)
    )


def trainer(**options: Any) -> Trainer:
    """Return a trainer of a classifier that begins with the same weights each time."""
    tgb.manual_seed(7)
    options = {"seed": 3, "progress": False, "lr": 0.02} | options
    return Trainer(options.pop("model", None) or classifier(), **options)


def weights(one: Trainer) -> list[np.ndarray]:
    """Return copies of everything that the model and the optimizer hold."""
    arrays = [value.detach().numpy().copy() for value in one.model.state_dict().values()]
    for state in one.optimizer.state_dict()["state"].values():
        arrays += [np.array(v.detach().numpy()) for v in state.values() if hasattr(v, "detach")]
    return arrays


def same(one: Trainer, other: Trainer) -> bool:
    """Whether two trainers ended at the same bits."""
    return all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes()
        for a, b in zip(weights(one), weights(other), strict=True)
    )
