"""Every record of `cases_*.py`: gradients, PyTorch's stored numbers, and PyTorch itself."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.nn.layer_case import REFERENCE, LayerCase, Running, all_cases, array, measure

CASES = all_cases()
STORED: dict[str, Any] = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}


def close(mine: Any, theirs: Any, case: LayerCase, what: str) -> None:
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    assert mine.shape == theirs.shape, what
    scale = float(np.abs(theirs).max(initial=0.0)) or 1.0
    np.testing.assert_allclose(
        mine, theirs, rtol=case.rtol, atol=case.rtol * max(scale, 1e-3), err_msg=what
    )


#: What is no layer: bases, and containers of parameters (see test_containers).
NO_LAYERS = {"CrossMapLRN2d", "Module", "ParameterDict", "ParameterList", "RNNBase", "RNNCellBase"}


def test_every_layer_has_a_record() -> None:
    layers = {
        name
        for name, member in vars(tgb.nn).items()
        if isinstance(member, type) and issubclass(member, tgb.nn.Module)
    }
    built = {type(part).__name__ for case in CASES for part in case.build(tgb).modules()}
    assert layers - built == NO_LAYERS


def test_every_record_has_stored_numbers() -> None:
    missing = {case.name for case in CASES} ^ set(STORED)
    assert not missing, f"run python -m tests.nn.layer_case for {sorted(missing)}"


@pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=str)
def test_gradient_is_the_difference_quotient(case: LayerCase) -> None:
    """Along random directions through all inputs and parameters at once (central, float64)."""
    gradients = Running(tgb, case).gradients()
    rng = np.random.Generator(np.random.PCG64(1))
    for _ in range(2):
        direction = {name: rng.standard_normal(g.shape) for name, g in gradients.items()}
        at = []
        for step in (1e-6, -1e-6):
            running = Running(tgb, case)
            with tgb.no_grad():
                for name, tensor in running.wanted.items():
                    tensor.copy_(tensor + step * tgb.tensor(direction[name]))
            at.append(float(running.loss(running.outputs()).detach()))
        slope = (at[0] - at[1]) / 2e-6
        expected = sum(float((g * direction[name]).sum()) for name, g in gradients.items())
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numbers_that_pytorch_gave(case: LayerCase) -> None:
    stored, found = STORED[case.name], measure(tgb, case)
    assert [o["shape"] for o in found["outputs"]] == [o["shape"] for o in stored["outputs"]]
    for mine, theirs in zip(found["outputs"], stored["outputs"], strict=True):
        close(mine["summary"], theirs["summary"], case, "output")
    assert set(found["gradients"]) == set(stored["gradients"])
    for name, theirs in stored["gradients"].items():
        close(found["gradients"][name], theirs, case, f"gradient of {name}")


@pytest.mark.peers
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_pytorch(case: LayerCase) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, theirs = Running(tgb, case), Running(torch, case)
        assert list(mine.module.state_dict()) == list(theirs.module.state_dict())
        assert repr(mine.module) == repr(theirs.module)
        ours, peers = mine.outputs(), theirs.outputs()
        assert len(ours) == len(peers)
        for a, b in zip(ours, peers, strict=True):
            close(array(a), array(b), case, "output")
        expected = theirs.gradients()
        for name, gradient in mine.gradients().items():
            close(gradient, expected[name], case, f"gradient of {name}")
        for name, value in theirs.module.state_dict().items():
            close(array(mine.module.state_dict()[name]), array(value), case, name)
        losses, their_losses = mine.train(case.steps), theirs.train(case.steps)
        np.testing.assert_allclose(losses, their_losses, rtol=max(1e-7, 100 * case.rtol))
