"""Sequences of tokens and of measurements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tinygrad_bp import transforms as T

TOKENS = np.arange(1, 61).reshape(5, 12)
SERIES = np.random.default_rng(0).random((5, 12, 3))
LAYOUTS = [TOKENS, SERIES, SERIES.astype(np.float32)]


@pytest.mark.parametrize("x", LAYOUTS, ids=["tokens", "series", "single"])
@pytest.mark.parametrize(
    "transform",
    [T.RandomWindow(5), T.TimeShift(3), T.TokenMask(0.4), T.TokenDropout(0.4), T.PadSequence(15)],
    ids=lambda t: type(t).__name__,
)
def test_one_many_tensors_and_seeds(transform: Any, x: np.ndarray) -> None:
    before = x.copy()
    tgb.manual_seed(1)
    out = transform(x)
    tgb.manual_seed(1)
    tensor = transform(tgb.tensor(x))
    assert isinstance(tensor, tgb.Tensor) and np.array_equal(tensor.numpy(), out)
    assert out.dtype == x.dtype and len(out) == 5 and np.array_equal(x, before)
    assert transform(x[0], batched=False).shape == out.shape[1:]
    changed, targets = transform(x, np.arange(5), np.random.default_rng(0))
    assert changed.shape == out.shape and targets.shape == (5,)


def test_windows_are_parts() -> None:
    out = T.RandomWindow(4)(TOKENS)
    assert (np.diff(out, axis=1) == 1).all()
    assert np.isin(out, TOKENS).all() and len({row[0] % 12 for row in out.tolist()}) > 1
    with pytest.raises(ValueError, match="13 of 12 steps"):
        T.RandomWindow(13)(TOKENS)


@given(most=st.integers(0, 20), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_shifts(most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rolled = T.TimeShift(most, wrap=True)(TOKENS, None, rng)
    assert np.array_equal(np.sort(rolled, 1), TOKENS)
    moved = T.TimeShift(most)(TOKENS, None, np.random.default_rng(seed))
    for row, old in zip(moved, TOKENS, strict=True):
        there = row[row > 0]
        assert len(there) >= max(0, 12 - most)
        assert len(there) == 0 or np.array_equal(there, old[: len(there)]) or np.array_equal(
            there, old[-len(there) :]
        )  # fmt: skip
    if most == 0:
        assert np.array_equal(moved, TOKENS)


@given(p=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_dropped_tokens_leave_the_others_in_order(p: float, seed: int) -> None:
    padded = TOKENS.copy()
    padded[:, 9:] = 0
    out = T.TokenDropout(p)(padded, None, np.random.default_rng(seed))
    for row, old in zip(out, padded, strict=True):
        left = row[row > 0]
        assert 1 <= len(left) <= 9 and (np.diff(left) > 0).all() and np.isin(left, old).all()
        assert (row[len(left) :] == 0).all()
    if p == 0:
        assert np.array_equal(out, padded)


def test_masks_keep_what_is_to_be_kept() -> None:
    x = np.tile([1, 5, 0], (1000, 1))
    out = T.TokenMask(0.25, value=7, keep=[0, 1])(x)
    assert (out[:, [0, 2]] == [1, 0]).all()
    assert 180 < (out[:, 1] == 7).sum() < 320
    with pytest.raises(ValueError, match="can't hold"):
        T.TokenMask(0.5, value=0.5)(x)
    with pytest.raises(ValueError, match="can't hold"):
        T.TokenMask(0.5, value=300)(x.astype(np.uint8))


def test_noise_on_some_columns() -> None:
    rows = np.zeros((500, 3), np.float32)
    out = T.Jitter([0.1, 1.0, 2.0], columns=[1, 2])(rows)
    assert (out[:, 0] == 0).all() and out.dtype == np.float32
    np.testing.assert_allclose(out.std(0), [0, 1, 2], rtol=0.15)
    assert np.array_equal(T.Jitter(0)(SERIES), SERIES)
    with pytest.raises(TypeError, match="tokens"):
        T.Jitter()(TOKENS)
    with pytest.raises(ValueError, match="2 deviations for 3 columns"):
        T.Jitter([1, 2])(rows)
    with pytest.raises(ValueError, match="no column 5"):
        T.Jitter(1, columns=[5])(rows)


def test_padding_to_one_length() -> None:
    parts = [np.arange(1, n) for n in (3, 6, 2)]
    out = T.PadSequence()(parts)
    assert out.tolist() == [[1, 2, 0, 0, 0], [1, 2, 3, 4, 5], [1, 0, 0, 0, 0]]
    left = T.PadSequence(3, value=9, side="left", truncate=True)(parts)
    assert left.tolist() == [[9, 1, 2], [3, 4, 5], [9, 9, 1]]
    with pytest.raises(ValueError, match="truncate=True"):
        T.PadSequence(3)(parts)
    with pytest.raises(ValueError, match="same columns"):
        T.PadSequence()([np.ones((2, 3)), np.ones((3, 2))])
    tensors = T.PadSequence()([tgb.tensor([1.0]), tgb.tensor([2.0, 3.0])])
    assert isinstance(tensors, tgb.Tensor) and tensors.tolist() == [[1, 0], [2, 3]]


def test_two_axes_of_fractions_have_to_be_explained() -> None:
    x = np.ones((5, 12))
    with pytest.raises(ValueError, match="batched=True or batched=False"):
        T.TimeShift(1)(x)
    assert T.TimeShift(1)(x, batched=True).shape == (5, 12)
    assert T.TimeShift(1)(x, np.zeros(5))[0].shape == (5, 12)
    with pytest.raises(ValueError, match="no axis of steps"):
        T.TimeShift(1)(np.ones(5), np.zeros(5))
