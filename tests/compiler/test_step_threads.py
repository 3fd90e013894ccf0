"""A thread traces while others compute, eagerly and by programs: none notices the others."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, mlp


@pytest.fixture
def _by_turns() -> Iterator[None]:
    """Let threads take turns in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def trained(model: Any, backend: str, seed: int) -> list[float]:
    """Train on batches of three sizes, so that there are three traces; "" is eager."""
    opt = tgb.optim.Adam(model.parameters(), fused=True if seed % 2 else None)

    def step(x: Any) -> Any:
        opt.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        opt.step()
        return loss

    run = tgb.compile(step, backend=backend) if backend else step
    numbers = np.random.Generator(np.random.PCG64(seed))
    batches = [tgb.from_numpy(numbers.normal(size=(3 + i // 10 % 3, 2))) for i in range(60)]
    return [run(x).item() for x in batches]


@pytest.mark.usefixtures("_by_turns")
def test_threads_train_side_by_side() -> None:
    pytest.importorskip("llvmlite")  # for fused=True
    kinds = [*BACKENDS, "", ""]
    tgb.manual_seed(0)
    models = [mlp().double() for _ in kinds]
    expected = [trained(copy.deepcopy(m), "", seed) for seed, m in enumerate(models)]
    found: dict[int, Any] = {}

    def work(seed: int) -> None:
        try:
            found[seed] = trained(models[seed], kinds[seed], seed)
        except Exception as error:
            found[seed] = error

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(len(kinds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, losses in enumerate(expected):
        assert found[seed] == pytest.approx(losses, rel=1e-9), kinds[seed]
