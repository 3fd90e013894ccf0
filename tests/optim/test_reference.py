"""Optimizers and schedulers against numbers that PyTorch gave, see `make_reference`."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.optim import problem

STORED = json.loads((Path(__file__).parent / "reference.json").read_text())


@pytest.mark.parametrize("record", STORED["optimizers"], ids=lambda r: r["name"])
def test_twenty_steps(record):
    weights, _ = problem.train(tgb, record["name"], record["options"])
    np.testing.assert_allclose(weights, record["weights"], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("record", STORED["schedulers"], ids=lambda r: r["name"])
def test_twenty_epochs(record):
    rates = problem.rates(tgb, record["name"], record["options"])
    np.testing.assert_allclose(rates, record["rates"], rtol=1e-11, atol=1e-13)


def test_all_of_the_problem_is_stored():
    for kind, listed in (("optimizers", problem.OPTIMIZERS), ("schedulers", problem.SCHEDULERS)):
        assert [(r["name"], r["options"]) for r in STORED[kind]] == listed


@pytest.mark.peers
def test_the_stored_numbers_are_pytorchs():
    import torch

    for record in STORED["optimizers"]:
        weights, _ = problem.train(torch, record["name"], record["options"])
        np.testing.assert_allclose(weights, record["weights"], rtol=1e-9)
    for record in STORED["schedulers"]:
        rates = problem.rates(torch, record["name"], record["options"])
        np.testing.assert_allclose(rates, record["rates"], rtol=1e-12)
