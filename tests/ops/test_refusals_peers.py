"""What PyTorch refuses of shapes, indices and searches we refuse, with an error of its type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

VALUES = np.arange(12.0, dtype=np.float32).reshape(3, 4)

REFUSED: dict[str, Any] = {
    # ------------------------------------------------------------------------------ other shapes
    "view": lambda m, x: x.view(5),
    "view transposed": lambda m, x: x.t().view(-1),
    "view cut": lambda m, x: x[:, :3].view(9),
    "view as wider": lambda m, x: x[:, :3].view(m.float64),
    "reshape": lambda m, x: x.reshape(5, -1),
    "reshape two unknown": lambda m, x: x.reshape(-1, -1),
    "squeeze": lambda m, x: x.squeeze(5),
    "unsqueeze": lambda m, x: x.unsqueeze(4),
    "permute twice": lambda m, x: x.permute(0, 0),
    "permute short": lambda m, x: x.permute(0),
    "transpose": lambda m, x: x.transpose(0, 4),
    "t": lambda m, x: x[None].t(),
    "mT": lambda m, x: x[0].mT,
    "movedim twice": lambda m, x: x.movedim((0, 0), (1, 0)),
    "movedim lengths": lambda m, x: x.movedim((0, 1), (0,)),
    "expand": lambda m, x: x.expand(2, 2),
    "expand fewer": lambda m, x: x.expand(4),
    "expand new": lambda m, x: x.expand(-1, 3, 4),
    "flatten": lambda m, x: x.flatten(1, 0),
    "unflatten": lambda m, x: x.unflatten(0, (2, 2)),
    "unfold": lambda m, x: x.unfold(0, 9, 1),
    "unfold step": lambda m, x: x.unfold(0, 2, 0),
    "as_strided": lambda m, x: x.as_strided((3,), (1, 2)),
    "as_strided far": lambda m, x: x.as_strided((9, 9), (9, 1)),
    "as_strided back": lambda m, x: x.as_strided((2,), (-1,)),
    # ---------------------------------------------------------------------------- joins and cuts
    "cat": lambda m, x: m.cat([x, m.ones(2, 3)]),
    "cat of none": lambda m, x: m.cat([]),
    "cat of numbers": lambda m, x: m.cat([m.tensor(1.0)]),
    "cat axis": lambda m, x: m.cat([x], 2),
    "stack": lambda m, x: m.stack([x, m.ones(2)]),
    "stack of none": lambda m, x: m.stack([]),
    "hstack": lambda m, x: m.hstack([x, m.ones(2, 2)]),
    "split 0": lambda m, x: x.split(0),
    "split sizes": lambda m, x: x.split([1, 1]),
    "split -1": lambda m, x: x.split(-1),
    "chunk": lambda m, x: x.chunk(0),
    "tensor_split": lambda m, x: x.tensor_split(0),
    "hsplit": lambda m, x: x.hsplit(3),
    "vsplit": lambda m, x: x[0].vsplit(1),
    "dsplit": lambda m, x: x.dsplit(1),
    "narrow": lambda m, x: x.narrow(0, 2, 5),
    "narrow start": lambda m, x: x.narrow(0, 7, 0),
    "narrow length": lambda m, x: x.narrow(0, 0, -1),
    "select": lambda m, x: x.select(0, 9),
    "select of a number": lambda m, x: m.tensor(1.0).select(0, 0),
    "unbind of a number": lambda m, x: m.tensor(1.0).unbind(),
    "broadcast_tensors": lambda m, x: m.broadcast_tensors(x, m.ones(3)),
    "broadcast_shapes": lambda m, x: m.broadcast_shapes((2,), (3,)),
    "meshgrid": lambda m, x: m.meshgrid(x, x, indexing="ij"),
    "meshgrid indexing": lambda m, x: m.meshgrid(x[0], x[0], indexing="yx"),
    "cartesian_prod": lambda m, x: m.cartesian_prod(x),
    "combinations": lambda m, x: m.combinations(x),
    "block_diag": lambda m, x: m.block_diag(x[None]),
    "repeat": lambda m, x: x.repeat(2),
    "repeat_interleave": lambda m, x: x.repeat_interleave(m.tensor([1, 2]), 0),
    "repeat_interleave size": lambda m, x: x.repeat_interleave(
        m.tensor([1, 2, 3]), 0, output_size=7
    ),
    "flip": lambda m, x: x.flip(0, 0),
    "fliplr": lambda m, x: x[0].fliplr(),
    "rot90": lambda m, x: x.rot90(1, (0, 0)),
    "roll": lambda m, x: x.roll((1, 2), 0),
    "roll shifts": lambda m, x: x.roll((1, 2)),
    "constant_pad_nd": lambda m, x: m.constant_pad_nd(x, (1,)),
    "constant_pad_nd long": lambda m, x: m.constant_pad_nd(x, (1, 1, 1, 1, 1, 1)),
    "constant_pad_nd short": lambda m, x: m.constant_pad_nd(x, (-3, -3)),
    "diagonal": lambda m, x: x.diagonal(0, 1, 1),
    "diag": lambda m, x: m.diag(x[None]),
    "diag_embed": lambda m, x: m.diag_embed(x, 0, 1, 1),
    "trace": lambda m, x: m.trace(x[0]),
    "tril": lambda m, x: m.tril(x[0]),
    "diagonal_scatter": lambda m, x: x.diagonal_scatter(m.ones(2)),
    "select_scatter": lambda m, x: x.select_scatter(m.ones(3), 0, 0),
    "select_scatter index": lambda m, x: x.select_scatter(m.ones(4), 0, 5),
    "slice_scatter": lambda m, x: x.slice_scatter(m.ones(3), 0, 0, 1),
    # ------------------------------------------------------------------------- index and scatter
    "gather negative": lambda m, x: x.gather(1, m.tensor([[-1]])),
    "gather far": lambda m, x: x.gather(1, m.tensor([[7]])),
    "gather axes": lambda m, x: x.gather(1, m.tensor([1])),
    "gather dtype": lambda m, x: x.gather(1, m.tensor([[1.0]])),
    "gather long": lambda m, x: x.gather(1, m.ones(9, 1, dtype=m.int64)),
    "take": lambda m, x: x.take(m.tensor([99])),
    "take dtype": lambda m, x: x.take(m.tensor([1.0])),
    "take_along_dim": lambda m, x: x.take_along_dim(m.tensor([0]), 1),
    "index_select": lambda m, x: x.index_select(0, m.tensor([9])),
    "index_select negative": lambda m, x: x.index_select(0, m.tensor([-1])),
    "index_select matrix": lambda m, x: x.index_select(0, m.tensor([[1]])),
    "scatter far": lambda m, x: x.scatter(1, m.tensor([[9]]), 1.0),
    "scatter long": lambda m, x: x.scatter(1, m.tensor([[1, 1, 1, 1, 1]]), x),
    "scatter dtype": lambda m, x: x.scatter(1, m.tensor([[1]]), m.tensor([[1]])),
    "scatter reduce": lambda m, x: x.scatter(1, m.tensor([[1]]), 1.0, reduce="max"),
    "scatter_add": lambda m, x: x.scatter_add(1, m.tensor([[9]]), x),
    "scatter_reduce": lambda m, x: x.scatter_reduce(1, m.tensor([[1]]), x, "median"),
    "index_add far": lambda m, x: x.index_add(0, m.tensor([9]), m.ones(1, 4)),
    "index_add shape": lambda m, x: x.index_add(0, m.tensor([0]), m.ones(1, 3)),
    "index_add dtype": lambda m, x: x.index_add(0, m.tensor([0]), m.ones(1, 4).double()),
    "index_copy": lambda m, x: x.index_copy(0, m.tensor([0]), m.ones(2, 4)),
    "index_fill far": lambda m, x: x.index_fill(0, m.tensor([9]), 1.0),
    "index_fill value": lambda m, x: x.index_fill(0, m.tensor([0]), m.ones(2)),
    "index_reduce": lambda m, x: x.index_reduce(0, m.tensor([0]), m.ones(1, 4), "sum"),
    "index_put dtype": lambda m, x: x.index_put((m.tensor([0]),), m.tensor(1)),
    "put": lambda m, x: x.put(m.tensor([0, 1]), m.ones(3)),
    "put far": lambda m, x: x.put(m.tensor([50]), m.ones(1)),
    "masked_fill mask": lambda m, x: x.masked_fill(m.ones(3, 4), 1.0),
    "masked_fill value": lambda m, x: x.masked_fill(x > 0, m.ones(4)),
    "masked_fill complex": lambda m, x: x.long().masked_fill(x > 0, 1.5j),
    "masked_select": lambda m, x: x.masked_select(m.ones(3, 4)),
    "masked_scatter": lambda m, x: x.masked_scatter(x > 0, m.ones(3)),
    "masked_scatter dtype": lambda m, x: x.masked_scatter(x > 0, m.ones(12).double()),
    "where": lambda m, x: m.where(m.ones(3, 4), x, x),
    "unravel_index": lambda m, x: m.unravel_index(m.tensor(1.0), (2, 3)),
    "assign shape": lambda m, x: x.__setitem__(0, m.ones(3)),
    "assign slice": lambda m, x: x.__setitem__(slice(5, None), m.ones(3, 3)),
    "assign index": lambda m, x: x.__setitem__(m.tensor([0, 1]), m.ones(3)),
    # -------------------------------------------------------------------------- sorts and searches
    "topk": lambda m, x: x.topk(9),
    "sort": lambda m, x: x.sort(5),
    "kthvalue": lambda m, x: x.kthvalue(9),
    "kthvalue 0": lambda m, x: x.kthvalue(0),
    "mode": lambda m, x: m.zeros(0).mode(),
    "cummax": lambda m, x: x.cummax(3),
    "bincount": lambda m, x: m.bincount(m.tensor([-1])),
    "bincount fractions": lambda m, x: m.bincount(m.tensor([1.0])),
    "bincount matrix": lambda m, x: m.bincount(m.tensor([[1]])),
    "bincount weights": lambda m, x: m.bincount(m.tensor([1]), m.ones(2)),
    "bincount minlength": lambda m, x: m.bincount(m.tensor([1]), minlength=-1),
    "histc": lambda m, x: m.histc(m.tensor([1, 2])),
    "histc bins": lambda m, x: m.histc(x, 0),
    "histc range": lambda m, x: m.histc(x, 4, 3, 1),
    "histogram": lambda m, x: m.histogram(m.tensor([1, 2]), 3),
    "searchsorted side": lambda m, x: m.searchsorted(x[0], x, side="middle"),
    "searchsorted rows": lambda m, x: m.searchsorted(x, m.ones(2, 4)),
    "searchsorted both": lambda m, x: m.searchsorted(x[0], x, side="left", right=True),
    "bucketize": lambda m, x: m.bucketize(x, x),
    "unique axis": lambda m, x: m.unique(x, dim=4),
    "nonzero_static": lambda m, x: m.nonzero_static(x, size=-1),
    # -------------------------------------------------------------------------------- in place
    "unsqueeze_ of a leaf": lambda m, x: x.requires_grad_().unsqueeze_(0),
    "resize_": lambda m, x: x.requires_grad_().resize_(2),
    "index_fill_ of a leaf": lambda m, x: x.requires_grad_().index_fill_(0, m.tensor([0]), 1.0),
    "expanded": lambda m, x: x[:1].expand(3, 4).add_(1),
}


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch as peer

    return peer


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_refused(torch: Any, name: str) -> None:
    with pytest.raises(Exception) as theirs:
        REFUSED[name](torch, torch.tensor(VALUES))
    with pytest.raises(theirs.type) as mine:
        REFUSED[name](tgb, tgb.tensor(VALUES))
    assert len(str(mine.value)) > 20
