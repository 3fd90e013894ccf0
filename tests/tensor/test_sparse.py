"""Sparse tensors: coordinates and values, and the gradient of products with them."""

import copy
import io
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import gradcheck

RNG = np.random.default_rng(3)
PLACES = [[0, 1, 1, 1], [2, 0, 0, 1]]
DENSE = [[0.0, 0.0, 3.0], [5.0, 2.0, 0.0]]


def matrix(**kwargs):
    return tgb.sparse_coo_tensor(PLACES, [3.0, 4.0, 1.0, 2.0], (2, 3), **kwargs)


def test_it_knows_its_coordinates():
    m = matrix()
    assert m.is_sparse and m.layout is tgb.sparse_coo and isinstance(m, tgb.Tensor)
    assert m.shape == m.size() == (2, 3) and m.dim() == m.sparse_dim() == 2 and m.dense_dim() == 0
    assert m._indices().tolist() == PLACES and m._values().tolist() == [3, 4, 1, 2]
    assert m._nnz() == 4 and not m.is_coalesced() and m.dtype is tgb.float32
    with pytest.raises(RuntimeError, match="coalesce"):
        m.values()
    whole = m.coalesce()
    assert whole.indices().tolist() == [[0, 1, 1], [2, 0, 1]] and whole.values().tolist() == [
        3,
        5,
        2,
    ]
    assert whole.is_coalesced() and whole.coalesce() is whole and whole._nnz() == 3
    assert m.to_dense().tolist() == whole.to_dense().tolist() == DENSE
    assert tgb.sparse_coo_tensor(PLACES, [1.0] * 4).shape == (2, 3)
    assert "nnz=4" in repr(m)


def test_indices_outside_are_refused():
    with pytest.raises(RuntimeError, match="outside of the size"):
        tgb.sparse_coo_tensor([[2]], [1.0], (2,))


@pytest.mark.parametrize(
    "product",
    [tgb.sparse.mm, tgb.spmm, tgb.mm, tgb.matmul, lambda a, b: a @ b, lambda a, b: a.matmul(b)],
)
def test_products_with_a_matrix(product):
    x = tgb.tensor(RNG.normal(size=(3, 4)).astype(np.float32), requires_grad=True)
    out = product(matrix(), x)
    out.sum().backward()
    assert np.allclose(out.detach().numpy(), np.array(DENSE, np.float32) @ x.detach().numpy())
    assert x.grad.tolist() == [[5.0] * 4, [2.0] * 4, [3.0] * 4]


def test_gradients_of_the_values_and_of_the_other_factor():
    values, x = tgb.tensor(RNG.normal(size=4)), tgb.tensor(RNG.normal(size=(3, 2)))

    def product(values, x):
        m = tgb.sparse_coo_tensor(PLACES, values, (2, 3))
        return m @ x, m.t() @ x[:2], (m * 2.0).coalesce().values(), m.to_dense()

    assert gradcheck(product, (values.requires_grad_(), x.requires_grad_()))


def test_a_sparse_leaf_collects_a_sparse_gradient():
    m = matrix(requires_grad=True)
    assert m.requires_grad and m.is_leaf and m.grad is None
    (m @ tgb.ones(3, 1)).sum().backward()
    assert m.grad.is_sparse and m.grad._values().tolist() == [1, 1, 1, 1]


def test_what_stays_sparse():
    m = matrix()
    zeros_too = np.array(DENSE)
    for kept, dense in [
        (m.t(), zeros_too.T), (m * 2, zeros_too * 2), (m / 2, zeros_too / 2), (-m, -zeros_too),
        (m + m, zeros_too * 2), (m.transpose(0, 1), zeros_too.T), (m.double(), zeros_too),
        (copy.deepcopy(m), zeros_too), (m.detach(), zeros_too), (m.clone(), zeros_too),
        (pickle.loads(pickle.dumps(m)), zeros_too), (tgb.sparse.sum(m, 0), zeros_too.sum(0)),
        (tgb.tensor(DENSE).to_sparse(), zeros_too),
    ]:  # fmt: skip
        assert kept.is_sparse and kept.to_dense().tolist() == dense.tolist()
    assert m.to("cpu") is m and tgb.sparse.sum(m).item() == 10
    assert tgb.tensor([[0.0, 0.0], [1.0, 2.0]]).to_sparse(1).values().tolist() == [[1, 2]]


def test_everything_else_takes_it_with_its_zeros():
    m = matrix()
    assert (m + 1).tolist() == (np.array(DENSE) + 1).tolist() and m.sum().item() == 10
    assert tgb.relu(-m).sum().item() == 0 and m[1].tolist() == [5, 2, 0]
    with pytest.raises(RuntimeError, match="clone"):
        m.add_(1)


def test_a_module_keeps_one_as_a_buffer():
    class Net(tgb.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("adjacency", matrix())

    net = Net().to("cpu")
    assert net.adjacency.is_sparse and "adjacency" in net.state_dict()
    tgb.save(net.state_dict(), io.BytesIO())


def test_older_constructors():
    m = tgb.sparse.FloatTensor(tgb.tensor(PLACES), tgb.tensor([1.0] * 4), tgb.Size([2, 3]))
    assert m.is_sparse and m.dtype is tgb.float32
    assert tgb.sparse.addmm(tgb.ones(2, 1), m, tgb.ones(3, 1)).tolist() == [[2], [4]]


def test_a_custom_function_saves_one():
    class Product(tgb.autograd.Function):
        @staticmethod
        def forward(ctx, places, values, size, x):
            m = tgb.sparse_coo_tensor(places, values, size)
            ctx.save_for_backward(m, x)
            return m @ x

        @staticmethod
        def backward(ctx, g):
            m, x = ctx.saved_tensors
            rows, columns = m._indices()
            return None, (g @ x.t())[rows, columns], None, m.t() @ g

    values, x = tgb.tensor(RNG.normal(size=4)), tgb.tensor(RNG.normal(size=(3, 2)))
    places = tgb.tensor(PLACES)
    assert gradcheck(
        lambda values, x: Product.apply(places, values, (2, 3), x),
        (values.requires_grad_(), x.requires_grad_()),
    )
