"""Calls of what rearranges, indexes, sorts and searches; they join those of `calls`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.calls import I23, MASK, TIED, A, C, M, N, S, V, W, call, draw

INDEX = np.array([2, 0, 2])
OTHERS = draw(2, 3, low=-1.9, high=2.5)  # no two numbers of A and of these are equal


def names(m: Any) -> Any:
    """Give an index along the second axis of (2, 3)."""
    return m.tensor(INDEX)


# --------------------------------------------------------------------------------- other shapes

call("view_as", lambda m, x, y: x.view_as(y.reshape(3, 2)), A, N)
call("reshape_as", lambda m, x, y: x.reshape_as(y.reshape(6)), A, N)
call("reshape keyword", lambda m, x: m.reshape(x, shape=(3, 2)), A)
call("permute keyword", lambda m, x: m.permute(x, dims=(2, 0, 1)), C)
call("swapaxes", lambda m, x: m.swapaxes(x, axis0=0, axis1=2), C)
call("swapdims", lambda m, x: m.swapdims(x, dim0=0, dim1=-1), C)
call("adjoint", lambda m, x: m.adjoint(x) * x.mH + x.H, M)
call("squeeze axes", lambda m, x: m.squeeze(x, (0, 2)), draw(1, 2, 1, 1))
call("atleast", lambda m, x: (m.atleast_1d(x), m.atleast_2d(x), m.atleast_3d(x)), S)
call("atleast of a vector", lambda m, x: (m.atleast_2d(x), m.atleast_3d(x)), W)
call("atleast of several", lambda m, x, y: m.atleast_3d(x, y), W, A)
call("unfold", lambda m, x: x.unfold(1, 2, 1), A)
call("unfold step", lambda m, x: x.unfold(dimension=-1, size=2, step=2), C)
call("unfold after transposition", lambda m, x: x.transpose(0, 2).unfold(0, 3, 1), C)
call("as_strided", lambda m, x: m.as_strided(x, (2, 2), (1, 2), 1), A)
call("as_strided overlap", lambda m, x: m.as_strided(x, size=(3, 2), stride=(1, 1)), V)
call("as_strided transposed", lambda m, x: m.as_strided(x.t(), (3, 2), (1, 3)), A)
call("as_strided of a part", lambda m, x: m.as_strided((x * 1)[1], (2, 2), (1, 1)), C)
for name in ("diagonal_copy", "squeeze_copy", "t_copy", "alias_copy"):
    call(name, lambda m, x, f=name: getattr(m, f)(x), A)
call("view_copy", lambda m, x: m.view_copy(x, (3, 2)), A)

# ------------------------------------------------------------------------------- joins and cuts

call("dstack", lambda m, x, y: m.dstack([x, y]), A, N)
call("column_stack", lambda m, x, y: m.column_stack([x, y]), draw(2), A)
call("row_stack", lambda m, x, y: m.row_stack((x, y)), W, A)
call("block_diag", lambda m, x, y, z: m.block_diag(x, y, z), A, S, W)
call("broadcast_tensors", lambda m, x, y: m.broadcast_tensors(x, y), W, draw(2, 1))
call("cartesian_prod", lambda m, x, y: m.cartesian_prod(x, y), W, V)
call("combinations", lambda m, x: m.combinations(x, 3), V)
call("combinations again", lambda m, x: m.combinations(x, r=2, with_replacement=True), W)
call("cat of two dtypes", lambda m, x: m.cat([x, m.tensor([1, 2, 3])]), W)
call("tensor_split", lambda m, x: m.tensor_split(x, 3), V)
call("tensor_split places", lambda m, x: m.tensor_split(x, (1, 2, 9), dim=1), C)
call("hsplit", lambda m, x: m.hsplit(x, 3), A)
call("vsplit", lambda m, x: m.vsplit(x, [1]), A)
call("dsplit", lambda m, x: m.dsplit(x, 2), C)
call("split_with_sizes", lambda m, x: m.split_with_sizes(x, [2, 3]), V)
call("split keyword", lambda m, x: m.split(x, split_size_or_sections=3, dim=0), V)
call("narrow_copy", lambda m, x: m.narrow_copy(x, 1, 0, 2), A)
call("fliplr, flipud", lambda m, x: m.fliplr(x) + 2 * m.flipud(x), A)
for turns in (-1, 0, 1, 2, 3, 5):
    call(f"rot90 {turns}", lambda m, x, k=turns: m.rot90(x, k, (0, 2)), C)
call("roll flat", lambda m, x: m.roll(x, -1), C)
call("repeat_interleave size", lambda m, x: m.repeat_interleave(x, m.tensor([1, 2]), dim=0,
                                                                output_size=3), A)  # fmt: skip
call("constant_pad_nd", lambda m, x: m.constant_pad_nd(x, (1, 2, 0, 1), 1.5), A)
call("constant_pad_nd negative", lambda m, x: m.constant_pad_nd(x, (-1, 2, 1, -1)), A)
call("diag_embed", lambda m, x: m.diag_embed(x, 1, 0, 2), A)
call("diagflat", lambda m, x: m.diagflat(x, -1), A)
# PyTorch has no derivative of these two.
call("vander", lambda m, x: m.vander(x.detach(), 4), W, smooth=False)
call("vander increasing", lambda m, x: m.vander(x.detach(), increasing=True), W, smooth=False)
call("diagonal_scatter", lambda m, x, y: m.diagonal_scatter(x, y, 1), M, draw(2))
call("select_scatter", lambda m, x, y: m.select_scatter(x, y, 1, -1), A, draw(2))
call("slice_scatter", lambda m, x, y: m.slice_scatter(x, y, 1, 0, 3, 2), A, draw(2, 2))
call("tril, triu batch", lambda m, x: x.tril(1) * x.triu(-1), C)

# ---------------------------------------------------------------------- putting things at places

call("gather int32", lambda m, x: m.gather(x, 1, m.tensor(I23, dtype=m.int32)), A)
call(
    "scatter reduce add",
    lambda m, x: m.scatter(x.detach(), 1, m.tensor(I23), 0.5, reduce="add"),
    A,
    smooth=False,
)
call("scatter value", lambda m, x: m.scatter(x, dim=1, index=m.tensor([[0], [2]]), value=3.0), A)
for kind in ("sum", "prod", "mean", "amax", "amin"):
    for include in (True, False):
        call(f"scatter_reduce {kind} {include}",
             lambda m, x, y, k=kind, i=include: m.scatter_reduce(
                 x, 1, m.tensor(I23), y, k, include_self=i), A, OTHERS)  # fmt: skip
        if kind != "sum":
            call(f"index_reduce {kind} {include}",
                 lambda m, x, y, k=kind, i=include: m.index_reduce(
                     x, 1, names(m), y, k, include_self=i), A, OTHERS)  # fmt: skip
for kind in ("prod", "amax", "amin"):
    call(f"scatter_reduce {kind} at zeros and ties",
         lambda m, x, y, k=kind: m.scatter_reduce(x, 0, m.tensor([0, 0, 0, 1, 1]), y, k),
         np.array([1.0, 0.0, 2.0]), np.array([1.0, 0.0, 1.0, 3.0, 3.0]), smooth=False)  # fmt: skip
call("index_add", lambda m, x, y: m.index_add(x, 1, names(m), y, alpha=0.5), A, N)
call("index_copy", lambda m, x, y: m.index_copy(x, 0, m.tensor([1, 0]), y), A, N)
call("index_fill", lambda m, x: m.index_fill(x, 1, names(m), 2.0), A)
call("index_fill tensor", lambda m, x, v: m.index_fill(x, 1, m.tensor([1, 0]), v), A, S)
call("index_put", lambda m, x, v: m.index_put(x, (m.tensor([1, 0]), m.tensor([0, 2])), v), A,
     draw(2))  # fmt: skip
call("index_put add", lambda m, x, v: m.index_put(x, (m.tensor([1, 1]),), v, accumulate=True), A, W)
call("put", lambda m, x, v: m.put(x, m.tensor([5, -5]), v), A, draw(2))
call("put add", lambda m, x, v: m.put(x, m.tensor([1, 1]), v, accumulate=True), A, draw(2))
call("masked_scatter", lambda m, x, v: m.masked_scatter(x, m.tensor(MASK), v), A, V)
call("masked_scatter row", lambda m, x, v: x.masked_scatter(m.tensor(MASK[0]), v), A, V)
call("where scalars", lambda m, x: x * m.where(x > 0, 1.0, 2.0), A)

# ---------------------------------------------------------------------------- orders and searches

for name in ("kthvalue", "mode"):
    first = {"kthvalue": (2,), "mode": ()}[name]
    for arguments in ({"dim": 0}, {"dim": -1, "keepdim": True}):
        call(
            f"{name} {arguments}",
            lambda m, x, f=name, p=first, a=arguments: tuple(getattr(m, f)(x, *p, **a)),
            A,
        )
    call(f"{name} of a number", lambda m, x, f=name: tuple(getattr(m, f)(x, *((1,) if f ==
         "kthvalue" else ()))), S)  # fmt: skip
call("mode ties", lambda m, x: tuple(m.mode(x, 1)), TIED, smooth=False)
call("msort", lambda m, x: m.msort(x), A)
call("topk of many", lambda m, x: tuple(m.topk(x, 2, dim=0)), draw(40, 2))
call("unique rows", lambda m, x: m.unique(x.detach(), return_inverse=True, return_counts=True,
                                          dim=0), TIED[[0, 1, 0]], smooth=False)  # fmt: skip
call("unique_consecutive", lambda m, x: m.unique_consecutive(
    x.detach(), return_inverse=True, return_counts=True), TIED, smooth=False)  # fmt: skip
for right in (False, True):
    call(f"searchsorted {right}", lambda m, x, y, r=right: (
        m.searchsorted(m.sort(x)[0], y, right=r), m.bucketize(y, m.sort(x[0])[0], right=r)),
        A, N, smooth=False)  # fmt: skip
call("searchsorted number", lambda m, x: m.searchsorted(m.sort(x)[0], 0.5, out_int32=True), V,
     smooth=False)  # fmt: skip
call("isin", lambda m, x: m.isin(x, x.detach()[:1], invert=True), TIED, smooth=False)
call("histc", lambda m, x: m.histc(x.detach(), 5, -1, 1), A, smooth=False)
call("histogram", lambda m, x: tuple(m.histogram(x.detach(), 4, density=True)), A, smooth=False)
call("argwhere", lambda m, x: m.argwhere(x > 0), A, smooth=False)
call("nonzero_static", lambda m, x: m.nonzero_static(x > 0, size=9, fill_value=-2), A, smooth=False)
call("unravel_index", lambda m, x: m.unravel_index(m.tensor([[5, 0]]), (2, 3)), A, smooth=False)
