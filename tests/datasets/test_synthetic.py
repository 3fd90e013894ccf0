import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_bp.datasets import moons, spirals, xor

GENERATORS = pytest.mark.parametrize("generate", [moons, spirals, xor])
seeds = st.integers(0, 2**63)


@GENERATORS
def test_shapes_and_types(generate):
    X, y = generate(101, noise=0.1)
    assert X.shape == (101, 2)
    assert X.dtype == np.float32
    assert y.shape == (101,)
    assert y.dtype == np.int64


@GENERATORS
@pytest.mark.parametrize("dtype", [np.float64, "float16"])
def test_dtype(generate, dtype):
    X, y = generate(50, noise=0.1, dtype=dtype)
    assert X.dtype == np.dtype(dtype)
    assert y.dtype == np.int64


@GENERATORS
@given(seed=seeds, n=st.integers(4, 60), noise=st.floats(0, 2))
def test_a_seed_repeats_exactly(generate, seed, n, noise):
    X, y = generate(n, noise=noise, seed=seed)
    X_again, y_again = generate(n, noise=noise, seed=seed)
    np.testing.assert_array_equal(X, X_again)
    np.testing.assert_array_equal(y, y_again)
    assert np.isfinite(X).all()


@GENERATORS
def test_another_seed_differs(generate):
    assert not np.array_equal(generate(40, noise=0.1)[0], generate(40, noise=0.1, seed=1)[0])


@GENERATORS
def test_no_seed_differs_from_call_to_call(generate):
    first, _ = generate(40, noise=0.1, seed=None)
    second, _ = generate(40, noise=0.1, seed=None)
    assert not np.array_equal(first, second)


@GENERATORS
def test_a_generator_is_used_and_advanced(generate):
    rng = np.random.default_rng(3)
    first, _ = generate(40, noise=0.1, seed=rng)
    second, _ = generate(40, noise=0.1, seed=rng)
    np.testing.assert_array_equal(first, generate(40, noise=0.1, seed=3)[0])
    assert not np.array_equal(first, second)


@GENERATORS
def test_the_global_generator_is_left_alone(generate):
    before = np.random.get_state()[1].copy()
    generate(40, noise=0.1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@GENERATORS
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n", [0, 1, -5, 10.0, "10", None, True]),
        ("noise", [-0.1, float("nan"), float("inf"), "0.1", None]),
        ("seed", [-1, 1.5, "0", True]),
        ("dtype", [np.int64, "no such type", None]),
    ],
)
def test_bad_arguments_are_named(generate, name, values):
    for value in values:
        with pytest.raises(ValueError, match=rf"^{name} must be"):
            generate(**{name: value})


@GENERATORS
def test_integers_of_numpy_are_integers(generate):
    X, _ = generate(np.int32(12), seed=np.uint8(4))
    np.testing.assert_array_equal(X, generate(12, seed=4)[0])


@given(n=st.integers(2, 100), seed=seeds)
def test_moons_lie_on_two_half_circles(n, seed):
    X, y = moons(n, noise=0, seed=seed, dtype=np.float64)
    assert np.bincount(y, minlength=2).tolist() == [n - n // 2, n // 2]
    outer, inner = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.hypot(*outer.T), 1)
    np.testing.assert_allclose(np.hypot(*(inner - [1, 0.5]).T), 1)
    assert (outer[:, 1] >= -1e-12).all()
    assert (inner[:, 1] <= 0.5 + 1e-12).all()


def test_moons_are_not_linearly_separable():
    X, y = moons(200, noise=0, dtype=np.float64)
    inner = X[y == 1]
    # Well within the half disc, the convex hull of class 0: no line has them on its other side.
    enclosed = (np.hypot(*inner.T) < 0.9) & (inner[:, 1] > 0.1)
    assert np.count_nonzero(enclosed) > 10


def test_the_noise_of_moons_has_its_standard_deviation():
    X, y = moons(40_000, noise=0.05, dtype=np.float64)
    outer = X[y == 0]
    # Across the circle (its curvature is small beside the noise), at 20,000 samples: within 4 sd.
    assert np.std(np.hypot(*outer.T)) == pytest.approx(0.05, rel=0.02)


@given(n=st.integers(5, 100), classes=st.integers(2, 5), seed=seeds)
def test_spirals_follow_their_formula(n, classes, seed):
    X, y = spirals(n, classes, noise=0, seed=seed, dtype=np.float64)
    counts = np.bincount(y, minlength=classes)
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1
    assert sorted(counts, reverse=True) == counts.tolist()
    for k in range(classes):
        arm = X[y == k]
        r = np.hypot(*arm.T)
        np.testing.assert_allclose(np.sort(r), np.arange(1, counts[k] + 1) / counts[k])
        theta = 2 * np.pi * k / classes + 4 * r
        np.testing.assert_allclose(arm, np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1))


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_an_arm_is_the_previous_one_turned(classes):
    X, y = spirals(20 * classes, classes, noise=0, dtype=np.float64)
    arms = [X[y == k][np.argsort(np.hypot(*X[y == k].T))] for k in range(classes)]
    angle = 2 * np.pi / classes
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for k in range(classes):
        np.testing.assert_allclose(arms[k] @ turn, arms[(k + 1) % classes], atol=1e-12)


def test_the_noise_of_spirals_turns_points_and_keeps_their_radius():
    calm, y = spirals(300, noise=0, seed=1, dtype=np.float64)
    noisy, y_noisy = spirals(300, noise=0.2, seed=1, dtype=np.float64)
    np.testing.assert_array_equal(y, y_noisy)
    np.testing.assert_allclose(np.hypot(*noisy.T), np.hypot(*calm.T))
    difference = np.arctan2(*noisy.T[::-1]) - np.arctan2(*calm.T[::-1])
    turned = (difference + np.pi) % (2 * np.pi) - np.pi
    assert np.std(turned) == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("classes", [1, 0, -2, 2.0, None])
def test_spirals_with_bad_classes(classes):
    with pytest.raises(ValueError, match=r"^classes must be an integer of at least 2"):
        spirals(classes=classes)


def test_spirals_need_a_sample_for_each_class():
    assert len(spirals(7, classes=7)[0]) == 7
    with pytest.raises(ValueError, match=r"^n must be an integer of at least 7, got 6"):
        spirals(6, classes=7)


def test_xor_is_its_truth_table():
    X, y = xor()
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


@given(n=st.integers(4, 50), seed=seeds)
def test_xor_repeats_its_corners_in_turn(n, seed):
    X, y = xor(n, seed=seed)
    table, labels = xor()
    np.testing.assert_array_equal(X, np.resize(table, (n, 2)))
    np.testing.assert_array_equal(y, np.resize(labels, n))


def test_noisy_xor_is_a_cloud_about_each_corner():
    X, y = xor(40_000, noise=0.1, dtype=np.float64)
    corners, _ = xor(40_000, dtype=np.float64)
    assert np.std(X - corners) == pytest.approx(0.1, rel=0.02)
    assert np.mean(X - corners) == pytest.approx(0, abs=0.002)
    np.testing.assert_array_equal((X[:, 0] > 0.5) ^ (X[:, 1] > 0.5), y)
