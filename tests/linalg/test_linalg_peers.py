"""Linear algebra against PyTorch, where PyTorch's own samples (test_opinfo) do not reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers

pytestmark = pytest.mark.peers
draw = Numbers(43)
A, B, S = draw(3, 4, 4), draw(3, 4, 2), draw(4, 4)
S = S @ S.T + np.eye(4)
TALL = draw(6, 3)

CALLS: dict[str, tuple[Any, ...]] = {
    "einsum list": (lambda m, x, y: m.einsum("bij,bjk->bik", [x, y]), A, B),
    "einsum sublists": (lambda m, x, y: m.einsum(x, [0, 1, 2], y, [0, 2, 3], [0, 3]), A, B),
    "cholesky upper": (lambda m, x: m.linalg.cholesky(x, upper=True), S),
    "cholesky legacy": (lambda m, x: m.cholesky(x), S),
    "svd legacy": (lambda m, x: m.svd(x)[1], TALL),
    "svd values": (lambda m, x: m.svd(x, compute_uv=False)[1], TALL),
    "svd method": (lambda m, x: abs(x.svd()[0]), TALL),
    "qr r": (lambda m, x: m.linalg.qr(x, mode="reduced")[1], TALL),
    "det method": (lambda m, x: x.det(), A),
    "logdet": (lambda m, x: m.logdet(x), S),
    "inverse method": (lambda m, x: x.inverse() @ x.matrix_exp(), A),
    "triangular": (lambda m, b, x: m.triangular_solve(b, x, transpose=True)[0], B, A),
    "lstsq vectors": (lambda m, x, y: m.linalg.lstsq(x, y).solution, A, draw(3, 4)),
    "lstsq residuals": (lambda m, x, y: m.linalg.lstsq(x, y, driver="gelsd").residuals,
                        TALL, draw(6, 2)),
    "matrix_rank": (lambda m, x: m.linalg.matrix_rank(x.detach()), np.ones((3, 3))),
    "matrix_power": (lambda m, x: m.matrix_power(x, 5) + x.matrix_power(-2), A),
    "pinverse": (lambda m, x: m.pinverse(x), TALL),
    "cond": (lambda m, x: m.linalg.cond(x, -2), A),
    "norm of two axes": (lambda m, x: m.linalg.norm(x, 1, (0, 2)), A),
    "svd_lowrank": (lambda m, x: m.svd_lowrank(x @ x.mT, q=3)[1], TALL),
    "pca_lowrank": (lambda m, x: m.pca_lowrank(x @ x.mT, q=3)[1], TALL),
    "pinv of rank 3": (lambda m, x: m.linalg.pinv(x @ x.mT), TALL),
    "addmm": (lambda m, x, y: x[0].addmm(x[1], x[2], beta=0, alpha=2) + y.sum(), A, B),
    "ignored input": (lambda m, x: m.addmm(x, x, x, beta=0), np.array([[np.nan, 1.0], [1.0, 1.0]])),
    "cross axis": (lambda m, x: m.cross(x, x.flip(0), dim=0), A),
    "tensordot tensor": (lambda m, x, y: m.tensordot(x, y, m.tensor([[0, 2], [0, 1]])), A, B),
    "kron of ranks": (lambda m, x, y: m.kron(x, y[0, 0]), A, B),
    "inner": (lambda m, x, y: m.inner(x, y.mT), A, B),
    "cdist 3": (lambda m, x, y: m.cdist(x, y.mT, p=3), A, B),
    "cdist large": (lambda m, x: m.cdist(x, x * 2), draw(30, 3)),
    "pdist": (lambda m, x: m.nn.functional.pdist(x, 1.5), TALL),
    "multi_dot": (lambda m, x: m.linalg.multi_dot([x[:, 0], x, x.T, x[:, 1]]), TALL),
    "ormqr": (lambda m, x: m.ormqr(*m.geqrf(x.detach()), x), TALL),
    "tensorsolve": (lambda m, x, y: m.linalg.tensorsolve(x.reshape(4, 6, 2, 12), y.reshape(4, 6)),
                    draw(24, 24) + 9 * np.eye(24), draw(24)),
}  # fmt: skip


def flat(out: Any) -> list[Any]:
    return list(out) if isinstance(out, tuple) else [out]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_call_equals_pytorch(name: str) -> None:
    import torch

    run, *arrays = CALLS[name]
    results = []
    for m in (torch, tgb):
        xs = [m.tensor(a.copy()).requires_grad_() for a in arrays]
        outs = flat(run(m, *xs))
        loss = sum(((i + 1) * (o * o).sum() for i, o in enumerate(outs) if o.requires_grad), 0)
        if not isinstance(loss, int):
            loss.backward()
        results.append(([o.detach() for o in outs], [x.grad for x in xs]))
    for theirs, ours in zip(*results, strict=True):
        for a, b in zip(theirs, ours, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert np.asarray(a).dtype == np.asarray(b).dtype
                np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=1e-6, atol=1e-8)


def test_every_name_of_torch_linalg_is_here() -> None:
    import torch

    theirs = {n for n in dir(torch.linalg) if not n.startswith("_") and n.islower()}
    theirs -= {"common_notes", "torch", "annotations"}
    missing = {n for n in theirs if not hasattr(tgb.linalg, n)}
    assert not {n for n in missing if callable(getattr(torch.linalg, n))}
    assert set(tgb.linalg.__all__) >= {"LinAlgError", "norm"}
