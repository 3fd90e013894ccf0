"""Crops, frames, what hides, noise, and what mixes examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tinygrad_bp import transforms as T

RNG = np.random.default_rng(0)
X = RNG.random((40, 3, 10, 12))


def test_crops_are_parts_of_the_image() -> None:
    out = T.RandomCrop((4, 5))(X)
    places = set()
    for i in range(40):
        found = [(a, b) for a in range(7) for b in range(8)
                 if np.array_equal(X[i, :, a : a + 4, b : b + 5], out[i])]  # fmt: skip
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 10
    assert np.array_equal(T.CenterCrop((4, 6))(X), X[:, :, 3:7, 3:9])
    with pytest.raises(ValueError, match="can't be cut out"):
        T.RandomCrop(11)(X)
    assert T.RandomCrop(14, pad_if_needed=True)(X).shape == (40, 3, 14, 14)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_frames_are_those_of_numpy(mode: str) -> None:
    out = T.Pad((1, 2, 3, 4), padding_mode=mode)(X)
    assert np.array_equal(out, np.pad(X, ((0, 0), (0, 0), (2, 4), (1, 3)), mode))  # type: ignore[call-overload]
    assert T.Pad((1, 2))(X).shape == (40, 3, 14, 14)


def test_a_frame_can_have_a_colour() -> None:
    out = T.Pad(1, fill=[1, 2, 3])(X)
    assert out[0, :, 0, 0].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="mirrors more"):
        T.Pad(12, padding_mode="reflect")(X)


@pytest.mark.parametrize("transform", [T.RandomErasing(p=1, value=9), T.Cutout(4, value=9)],
                         ids=["erasing", "cutout"])  # fmt: skip
def test_one_rectangle_is_hidden(transform: Any) -> None:
    out = transform(X)
    hidden = (out == 9).all(1)
    assert np.array_equal(out[:, 0][~hidden], X[:, 0][~hidden])
    for one in hidden:
        rows, columns = one.any(1), one.any(0)
        assert one.any() and np.array_equal(one, rows[:, None] & columns)
        assert np.abs(np.diff(rows.astype(int))).sum() <= 2
    share = hidden.mean((1, 2))
    if isinstance(transform, T.RandomErasing):
        assert share.min() >= 0.01 and share.max() <= 0.36
    else:
        assert share.max() == 16 / 120


def test_erasing_with_noise_and_with_a_probability() -> None:
    x = np.full((400, 1, 10, 10), 0.5, np.float32)
    out = T.RandomErasing(p=0.3, value="random")(x)
    changed = (out != 0.5).any((1, 2, 3))
    assert 80 < changed.sum() < 160 and len(np.unique(out)) > 1000
    assert T.RandomErasing(p=1, value="random")((255 * x).astype(np.uint8)).dtype == np.uint8


def test_noise_has_its_deviation_and_stays_in_range() -> None:
    x = np.full((20, 1, 50, 50), 0.5)
    out = T.GaussianNoise(mean=0.02, sigma=0.05)(x)
    assert abs(out.mean() - 0.52) < 2e-3 and abs(out.std() - 0.05) < 1e-3
    strong = T.GaussianNoise(sigma=1.0)(x)
    assert strong.min() == 0 and strong.max() == 1
    free = T.GaussianNoise(sigma=1.0, clip=False)(x)
    assert free.min() < -1 and free.max() > 2
    grey = T.GaussianNoise(sigma=0.1)(np.full((5, 1, 50, 50), 128, np.uint8))
    assert grey.dtype == np.uint8 and abs(grey.std() - 25.5) < 1


def test_normalising_and_dtypes() -> None:
    out = T.Normalize([0.1, 0.2, 0.3], [1, 2, 4])(X)
    np.testing.assert_allclose(out[:, 2], (X[:, 2] - 0.3) / 4)
    pixels = (255 * X).astype(np.uint8)
    scaled = T.ToDtype(tgb.float32, scale=True)(pixels)
    assert scaled.dtype == np.float32 and scaled.max() <= 1
    assert np.array_equal(T.ToDtype(np.uint8, scale=True)(scaled), pixels)
    assert np.array_equal(T.ToDtype(tgb.float32)(pixels), pixels.astype(np.float32))
    with pytest.raises(TypeError, match="ToDtype"):
        T.Normalize(0.5, 0.5)(pixels)
    with pytest.raises(ValueError, match="2 numbers"):
        T.Normalize([1, 2], 1)(X)


@given(alpha=st.floats(0, 2), seed=st.integers(0, 999), n=st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_mixup_is_a_mean_with_the_example_before(alpha: float, seed: int, n: int) -> None:
    x, y = X[:n], np.arange(n) % 4
    mixed, shares = T.MixUp(alpha=alpha, num_classes=4)(x, y, np.random.default_rng(seed))
    one_hot = np.eye(4)[y]
    before = np.roll(one_hot, 1, 0)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    differs = (one_hot != before).any(1)
    if differs.any():
        i = int(differs.argmax())
        share = float(shares[i, y[i]])
        np.testing.assert_allclose(mixed, share * x + (1 - share) * np.roll(x, 1, 0), atol=1e-6)
        np.testing.assert_allclose(shares, share * one_hot + (1 - share) * before, atol=1e-6)
    if alpha == 0:
        assert np.array_equal(mixed, x) and np.array_equal(shares, one_hot)


@given(seed=st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_cutmix_has_targets_in_the_shares_of_the_pixels(seed: int) -> None:
    values = np.arange(4)
    images = np.broadcast_to(values[:, None, None, None], (4, 1, 9, 7)).astype(np.float32)
    out, shares = T.CutMix(num_classes=4)(images, values, np.random.default_rng(seed))
    for i in range(4):
        counts = np.bincount(out[i].astype(int).ravel(), minlength=4) / 63
        np.testing.assert_allclose(shares[i], counts, atol=1e-6)
        assert counts[i] + counts[i - 1] == pytest.approx(1)


def test_numbers_and_rows_can_be_mixed_too() -> None:
    x, y = RNG.random((5, 3)), RNG.random(5)
    rows, targets = T.MixUp(alpha=1)(x, y, np.random.default_rng(1))
    share = (targets[0] - y[-1]) / (y[0] - y[-1])
    np.testing.assert_allclose(rows, share * x + (1 - share) * np.roll(x, 1, 0))
    tensors = T.MixUp(num_classes=3)(tgb.ones(3, 2), tgb.tensor([0, 1, 2]))
    assert all(isinstance(t, tgb.Tensor) for t in tensors) and tensors[1].shape == (3, 3)


@pytest.mark.parametrize("transform", [T.MixUp(num_classes=3), T.CutMix(num_classes=3)],
                         ids=["mixup", "cutmix"])  # fmt: skip
def test_what_cannot_be_mixed(transform: Any) -> None:
    with pytest.raises(ValueError, match="mixes the examples of a batch"):
        transform(X)
    with pytest.raises(ValueError, match="mixes the examples of a batch"):
        transform(X[0], 2)
    with pytest.raises(ValueError, match="not of 3 classes"):
        transform(X, np.arange(40))
    with pytest.raises(ValueError, match="num_classes="):
        type(transform)()(X, np.zeros(40, int))
    with pytest.raises(ValueError, match=r"labels \(n,\)"):
        transform(X, np.zeros((40, 2), int))
    with pytest.raises(TypeError):
        transform(np.ones((2, 1, 4, 4), int), np.zeros(2, int))


def test_random_apply_tosses_for_each_example() -> None:
    x = np.ones((500, 1, 4, 4), np.float32)
    out = T.RandomApply([T.GaussianNoise(clip=False)], p=0.25)(x)
    changed = (out != 1).any((1, 2, 3))
    assert 90 < changed.sum() < 160
    with pytest.raises(ValueError, match="can't mix"):
        T.RandomApply([T.MixUp(num_classes=2)])(x, np.zeros(500, int))
    with pytest.raises(ValueError, match="would be of shape"):
        T.RandomApply([T.CenterCrop(2)])(x)


def test_functions_in_a_row() -> None:
    out = T.Compose([lambda x: x / 2, T.CenterCrop(2)])(np.full((1, 4, 4), 6.0))
    assert np.array_equal(out, np.full((1, 2, 2), 3.0))
    nested = T.Compose([T.Compose([T.Pad(1)]), T.CenterCrop(2)])
    assert nested(X, np.zeros(40))[0].shape == (40, 3, 2, 2)
