"""Linear algebra: what has to hold of the answers, gradients at hard places, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers
from tinygrad_bp.autograd import gradcheck, gradgradcheck

draw = Numbers(41)


def t(*shape: int) -> Any:
    return tgb.tensor(draw(*shape))


def close(a: Any, b: Any) -> bool:
    return tgb.allclose(a, b, rtol=1e-9, atol=1e-11)


def positive(*shape: int) -> Any:
    x = t(*shape)
    return x @ x.mT + tgb.eye(shape[-1], dtype=tgb.float64)


SHAPES: list[Any] = [(3, 3), (5, 3), (3, 5), (2, 4, 3), (2, 1, 3, 3)]
SQUARES: list[Any] = [(1, 1), (4, 4), (2, 3, 3), (2, 1, 3, 3), (20, 20), (40, 40)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_decompositions_multiply_back(shape: Any) -> None:
    A = t(*shape)
    U, S, Vh = tgb.linalg.svd(A, full_matrices=False)
    assert close(U * S[..., None, :] @ Vh, A)
    Q, R = tgb.linalg.qr(A)
    assert close(Q @ R, A) and close(R, R.triu())
    Q, R = tgb.linalg.qr(A, mode="complete")
    assert Q.shape[-1] == shape[-2] and close(Q @ R, A)
    P, L, U = tgb.linalg.lu(A)
    assert close(P @ L @ U, A) and close(L, L.tril()) and close(U, U.triu())
    packed = tgb.linalg.lu_factor(A)
    assert all(map(close, tgb.lu_unpack(*packed), (P, L, U)))
    assert packed.pivots.dtype == tgb.int32


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_full_svd_is_orthogonal(shape: Any) -> None:
    A = t(*shape)
    U, S, Vh = tgb.linalg.svd(A)
    for x, n in ((U, shape[-2]), (Vh, shape[-1])):
        assert x.shape[-2:] == (n, n)
        assert close(x @ x.mT, tgb.eye(n, dtype=tgb.float64).expand(*x.shape))
    k = S.shape[-1]
    assert close(U[..., :k] * S[..., None, :] @ Vh[..., :k, :], A)


@pytest.mark.parametrize("shape", SQUARES, ids=str)
def test_square_matrices(shape: Any) -> None:
    A, B = t(*shape), t(*shape[:-1], 2)
    eye = tgb.eye(shape[-1], dtype=tgb.float64).expand(*shape)
    assert close(A @ tgb.linalg.inv(A), eye)
    assert close(A @ tgb.linalg.solve(A, B), B)
    assert close(tgb.linalg.solve(A, B.mT, left=False) @ A, B.mT)
    factors = tgb.linalg.lu_factor(A)
    assert close(A @ tgb.linalg.lu_solve(*factors, B), B)
    assert close(A.mT @ tgb.linalg.lu_solve(*factors, B, adjoint=True), B)
    assert close(tgb.linalg.lu_solve(*factors, B.mT, left=False) @ A, B.mT)
    sign, logabsdet = tgb.linalg.slogdet(A)
    assert close(sign * logabsdet.exp(), tgb.linalg.det(A))
    values, vectors = tgb.linalg.eigh(A + A.mT)
    assert close((A + A.mT) @ vectors, vectors * values[..., None, :])
    values, vectors = tgb.linalg.eig(A)
    assert tgb.allclose(A.to(tgb.complex128) @ vectors, vectors * values[..., None, :], atol=1e-9)
    S = positive(*shape)
    L = tgb.linalg.cholesky(S)
    assert close(L @ L.mT, S) and close(tgb.linalg.cholesky(S, upper=True), L.mT)
    assert close(S @ tgb.cholesky_solve(B, L), B)
    assert close(S @ tgb.cholesky_inverse(L.mT, upper=True), eye)
    symmetric = A + A.mT
    assert close(symmetric @ tgb.linalg.ldl_solve(*tgb.linalg.ldl_factor(symmetric), B), B)


def test_reflections_are_the_q_of_a_qr_decomposition() -> None:
    A, C = t(5, 3), t(5, 2)
    a, tau = tgb.geqrf(A)
    Q, R = tgb.linalg.qr(A, mode="complete")
    assert close(a.triu(), R) and close(tgb.orgqr(a, tau), Q[:, :3])
    assert close(tgb.ormqr(a, tau, C), Q @ C)
    assert close(tgb.ormqr(a, tau, C, transpose=True), Q.mT @ C)
    assert close(tgb.ormqr(a, tau, C.mT, left=False), C.mT @ Q)


def test_batches_broadcast() -> None:
    A, B = t(2, 1, 3, 3), t(4, 3, 2)
    X = tgb.linalg.solve(A, B)
    assert X.shape == (2, 4, 3, 2) and close(A @ X, B.expand(2, 4, 3, 2))
    T = A.triu() + 3 * tgb.eye(3, dtype=tgb.float64)
    X = tgb.linalg.solve_triangular(T, B, upper=True)
    assert close(T @ X, B.expand(2, 4, 3, 2))
    assert gradcheck(lambda a, b: tgb.linalg.solve(a, b), (A + 4 * tgb.eye(3, dtype=A.dtype), B))


# ------------------------------------------------------------------------------ hard places


def test_a_singular_determinant_has_gradients_of_every_order() -> None:
    A = tgb.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=tgb.float64)
    A.requires_grad_()
    tgb.linalg.det(A).backward()
    assert close(A.grad, tgb.tensor([[4.0, -2.0], [-2.0, 1.0]], dtype=tgb.float64))
    zero = tgb.zeros(3, 3, dtype=tgb.float64)
    assert gradcheck(tgb.linalg.det, zero) and gradgradcheck(tgb.linalg.det, zero)


def test_equal_eigenvalues_spoil_no_gradient_of_eigenvalues() -> None:
    A = tgb.eye(3, dtype=tgb.float64).requires_grad_()
    (tgb.linalg.eigvalsh(A) ** 2).sum().backward()
    assert close(A.grad, 2 * tgb.eye(3, dtype=tgb.float64))
    A.grad = None
    tgb.linalg.matrix_norm(A, "nuc").backward()
    assert close(A.grad, tgb.eye(3, dtype=tgb.float64))


def test_the_gradient_of_a_pseudoinverse_needs_no_distinct_singular_values() -> None:
    A = tgb.eye(4, 3, dtype=tgb.float64)
    assert gradcheck(tgb.linalg.pinv, A) and gradgradcheck(tgb.linalg.pinv, A)


def test_cofactors_of_third_order() -> None:
    A = t(3, 3)

    def slope(x: Any) -> Any:
        x = x if x.requires_grad else x.requires_grad_()
        (g,) = tgb.autograd.grad(tgb.linalg.det(x), x, create_graph=True)
        return g

    assert gradgradcheck(slope, A.requires_grad_())


def test_norms_at_zero_have_no_gradient() -> None:
    for ord in (1, 2, 3, float("inf")):
        x = tgb.zeros(3, dtype=tgb.float64, requires_grad=True)
        tgb.linalg.vector_norm(x, ord).backward()
        assert close(x.grad, tgb.zeros(3, dtype=tgb.float64))
    x = tgb.zeros(2, 3, requires_grad=True)
    tgb.cdist(x, x).sum().backward()
    assert x.grad.tolist() == [[0.0] * 3] * 2


def test_large_matrix_exponential_is_scaled() -> None:
    A = tgb.tensor([[0.0, 100.0], [-100.0, 0.0]], dtype=tgb.float64)
    c, s = np.cos(100.0), np.sin(100.0)
    expected = tgb.tensor([[c, s], [-s, c]], dtype=tgb.float64)
    assert tgb.allclose(tgb.linalg.matrix_exp(A), expected, atol=1e-11)


def test_many_rows_take_the_product_and_agree_with_few() -> None:
    x, y = t(30, 4), t(40, 4)
    assert tgb.allclose(
        tgb.cdist(x, y), tgb.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"), atol=1e-7
    )
    assert close(tgb.nn.functional.pdist(x), tgb.cdist(x, x, 2.0, "donot_use_mm_for_euclid_dist")[
        np.triu_indices(30, 1)
    ])  # fmt: skip


def test_low_rank_is_found() -> None:
    tgb.manual_seed(0)
    A = t(20, 2) @ t(2, 12)
    U, S, V = tgb.svd_lowrank(A, q=3)
    assert close(U * S @ V.mT, A) and close(S[:2], tgb.linalg.svdvals(A)[:2])
    U, S, V = tgb.pca_lowrank(A, q=2)
    assert close(U * S @ V.mT, A - A.mean(0))
    assert tgb.svd_lowrank(A.mT, q=2).U.shape == (12, 2)


# ------------------------------------------------------------------------------------ bad input


def singular() -> Any:
    return tgb.tensor([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: tgb.linalg.inv(singular()), r"linalg.inv: the diagonal element 2 of U is zero"),
        (
            lambda: tgb.linalg.solve(tgb.stack([tgb.eye(2), singular()]), tgb.ones(2, 2, 1)),
            r"linalg.solve \(batch element 1\): the diagonal element 2 .* Remedy",
        ),
        (
            lambda: tgb.linalg.cholesky(tgb.tensor([[1.0, 2.0], [2.0, 1.0]])),
            "leading minor of order 2 is not positive",
        ),
    ],
)
def test_singular_matrices_raise(run: Any, message: str) -> None:
    with pytest.raises(tgb.linalg.LinAlgError, match=message) as caught:
        run()
    assert isinstance(caught.value, RuntimeError)


def test_the_ex_functions_do_not_raise() -> None:
    A = tgb.stack([tgb.eye(2), singular()])
    assert tgb.linalg.inv_ex(A).info.tolist() == [0, 2]
    assert tgb.linalg.inv_ex(A).inverse[0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    result, info = tgb.linalg.solve_ex(A, tgb.ones(2, 2, 1))
    assert info.tolist() == [0, 2] and result[0].tolist() == [[1.0], [1.0]]
    assert tgb.linalg.lu_factor_ex(A).info.tolist() == [0, 2]
    bad = tgb.tensor([[[4.0, 0.0], [0.0, 9.0]], [[1.0, 2.0], [2.0, 1.0]]])
    L, info = tgb.linalg.cholesky_ex(bad)
    assert info.tolist() == [0, 2] and L[0].tolist() == [[2.0, 0.0], [0.0, 3.0]]
    for run in (tgb.linalg.inv_ex, tgb.linalg.lu_factor_ex):
        with pytest.raises(tgb.linalg.LinAlgError):
            run(A, check_errors=True)
    assert tgb.linalg.cond(singular(), 1).item() == float("inf")


@pytest.mark.parametrize(
    "run",
    [
        lambda: tgb.linalg.inv(tgb.ones(2, 3)),
        lambda: tgb.linalg.det(tgb.ones(3)),
        lambda: tgb.linalg.inv(tgb.ones(2, 2, dtype=tgb.int64)),
        lambda: tgb.linalg.inv(tgb.eye(2).half()),
        lambda: tgb.linalg.solve(tgb.eye(2), tgb.ones(3)),
        lambda: tgb.linalg.solve(tgb.eye(2), tgb.ones(2, dtype=tgb.float64)),
        lambda: tgb.linalg.solve(tgb.ones(3, 2, 2), tgb.ones(2, 2, 1)),
        lambda: tgb.linalg.solve_triangular(tgb.eye(2), tgb.ones(3, 1), upper=True),
        lambda: tgb.linalg.qr(tgb.eye(2), mode="full"),
        lambda: tgb.linalg.eigh(tgb.eye(2), "X"),
        lambda: tgb.linalg.matrix_norm(tgb.eye(2), 3),
        lambda: tgb.linalg.matrix_norm(tgb.eye(2), dim=(0, 0)),
        lambda: tgb.linalg.norm(tgb.ones(2, 2, 2), 2),
        lambda: tgb.linalg.vector_norm(tgb.ones(0), float("inf")),
        lambda: tgb.linalg.multi_dot([tgb.ones(2, 3)]),
        lambda: tgb.linalg.multi_dot([tgb.ones(2, 3), tgb.ones(2, 3)]),
        lambda: tgb.linalg.cross(tgb.ones(2), tgb.ones(2)),
        lambda: tgb.linalg.lstsq(tgb.ones(3, 2), tgb.ones(2, 1)),
        lambda: tgb.linalg.tensorinv(tgb.ones(2, 3, 4)),
        lambda: tgb.linalg.householder_product(tgb.ones(2, 3), tgb.ones(2)),
        lambda: tgb.linalg.vander(tgb.ones(2), N=0),
        lambda: tgb.cdist(tgb.ones(2, 3), tgb.ones(2, 4)),
        lambda: tgb.cdist(tgb.ones(2, 3), tgb.ones(2, 3), p=-1),
        lambda: tgb.cholesky_solve(tgb.ones(3, 1), tgb.eye(2)),
        lambda: tgb.addmm(tgb.ones(2), tgb.ones(2, 3), tgb.ones(2, 3)),
        lambda: tgb.addmv(tgb.ones(2), tgb.ones(2, 3), tgb.ones(2, 1)),
        lambda: tgb.baddbmm(tgb.ones(2), tgb.ones(2, 3, 3), tgb.ones(3, 3, 3)),
        lambda: tgb.inner(tgb.ones(2), tgb.ones(3)),
        lambda: tgb.tensordot(tgb.ones(2, 3), tgb.ones(2, 3), dims=1),
        lambda: tgb.tensordot(tgb.ones(2, 3), tgb.ones(2, 3), dims=([0, 1], [0])),
        lambda: tgb.cross(tgb.ones(2, 2), tgb.ones(2, 2)),
    ],
)
def test_what_does_not_fit_is_a_runtime_error(run: Any) -> None:
    with pytest.raises(RuntimeError, match=r"\w"):
        run()


def test_sublists_spell_einsum() -> None:
    x, y = t(2, 3), t(3, 4)
    assert close(tgb.einsum(x, [0, 1], y, [1, 2], [0, 2]), x @ y)
    assert close(tgb.einsum(x, [0, 1], y, [1, 2]), x @ y)
    assert close(tgb.einsum(x, [..., 0], [..., 0]), x)


def test_single_precision_stays() -> None:
    A = (t(3, 3) @ t(3, 3)).float() + 5 * tgb.eye(3)
    B = tgb.ones(3, 2)
    outs = [
        tgb.linalg.inv(A), tgb.linalg.solve(A, B), tgb.linalg.det(A), *tgb.linalg.slogdet(A),
        *tgb.linalg.svd(A), *tgb.linalg.qr(A), *tgb.linalg.eigh(A + A.mT), tgb.linalg.pinv(A),
        tgb.linalg.matrix_exp(A / 9), *tgb.linalg.lu(A), tgb.linalg.cond(A), tgb.cdist(A, B.mT @ A),
        tgb.linalg.matrix_norm(A, 2), tgb.linalg.lstsq(A, B).solution, tgb.kron(A, B),
        tgb.linalg.vector_norm(A, 3), tgb.linalg.cholesky(A @ A.mT),
    ]  # fmt: skip
    assert {x.dtype for x in outs} == {tgb.float32}
    assert tgb.linalg.eigvals(A).dtype == tgb.complex64


def test_out_takes_the_result() -> None:
    A, B = tgb.eye(2) * 2, tgb.ones(2, 2)
    out = tgb.empty(2, 2)
    assert tgb.mm(A, B, out=out) is out and out.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert tgb.linalg.inv(A, out=out) is out and out.tolist() == [[0.5, 0.0], [0.0, 0.5]]
    values, vectors = tgb.empty(2), tgb.empty(2, 2)
    found = tgb.linalg.eigh(A, out=(values, vectors))
    assert found.eigenvalues is values and values.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (4, 2)]),
        ("ij,ij->", [(2, 6), (3, 4)]),  # as many elements, and yet
        ("ii->i", [(2, 3)]),
        ("ij->ij", [(2, 3, 4)]),
        ("ij,jk", [(2, 3)]),
    ],
)
def test_an_einsum_of_unequal_lengths_is_refused(equation: str, shapes: Any) -> None:
    with pytest.raises(RuntimeError, match="einsum"):
        tgb.einsum(equation, *[tgb.ones(*shape) for shape in shapes])


def test_einsum_of_many_operands() -> None:
    xs = [draw(3, 4), draw(4, 5), draw(5, 6), draw(6, 3), draw(3)]
    for equation in ("ab,bc,cd,da,a->", "ab,bc,cd,de,a->ea", "ab,bc,cd,ea,a->abd"):
        ours = tgb.einsum(equation, *map(tgb.tensor, xs))
        np.testing.assert_allclose(np.asarray(ours), np.einsum(equation, *xs), rtol=1e-10)
