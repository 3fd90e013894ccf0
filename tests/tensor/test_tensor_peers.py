"""repr, dtypes, ranges and conversions, side by side with PyTorch."""

import numpy as np
import pytest

import tinygrad_bp as tgb

pytestmark = pytest.mark.peers

RNG = np.random.default_rng(0)
FLOATS = [
    0,
    1,
    -1,
    0.5,
    -0.0,
    1e-5,
    1e9,
    123456.0,
    np.nan,
    np.inf,
    -np.inf,
    1e8,
    100000001.0,
    0.1,
    12345.678,
    [0, 1, 2],
    [0.0, 0.5],
    [1e-5, 1],
    [1000.0, 0.5],
    [1001, 0.5],
    [np.nan, 1],
    [np.nan, 1.5],
    [np.inf, -np.inf],
    [0, 0],
    [np.nan],
    [1, np.inf, 0.25],
    [-0.0, 1],
    [3e4, 1],
    [1, 1001],
    [1.0, 2e4, 1e-4],
    [-1.5, 22.25],
    [],
]
INTEGERS = [[1, 2, 300], [-1, 5], [[1, 22], [-33, 4]], 7, []]
SHAPES = [
    (3, 4), (2, 3, 4), (2, 2, 2, 2), (40,), (1,), (1, 1), (2000,), (50, 50), (11, 10, 10), (7, 200),
    (200, 7), (1001,), (1000,), (2, 0), (0, 3), (13,), (1, 100),
]  # fmt: skip
ARRAYS = [
    *(np.array(v, d) for v in FLOATS for d in ("float32", "float64")),
    *(np.array(v, "float16") for v in FLOATS if (np.nan_to_num(v, posinf=0, neginf=0) < 6e4).all()),
    *(np.array(v, d) for v in INTEGERS for d in ("int64", "int32", "int16")),
    np.array(True),
    np.array([True, False]),
    np.array([[1, 2]], np.uint8),
    *(RNG.normal(size=s).astype(d) for s in SHAPES for d in ("float32", "float64")),
    *(RNG.normal(size=s).astype(np.complex64) for s in ((), (3,), (2, 3))),
    np.array([1 + 2j, -0.5 - 1j], np.complex64),
    RNG.integers(0, 1000, (2000,)),
    RNG.integers(0, 1000, (50, 50)),
    RNG.normal(size=9).astype(np.float32) * 1e5,
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_repr(array):
    import torch

    for requires_grad in (False, True) if array.dtype.kind in "fc" else (False,):
        theirs = torch.from_numpy(array.copy()).requires_grad_(requires_grad)
        ours = tgb.tensor(array, requires_grad=requires_grad)
        # The longer name of our dtypes may take another line.
        flat = [" ".join(repr(t).replace("torch.", "tinygrad_bp.").split()) for t in (theirs, ours)]
        assert flat[0] == flat[1]
        if "dtype" not in flat[0]:
            assert repr(theirs) == repr(ours)
        if not array.ndim:
            assert f"{theirs}" == f"{ours}"


@pytest.mark.parametrize(
    "data",
    [
        1,
        1.5,
        True,
        1j,
        [1, 2.0],
        [True, 2],
        [],
        [[], []],
        np.float64(2),
        np.int32(1),
        (1, 2),
        [[1], [2.5]],
        [np.float64(1.0), 2],
        np.array([1, 2], np.int16),
        range(3),
    ],
)
def test_inferred_dtypes(data):
    import torch

    theirs, ours = torch.tensor(data), tgb.tensor(data)
    assert str(theirs.dtype).split(".")[1] == ours.dtype.name and tuple(theirs.shape) == ours.shape
    np.testing.assert_array_equal(theirs.numpy(), ours.numpy())


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.arange(5),
        lambda t: t.arange(5.0),
        lambda t: t.arange(1, 10, 3),
        lambda t: t.arange(5, 2, -2),
        lambda t: t.arange(0, 1, 0.1),
        lambda t: t.arange(0.5, 3),
        lambda t: t.arange(3, dtype=t.float64),
        lambda t: t.arange(2, 2),
        lambda t: t.arange(1, 2.0, 0.25),
        lambda t: t.linspace(0, 1, 7),
        lambda t: t.linspace(3, -2, 5),
        lambda t: t.linspace(0, 1, 1),
        lambda t: t.linspace(0, 1, 0),
        lambda t: t.linspace(0, 10, 5, dtype=t.int64),
        lambda t: t.logspace(0, 3, 4),
        lambda t: t.eye(3),
        lambda t: t.eye(2, 4),
        lambda t: t.full((2, 2), 3),
        lambda t: t.full((2,), 1.5),
        lambda t: t.full((2,), True),
        lambda t: t.zeros(2, 3),
        lambda t: t.ones((2, 3), dtype=t.int32),
        lambda t: t.zeros(()),
        lambda t: t.tril_indices(3, 4, 1),
        lambda t: t.triu_indices(4, 3, -1),
        lambda t: t.zeros_like(t.ones(2, dtype=t.float64)),
        lambda t: t.full_like(t.ones(2), 3),
        lambda t: t.ones(2).new_zeros(3),
        lambda t: t.ones(2, dtype=t.float64).new_tensor([1, 2]),
        lambda t: t.ones(2, dtype=t.int64).new_full((2,), 3),
        lambda t: t.tensor([1.7, -1.7]).long(),
        lambda t: t.tensor([0.0, 2.0]).bool(),
        lambda t: t.tensor([1, 2]) * 1.5,
        lambda t: t.tensor([1, 2]) / 2,
        lambda t: t.tensor([True]) + 1,
        lambda t: t.ones(2, dtype=t.float16) * t.tensor(2.0, dtype=t.float64),
    ],
)
def test_values_and_dtypes(make):
    import torch

    theirs, ours = make(torch), make(tgb)
    assert str(theirs.dtype).split(".")[1] == ours.dtype.name
    assert tuple(theirs.shape) == ours.shape
    np.testing.assert_allclose(theirs.numpy(), ours.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "use",
    [
        lambda t: bool(t.ones(2)),
        lambda t: bool(t.zeros(0)),
        lambda t: float(t.ones(2)),
        lambda t: t.ones(2).item(),
        lambda t: len(t.tensor(1)),
        lambda t: list(t.tensor(1)),
        lambda t: [1, 2][t.tensor(1.0)],
        lambda t: t.tensor([[1], [2, 3]]),
        lambda t: t.tensor([1], requires_grad=True),
        lambda t: f"{t.ones(2):.1f}",
        lambda t: t.arange(0, 5, -1),
        lambda t: t.ones(2, requires_grad=True).numpy(),
        lambda t: t.tensor("a"),
        lambda t: t.tensor([None]),
        lambda t: t.ones(2)[5],
        lambda t: t.ones(2)[0.5],
        lambda t: t.ones(2).reshape(3),
        lambda t: t.ones(2) + t.ones(3),
        lambda t: t.ones(2, 3) @ t.ones(2, 3),
        lambda t: t.ones(2).backward(),
        lambda t: (t.ones(2, requires_grad=True) * 2).backward(),
    ],
)
def test_errors_are_of_the_same_type(use):
    import torch

    with pytest.raises(Exception) as theirs:
        use(torch)
    with pytest.raises(theirs.type):
        use(tgb)
