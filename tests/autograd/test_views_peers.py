"""Views share memory and gradients with their base: chains of them against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

relaxed = settings(max_examples=400, deadline=None, derandomize=True)

#: What a tensor of three axes, none shorter than 2, can be seen as; the result has three again.
VIEWS: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: x.transpose(0, 2),
    "permute": lambda x: x.permute(1, 2, 0),
    "movedim": lambda x: x.movedim(0, -1),
    "mT": lambda x: x.mT,
    "slice": lambda x: x[:, 1:],
    "steps": lambda x: x[::2],
    "narrow": lambda x: x.narrow(2, 0, x.shape[2] - 1),
    "new axis": lambda x: x[0][None],
    "select": lambda x: x.select(1, -1).unsqueeze(1),
    "diagonal": lambda x: x.diagonal(0, 1, 2).unsqueeze(0),
    "unfold": lambda x: x[0].unfold(1, 1, 1),
    "split": lambda x: x.split(1, 2)[0],
    "chunk": lambda x: x.chunk(2, 0)[-1],
    "unbind": lambda x: x.unbind(0)[-1].unsqueeze(-1),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(0),
    "flatten": lambda x: x.contiguous().flatten(1).unsqueeze(1),
    "view": lambda x: x.view(*x.shape[:2], 1, -1).squeeze(2),
    "tensor_split": lambda x: x.tensor_split(2, 1)[0],
}
CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "mul_": lambda m, x: x.mul_(3),
    "add_": lambda m, x: x.add_(x.detach().sum()),
    "fill_": lambda m, x: x.fill_(5),
    "square": lambda m, x: x.copy_(x * x),
    "assign": lambda m, x: x.__setitem__(0, 2.0),
    "mask": lambda m, x: x.masked_fill_(x > 4, 0.5),
    "index_add_": lambda m, x: x.index_add_(0, m.tensor([0, 0]), m.ones_like(x[:1]).expand(
        2, *x.shape[1:])),
    "unsqueeze_": lambda m, x: x.unsqueeze_(0).mul_(2).squeeze_(0),
    "transpose_": lambda m, x: x.transpose_(0, 1).sin_().transpose_(0, 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch as peer

    return peer


def numbers(x: Any) -> Any:
    return np.asarray(x.detach())


@relaxed
@given(
    st.lists(st.sampled_from(sorted(VIEWS)), min_size=1, max_size=4),
    st.sampled_from(sorted(CHANGES)),
    st.lists(st.sampled_from(sorted(VIEWS)), min_size=0, max_size=2),
)
def test_change_through_a_view(torch: Any, chain: list[str], change: str, other: list[str]) -> None:
    """Change one view; look at the base, the view, and at another view made before."""

    def run(m: Any) -> Any:
        leaf = m.tensor(np.linspace(0.5, 3.5, 60).reshape(3, 4, 5), requires_grad=True)
        base = leaf * 2
        view, witness = base, base
        for name in chain:
            view = VIEWS[name](view)
        for name in other:
            witness = VIEWS[name](witness)
        CHANGES[change](m, view)
        outputs = [base, view, witness]
        loss = 0
        for i, out in enumerate(outputs):
            weights = m.tensor(np.linspace(1, 2 + i, out.numel()).reshape(tuple(out.shape)))
            loss = loss + (out * weights).sum()
        loss.backward()
        return [numbers(out) for out in outputs] + [numbers(leaf.grad)]

    try:
        theirs = run(torch)
    except (RuntimeError, IndexError) as error:
        if "multiple views" in str(error):
            return  # where a split gave several views PyTorch refuses; a change is as good there
        with pytest.raises(type(error)):
            run(tgb)
        return
    for mine, peer in zip(run(tgb), theirs, strict=True):
        np.testing.assert_allclose(mine, peer, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_strides_and_offsets(torch: Any, name: str) -> None:
    values = np.zeros((3, 4, 5), np.float32)
    mine, theirs = VIEWS[name](tgb.tensor(values)), VIEWS[name](torch.tensor(values))
    assert tuple(mine.shape) == tuple(theirs.shape)
    long = [i for i, n in enumerate(theirs.shape) if n > 1]  # a single step leads nowhere
    assert [mine.stride(i) for i in long] == [theirs.stride(i) for i in long]
    assert mine.storage_offset() == theirs.storage_offset()
