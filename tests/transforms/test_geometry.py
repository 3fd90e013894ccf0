"""Maps of images that are known: turns, moves, what does nothing, and what follows each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tinygrad_bp import transforms as T

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 13), st.integers(1, 13))


def pixels(shape: tuple[int, ...], dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).random(shape)
    return (x * 255).astype(dtype) if dtype == np.uint8 else x.astype(dtype)


NOTHING = [
    T.RandomAffine(0),
    T.RandomAffine(0, (0, 0), (1, 1), 0, "nearest"),
    T.RandomRotation(0, fill=7),
    T.RandomHorizontalFlip(0),
    T.RandomVerticalFlip(0),
    T.ElasticTransform(0),
    T.Pad(0),
    T.RandomErasing(0),
    T.Cutout(0),
    T.Cutout(4, p=0),
    T.GaussianNoise(sigma=0),
    T.RandomApply([T.RandomRotation(90)], p=0),
    T.Compose([]),
    T.Compose([T.RandomRotation(0), T.RandomAffine(0), T.ElasticTransform(0)]),
]


@pytest.mark.parametrize("transform", NOTHING, ids=lambda t: type(t).__name__)
@given(shape=SIZES, dtype=st.sampled_from([np.float32, np.float64, np.uint8]))
@settings(max_examples=25, deadline=None)
def test_without_strength_nothing_changes(transform: Any, shape: Any, dtype: Any) -> None:
    x = pixels(shape, dtype)
    if dtype != np.uint8:
        x = 9 * x - 3
    assert np.array_equal(transform(x), x)


@given(shape=SIZES, quarters=st.integers(-4, 4), look=st.sampled_from(["bilinear", "nearest"]))
@settings(max_examples=60, deadline=None)
def test_quarter_turns(shape: Any, quarters: int, look: str) -> None:
    x = pixels((*shape[:2], shape[2], shape[2]))
    angle = (90 * quarters, 90 * quarters)
    assert np.array_equal(T.RandomRotation(angle, look)(x), np.rot90(x, quarters, (2, 3)))
    assert np.array_equal(T.RandomAffine(angle, interpolation=look)(x),
                          np.rot90(x, -quarters, (2, 3)))  # fmt: skip


@given(shape=SIZES)
@settings(max_examples=30, deadline=None)
def test_flips(shape: Any) -> None:
    x = pixels(shape)
    assert np.array_equal(T.RandomHorizontalFlip(1)(x), x[..., ::-1])
    assert np.array_equal(T.RandomVerticalFlip(1)(x), x[..., ::-1, :])
    both = T.Compose([T.RandomVerticalFlip(1), T.RandomHorizontalFlip(1)])
    assert np.array_equal(both(x), x[..., ::-1, ::-1])


def test_moving_is_by_whole_pixels_and_fills() -> None:
    x = pixels((200, 1, 9, 11))
    out = T.RandomAffine(0, translate=(2 / 11, 3 / 9), fill=5)(x)
    framed = np.pad(x, ((0, 0), (0, 0), (3, 3), (3, 3)), constant_values=5)
    found = set()
    for i in range(200):
        places = [(a, b) for a in range(7) for b in range(1, 6)
                  if np.array_equal(out[i, 0], framed[i, 0, a : a + 9, b : b + 11])]  # fmt: skip
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 30  # of 7 · 5; the outermost are half as likely, in both directions


def by_hand(image: np.ndarray, angle: float, scale: float, fill: float) -> np.ndarray:
    """Turn clockwise and scale, pixel by pixel, by the definition of bilinear interpolation."""
    H, W = image.shape
    out = np.empty_like(image)
    a = np.deg2rad(angle)
    for y in range(H):
        for x in range(W):
            dx, dy = x - (W - 1) / 2, y - (H - 1) / 2
            u = (np.cos(a) * dx + np.sin(a) * dy) / scale + (W - 1) / 2
            v = (-np.sin(a) * dx + np.cos(a) * dy) / scale + (H - 1) / 2
            total = 0.0
            for j in (int(np.floor(v)), int(np.floor(v)) + 1):
                for i in (int(np.floor(u)), int(np.floor(u)) + 1):
                    inside = 0 <= i < W and 0 <= j < H
                    value = image[j, i] if inside else fill
                    total += value * (1 - abs(u - i)) * (1 - abs(v - j))
            out[y, x] = total
    return out


@given(angle=st.floats(-180, 180), scale=st.floats(0.5, 2), fill=st.sampled_from([0.0, 1.5]),
       size=st.tuples(st.integers(1, 9), st.integers(1, 9)))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_turning_and_scaling_by_the_definition(
    angle: float, scale: float, fill: float, size: tuple[int, int]
) -> None:
    image = pixels(size, np.float64)
    out = T.RandomAffine((angle, angle), scale=(scale, scale), fill=fill)(image)
    np.testing.assert_allclose(out, by_hand(image, angle, scale, fill), atol=1e-9)


def test_shear_moves_rows_by_their_height() -> None:
    image = np.zeros((5, 9))
    image[:, 4] = 1
    out = T.RandomAffine(0, shear=(45, 45))(image)
    columns = [int(row.argmax()) for row in out if row.any()]
    assert columns == [6, 5, 4, 3, 2] and np.allclose(out.sum(1), 1)


def test_the_centre_can_be_chosen() -> None:
    image = np.zeros((6, 6))
    image[0, 0] = 1
    # About the corner between the first four pixels, a half turn brings the first to the fourth.
    out = T.RandomRotation((180, 180), center=(1, 1))(image)
    assert out[1, 1] == 1 and out.sum() == 1


def test_maps_that_follow_each_other_are_looked_up_once() -> None:
    x = pixels((20, 3, 16, 16), np.float64)
    there = T.RandomRotation((30, 30))
    back = T.RandomAffine((30, 30))
    once = T.Compose([there, back])(x)
    # Two interpolations would blur, and cut the corners off.
    np.testing.assert_allclose(once, x, atol=1e-9)
    assert abs(back(there(x)) - x).max() > 0.1


def test_different_fillings_are_not_put_together() -> None:
    x = np.ones((1, 8, 8))
    first, second = T.RandomAffine((45, 45), fill=0), T.RandomAffine((45, 45), fill=2)
    np.testing.assert_allclose(T.Compose([first, second])(x), second(first(x)))


def test_an_elastic_map_is_bounded_smooth_and_its_size_is_alphas() -> None:
    transform = T.ElasticTransform(alpha=40, sigma=4)
    moved = transform.places(300, (28, 28), np.random.default_rng(0)).displacement
    assert moved.shape == (300, 2, 28, 28)
    inner = moved[:, :, 8:20, 8:20]
    assert abs(inner.std() - 40 / (np.sqrt(12) * 2 * np.sqrt(np.pi) * 4)) < 0.1
    assert abs(np.diff(moved, axis=3)).max() < 1
    # A line bends, and what is drawn stays in all.
    image = np.zeros((1, 28, 28))
    image[:, :, 13:15] = 1
    out = transform(np.repeat(image[None], 50, 0))
    assert abs(out.sum((1, 2, 3)) / image.sum() - 1).max() < 0.35
    assert out.std(0).max() > 0.1


def test_large_images_go_in_blocks_to_the_same_pixels() -> None:
    x = pixels((3, 2, 300, 260))
    turn = T.RandomAffine((25, 25), scale=(0.7, 0.7), fill=[1, 2])
    together = turn(x)
    for i in range(3):
        assert np.array_equal(turn(x[i]), together[i])


def test_uint8_is_rounded_and_keeps_its_range() -> None:
    x = pixels((4, 1, 12, 12), np.uint8)
    exact = T.RandomRotation((17, 17))(x.astype(np.float64))
    assert np.array_equal(T.RandomRotation((17, 17))(x), np.rint(exact).astype(np.uint8))
    with pytest.raises(ValueError, match="0 to 255"):
        T.RandomRotation(17, fill=300)(x)
    with pytest.raises(ValueError, match="2 numbers"):
        T.RandomRotation(17, fill=[1, 2])(x)


def test_a_resized_crop_of_the_whole_is_the_image() -> None:
    x = pixels((5, 3, 10, 10))
    same = T.RandomResizedCrop(10, scale=(1, 1), ratio=(1, 1))(x)
    np.testing.assert_allclose(same, x, atol=1e-6)
    assert T.RandomResizedCrop((7, 20))(x).shape == (5, 3, 7, 20)
    flat = T.RandomResizedCrop(24)(np.full((9, 1, 10, 10), 3.0))
    np.testing.assert_allclose(flat, 3)


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=20, deadline=None)
def test_a_seed_gives_the_same_again(seed: int) -> None:
    x = pixels((4, 1, 8, 8))
    augment = T.Compose([T.RandomAffine(40, (0.2, 0.2)), T.ElasticTransform(20, 2), T.Cutout(3)])
    tgb.manual_seed(seed)
    first = augment(x)
    tgb.manual_seed(seed)
    assert np.array_equal(first, augment(x))
    assert not np.array_equal(first, augment(x))
