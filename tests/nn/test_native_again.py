"""A run that is repeated is the same to the last bit, though machine code takes over within it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.optim import fused
from tinygrad_bp.rules import native as door


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let machine code pay after a few updates."""
    for name, value in {"_kernels": {}, "_asked": {}, "_taken": {}, "_spent": 0, "WORTH": 1 << 23,
                        "EACH": 1 << 22}.items():  # fmt: skip
        monkeypatch.setattr(door, name, value)
    monkeypatch.setattr(fused, "WORTH", 1 << 19)
    monkeypatch.setattr(fused, "_spent", 0)
    monkeypatch.setattr(fused, "_native", {})


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((512, 300), np.float32), rng.integers(0, 10, 512)


def network() -> Any:
    nn = tgb.nn
    return nn.Sequential(nn.Linear(300, 200), nn.GELU(), nn.LayerNorm(200), nn.Linear(200, 10))


def trained(seed: int) -> list[np.ndarray[Any, Any]]:
    tgb.manual_seed(seed)
    X, y = map(tgb.tensor, data())
    model = network()
    optimizer = tgb.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(12):
        optimizer.zero_grad()
        tgb.nn.functional.cross_entropy(model(X), y).backward()
        optimizer.step()
    return [p.detach().numpy().copy() for p in model.parameters()]


def equal(a: list[Any], b: list[Any]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_from_a_seed_on() -> None:
    first = trained(0)
    assert any(door._kernels.values()), "no machine code has taken over"
    assert any(fused._native.values())
    assert equal(first, trained(0))
    assert not equal(first, trained(1))


def test_deterministic_algorithms_leave_it_to_numpy() -> None:
    tgb.use_deterministic_algorithms(True)
    try:
        first = trained(0)
        assert not door._kernels
        assert not fused._native
    finally:
        tgb.use_deterministic_algorithms(False)
    trained(0)
    assert any(door._kernels.values())
    tgb.use_deterministic_algorithms(True)
    try:
        assert equal(first, trained(0))
    finally:
        tgb.use_deterministic_algorithms(False)


class KilledError(Exception):
    """Stands for a process that ends."""


class Kill(tgb.train.Callback):
    """Ends a run after some updates."""

    def __init__(self, updates: int) -> None:
        self.left = updates

    def on_update_end(self, trainer: Any, loss: float) -> None:
        self.left -= 1
        if not self.left:
            raise KilledError


def fitted(folder: Path | None, *callbacks: Any, resume: bool = False) -> list[Any]:
    tgb.manual_seed(0)
    model = network()
    trainer = tgb.train.Trainer(
        model, "cross_entropy", seed=0, checkpoints=folder, callbacks=callbacks, progress=False,
        health=False, checkpoint_every=0.0,
    )  # fmt: skip
    with contextlib.suppress(KilledError):
        trainer.fit(*data(), epochs=3, batch_size=128, resume=resume)
    return [p.detach().numpy().copy() for p in model.parameters()]


def test_a_fit_that_is_repeated() -> None:
    first = fitted(None)
    assert any(door._kernels.values())
    assert equal(first, fitted(None))


def test_a_fit_that_goes_on(tmp_path: Path) -> None:
    whole = fitted(tmp_path / "whole")
    fitted(tmp_path / "halves", Kill(7))
    assert equal(whole, fitted(tmp_path / "halves", resume=True))
    assert not door._kernels
