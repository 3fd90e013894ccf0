"""PyTorch's records of errors, dtypes, second order, in place, layouts: `pytest -m peers`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ops import opinfo, opinfo_more
from tests.ops.opinfo_more_left_out import LEFT_OUT

pytestmark = pytest.mark.peers


def _records(kind: str) -> list[Any]:
    if kind not in ("errors", "dtypes"):  # these know operators of other dtypes too
        return opinfo.operators()
    from torch.testing._internal.common_methods_invocations import op_db

    return list(op_db)


@pytest.mark.parametrize("kind", sorted(LEFT_OUT))
@pytest.mark.filterwarnings("ignore")
def test_all_but_what_is_left_out_agree(kind: str) -> None:
    differing = {}
    for op in _records(kind):
        if opinfo.label(op) in LEFT_OUT[kind]:
            continue
        count, differences = opinfo_more.check(kind, op)
        if differences:
            differing[opinfo.label(op)] = f"{len(differences)} of {count}: {differences[0]}"
    assert not differing, "\n".join(f"{name}: {what}" for name, what in differing.items())


@pytest.mark.parametrize("kind", sorted(LEFT_OUT))
@pytest.mark.filterwarnings("ignore")
def test_what_is_left_out_is_an_operator_that_still_differs(kind: str) -> None:
    records = {opinfo.label(op): op for op in _records(kind)}
    assert set(LEFT_OUT[kind]) <= set(records)
    agreeing = [name for name in LEFT_OUT[kind] if not opinfo_more.check(kind, records[name])[1]]
    assert not agreeing
