"""Making tensors: dtypes, shapes, ranges, sharing, and what is refused."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb


@pytest.mark.parametrize(("data", "dtype", "shape"), [
    (1, tgb.int64, ()), (1.5, tgb.float32, ()), (True, tgb.bool, ()), (1j, tgb.complex64, ()),
    ([1, 2], tgb.int64, (2,)), ([1, 2.0], tgb.float32, (2,)), ([True, False], tgb.bool, (2,)),
    ([True, 2], tgb.int64, (2,)), ([[1], [2]], tgb.int64, (2, 1)), ([], tgb.float32, (0,)),
    ([[], []], tgb.float32, (2, 0)), ((1, 2), tgb.int64, (2,)), (range(3), tgb.int64, (3,)),
    (np.float64(2), tgb.float64, ()), (np.array([1, 2], np.int8), tgb.int8, (2,)),
    (np.array([1.0]), tgb.float64, (1,)),
])  # fmt: skip
def test_tensor_infers_the_dtype(data, dtype, shape):
    x = tgb.tensor(data)
    assert x.dtype == dtype and x.shape == shape


def test_python_floats_follow_the_default_dtype():
    tgb.set_default_dtype(tgb.float64)
    try:
        assert (
            tgb.tensor(1.5).dtype
            == tgb.zeros(1).dtype
            == tgb.arange(0, 1, 0.5).dtype
            == tgb.float64
        )
    finally:
        tgb.set_default_dtype(tgb.float32)
    with pytest.raises(TypeError, match="floating"):
        tgb.set_default_dtype(tgb.int64)


def test_a_requested_float64_is_not_rounded_on_the_way():
    assert tgb.tensor(0.1, dtype=tgb.float64).item() == 0.1
    assert tgb.tensor([[0.1]], dtype=tgb.float64).tolist() == [[0.1]]


def test_tensor_copies():
    array = np.ones(2)
    x, y = tgb.tensor(array), tgb.tensor(tgb.from_numpy(array))
    array[0] = 5
    assert x.tolist() == y.tolist() == [1, 1]


def test_from_numpy_shares_both_ways():
    array = np.ones((2, 3))
    x = tgb.from_numpy(array)
    array[0, 0] = 5
    assert x[0, 0].item() == 5
    x[1, 1] = 7
    x.mul_(2)
    assert array[1, 1] == 14 and x.numpy() is not None and np.shares_memory(x.numpy(), array)
    assert np.shares_memory(tgb.as_tensor(array).numpy(), array)
    assert np.shares_memory(tgb.asarray(array).numpy(), array)
    assert not np.shares_memory(tgb.as_tensor(array, dtype=tgb.float32).numpy(), array)
    assert not np.shares_memory(tgb.asarray(array, copy=True).numpy(), array)
    t = tgb.ones(2)
    assert tgb.as_tensor(t) is t


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: tgb.tensor([[1, 2], [3]]), ValueError, "rows of different lengths"),
    (lambda: tgb.tensor("text"), TypeError, "numbers"),
    (lambda: tgb.tensor(["a"]), TypeError, "numbers"),
    (lambda: tgb.tensor(None), RuntimeError, "numbers"),
    (lambda: tgb.tensor([None]), RuntimeError, "numbers"),
    (lambda: tgb.tensor(np.array(["a"])), TypeError, "numbers"),
    (lambda: tgb.tensor(1, device="cuda"), RuntimeError, "no device 'cuda'"),
    (lambda: tgb.zeros(2, device="cuda:0"), RuntimeError, "no device"),
    (lambda: tgb.zeros(2).to("cuda"), RuntimeError, "no device"),
    (lambda: tgb.Generator("cuda"), RuntimeError, "no device"),
    (lambda: tgb.zeros(-1), RuntimeError, "negative"),
    (lambda: tgb.from_numpy([1, 2]), TypeError, "NumPy array, not list"),
    (lambda: tgb.from_numpy(np.array(["a"])), TypeError, "NumPy dtype"),
    (lambda: tgb.tensor([1], requires_grad=True), RuntimeError, "floating-point"),
    (lambda: tgb.zeros(2, dtype=tgb.int64, requires_grad=True), RuntimeError, "floating-point"),
    (lambda: tgb.arange(0, 5, 0), RuntimeError, "step"),
    (lambda: tgb.arange(0, 5, -1), RuntimeError, "never reaches"),
    (lambda: tgb.randint(5, 5, (2,)), RuntimeError, "below"),
    (lambda: tgb.bernoulli(tgb.tensor([1.5])), RuntimeError, r"\[0, 1\]"),
    (lambda: tgb.multinomial(tgb.tensor([0.0, 0.0]), 1), RuntimeError, "not all zero"),
    (lambda: tgb.multinomial(tgb.tensor([1.0, 0.0]), 2), RuntimeError, "without replacement"),
])  # fmt: skip
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_shapes_as_numbers_tuples_and_lists():
    for size in ((2, 3), ((2, 3),), ([2, 3],)):
        assert tgb.zeros(*size).shape == tgb.ones(*size).shape == tgb.rand(*size).shape == (2, 3)
    assert tgb.zeros(()).shape == () and tgb.zeros(0).shape == (0,)
    assert tgb.full((2,), 7).dtype == tgb.int64 and tgb.full((2,), 7.0).dtype == tgb.float32
    assert tgb.full((2,), True).dtype == tgb.bool
    assert tgb.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_like():
    x = tgb.ones(2, 3, dtype=tgb.float64, requires_grad=True)
    for make in (tgb.zeros_like, tgb.ones_like, tgb.rand_like, tgb.randn_like, tgb.empty_like):
        y = make(x)
        assert y.shape == x.shape and y.dtype == x.dtype and not y.requires_grad
        assert make(x, dtype=tgb.float32).dtype == tgb.float32
        assert make(x, requires_grad=True).requires_grad
    assert tgb.full_like(x, 3).tolist() == [[3] * 3] * 2
    assert (
        x.new_zeros(2).dtype == x.new_ones((2,)).dtype == x.new_full((2,), 1).dtype == tgb.float64
    )
    assert x.new_tensor([1]).dtype == tgb.float64


def test_ranges():
    assert tgb.arange(3).tolist() == [0, 1, 2] and tgb.arange(3).dtype == tgb.int64
    assert tgb.arange(3.0).dtype == tgb.float32 and tgb.arange(5, 2, -2).tolist() == [5, 3]
    assert tgb.arange(0).shape == (0,) and tgb.arange(2, 2).shape == (0,)
    assert len(tgb.arange(0, 1, 0.1)) == 10
    assert tgb.linspace(0, 1, 1).tolist() == [0] and tgb.linspace(0, 1, 0).shape == (0,)
    assert tgb.linspace(1, 0, 3).tolist() == [1, 0.5, 0]
    assert tgb.logspace(0, 2, 3).tolist() == [1, 10, 100]


def test_pickle_and_deepcopy_of_leaves():
    x = tgb.tensor([1.0, 2.0], requires_grad=True).named("W")
    (x * 2).sum().backward()
    for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert twin.tolist() == [1, 2] and twin.requires_grad and twin.is_leaf and twin.name == "W"
        assert not np.shares_memory(twin.detach().numpy(), x.detach().numpy())
    twin = copy.deepcopy(x)
    assert twin.grad.tolist() == [2, 2] and twin.grad is not x.grad
    shared = copy.deepcopy([x, x])
    assert shared[0] is shared[1]
    for duplicate in (copy.deepcopy, pickle.dumps):
        with pytest.raises(RuntimeError, match="leaves"):
            duplicate(x * 2)
    assert pickle.loads(pickle.dumps(tgb.float32)) is tgb.float32
    i = tgb.tensor([1, 2])
    assert pickle.loads(pickle.dumps(i)).dtype == tgb.int64


def test_what_is_beyond_the_range_becomes_infinite_without_a_warning():
    assert tgb.tensor([1e300, -1e300]).tolist() == [np.inf, -np.inf]
    assert tgb.tensor(1e300, dtype=tgb.float64).float().item() == np.inf
