"""Every test begins at the same place in the stream of random numbers."""

import pytest

import tinygrad_bp as tgb


@pytest.fixture(autouse=True)
def _seeded():
    tgb.manual_seed(0)
