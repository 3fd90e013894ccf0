"""PyTorch's OpInfo samples, float64, forward and gradient: `pytest -m peers tests/ops`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ops import opinfo
from tests.ops.opinfo_left_out import LEFT_OUT

pytestmark = [
    pytest.mark.peers,
    # Of PyTorch, about how it makes its own samples.
    pytest.mark.filterwarnings("ignore:torch.qr is deprecated"),
    pytest.mark.filterwarnings("ignore:Sparse CSR tensor support"),
]

OPERATORS = Path(__file__).with_name("opinfo_operators.txt").read_text().split()


@pytest.fixture(scope="module")
def records() -> dict[str, Any]:
    return {opinfo.label(op): op for op in opinfo.operators()}


def test_the_list_is_what_pytorch_has(records: dict[str, Any]) -> None:
    assert sorted(records) == sorted(OPERATORS)
    assert set(LEFT_OUT) <= set(OPERATORS)


@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in LEFT_OUT])
def test_every_sample_agrees(records: dict[str, Any], name: str) -> None:
    count, failed, first = opinfo.check(records[name])
    assert not failed, f"{failed} of {count} samples differ. {first}"


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_what_is_left_out_is_still_left_out(records: dict[str, Any], name: str) -> None:
    """An operator that has come to agree belongs with the others."""
    _, failed, _ = opinfo.check(records[name])
    assert failed
