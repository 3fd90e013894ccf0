"""Complex matrices against PyTorch: the answers, and the gradients in its convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers

pytestmark = pytest.mark.peers
draw = Numbers(47)


def z(*shape: int) -> Any:
    return draw(*shape) + 1j * draw(*shape)


A, B, TALL = z(2, 3, 3), z(2, 3, 2), z(2, 4, 3)
HERMITIAN = A @ A.conj().swapaxes(1, 2)


def lu_solve(left: bool, adjoint: bool) -> Any:
    def run(m: Any, a: Any, b: Any) -> Any:
        factors = m.linalg.lu_factor(a)
        return m.linalg.lu_solve(*factors, b if left else b.mT, left=left, adjoint=adjoint)

    return run


CALLS: dict[str, tuple[Any, ...]] = {
    "inv": (lambda m, a: m.linalg.inv(a), A),
    "solve": (lambda m, a, b: m.linalg.solve(a, b), A, B),
    "solve_triangular": (lambda m, a, b: m.linalg.solve_triangular(a, b, upper=True), A, B),
    "det": (lambda m, a: m.linalg.det(a), A),
    "sign": (lambda m, a: m.linalg.slogdet(a)[0], A),
    "logabsdet": (lambda m, a: m.linalg.slogdet(a)[1], A),
    "svdvals": (lambda m, a: m.linalg.svdvals(a), TALL),
    "svd": (lambda m, a: abs(m.linalg.svd(a, full_matrices=False)[0]), TALL),
    "eigh": (lambda m, a: abs(m.linalg.eigh(a)[1]), HERMITIAN),
    "eigvalsh": (lambda m, a: m.linalg.eigvalsh(a), HERMITIAN),
    "eig": (lambda m, a: abs(m.linalg.eig(a)[1]), A),
    "eigvals": (lambda m, a: abs(m.linalg.eigvals(a)).sum(-1), A),
    "Q": (lambda m, a: m.linalg.qr(a)[0], TALL),
    "R": (lambda m, a: m.linalg.qr(a)[1], TALL),
    "pinv": (lambda m, a: m.linalg.pinv(a), TALL),
    "lstsq": (lambda m, a, b: m.linalg.lstsq(a, b).solution, TALL, z(2, 4, 2)),
    "matrix_exp": (lambda m, a: m.linalg.matrix_exp(a), A),
    "matrix_power": (lambda m, a: m.linalg.matrix_power(a, -3), A),
    "L": (lambda m, a: m.linalg.lu(a)[1], TALL),
    "U": (lambda m, a: m.linalg.lu(a)[2], A),
    **{f"lu_solve {left} {adjoint}": (lu_solve(left, adjoint), A, B)
       for left in (True, False) for adjoint in (True, False)},
    "cholesky": (lambda m, a: abs(m.linalg.cholesky(a)), HERMITIAN),
    "cholesky_solve": (lambda m, a, b: m.cholesky_solve(b, m.linalg.cholesky(a)), HERMITIAN, B),
    "norm": (lambda m, a: m.linalg.norm(a), A),
    "3-norm": (lambda m, a: m.linalg.vector_norm(a, 3), A),
    "nuclear norm": (lambda m, a: m.linalg.matrix_norm(a, "nuc"), A),
    "cond": (lambda m, a: m.linalg.cond(a), A),
    "vecdot": (lambda m, a, b: m.linalg.vecdot(a, b), A, z(2, 3, 3)),
    "vdot": (lambda m, a, b: m.vdot(a[0, 0], b[0, :, 0]), A, B),
    "einsum": (lambda m, a, b: m.einsum("bij,bjk->bik", a, b), A, B),
    "a Fourier layer": (lambda m, x, w: m.fft.irfft(
        m.einsum("bix,iox->box", m.fft.rfft(x), w), n=6), draw(2, 3, 6), z(3, 2, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_call_equals_pytorch(name: str) -> None:
    import torch

    run, *arrays = CALLS[name]
    results = []
    for m in (torch, tgb):
        xs = [m.tensor(a.copy()).requires_grad_() for a in arrays]
        out = run(m, *xs)
        weights = m.arange(1, out.numel() + 1).reshape(out.shape)
        loss = (out.real * weights).sum()
        if out.is_complex():
            loss = loss + 2 * (out.imag * weights).sum()
        loss.backward()
        found = [out.detach(), *(x.grad for x in xs)]
        results.append([np.asarray(x.resolve_conj()) for x in found])
    for theirs, ours in zip(*results, strict=True):
        assert theirs.dtype == ours.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
