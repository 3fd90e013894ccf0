"""Distributions against numbers that PyTorch gave, see `make_reference`."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.distributions.make_reference import told

STORED = json.loads((Path(__file__).parent / "reference.json").read_text())


@pytest.fixture(scope="module")
def ours():
    return told(tgb)


@pytest.mark.parametrize("name", STORED)
def test_what_it_tells(name, ours):
    assert set(ours[name]) == set(STORED[name])
    # PyTorch's Bessel functions, and its log n! here, have 7 digits.
    rough = "VonMises" in name or "Multinomial" in name or "concentration1-concentration0" in name
    for what, expected in STORED[name].items():
        if expected is None:
            assert ours[name][what] is None or what == "cdf", what
        else:
            mine = np.broadcast_to(ours[name][what], np.shape(expected))
            tolerance = 1e-5 if rough else 1e-8
            np.testing.assert_allclose(mine, expected, rtol=tolerance, atol=1e-10, err_msg=what)


def test_all_cases_are_stored(ours):
    assert set(ours) == set(STORED)
