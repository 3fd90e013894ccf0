"""Each metric over batches is scikit-learn's over all examples at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from tinygrad_bp.train import METRICS, BitsPerCharacter, Metric, Perplexity
from tinygrad_bp.train.metrics import metric_of


def in_batches(metric: Metric, output: np.ndarray, target: np.ndarray, parts: int) -> float:
    for rows in np.array_split(np.arange(len(target)), parts):
        if len(rows):
            metric.update(output[rows], target[rows])
    return metric.compute()


OF_CLASSES = {
    "accuracy": reference.accuracy_score,
    "precision": lambda y, p: reference.precision_score(y, p, average="macro", zero_division=0),
    "recall": lambda y, p: reference.recall_score(y, p, average="macro", zero_division=0),
    "f1": lambda y, p: reference.f1_score(y, p, average="macro", zero_division=0),
}


@pytest.mark.parametrize("name", OF_CLASSES)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(3, 6), parts=st.integers(1, 5))
def test_of_several_classes(name: str, seed: int, k: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    output, target = rng.normal(size=(30, k)), rng.integers(0, k, 30)
    found = in_batches(METRICS[name](), output, target, parts)
    assert found == pytest.approx(OF_CLASSES[name](target, output.argmax(1)))


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("shape", [(40, 2), (40, 1), (40,)])
def test_of_two_classes(name: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    output, target = rng.normal(size=shape), rng.integers(0, 2, 40)
    taken = output.argmax(1) if shape == (40, 2) else (output.reshape(-1) > 0).astype(int)
    function = getattr(reference, f"{name}_score")
    assert in_batches(METRICS[name](), output, target, 3) == pytest.approx(function(target, taken))


@pytest.mark.parametrize("rounded", [False, True], ids=["distinct", "ties"])
def test_area_under_the_curve(rounded: bool) -> None:
    rng = np.random.default_rng(1)
    output, target = rng.normal(size=60), rng.integers(0, 2, 60)
    if rounded:
        output = output.round(1)
    expected = reference.roc_auc_score(target, output)
    assert in_batches(METRICS["auc"](), output, target, 4) == pytest.approx(expected)
    pairs = np.stack([-output, output], 1) / 2
    assert in_batches(METRICS["auc"](), pairs, target, 4) == pytest.approx(expected)


def test_area_of_several_classes_is_one_against_the_rest() -> None:
    rng = np.random.default_rng(2)
    output, target = rng.normal(size=(80, 4)), rng.integers(0, 4, 80)
    p = np.exp(output) / np.exp(output).sum(1, keepdims=True)
    expected = reference.roc_auc_score(target, p, multi_class="ovr")
    assert in_batches(METRICS["auc"](), output, target, 3) == pytest.approx(expected)


def test_area_needs_both_kinds() -> None:
    assert math.isnan(in_batches(METRICS["auc"](), np.arange(3.0), np.ones(3, int), 1))


NUMBERS = {
    "mse": reference.mean_squared_error,
    "mae": reference.mean_absolute_error,
    "r2": reference.r2_score,
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("parts", [1, 7])
def test_of_numbers(name: str, columns: int, parts: int) -> None:
    rng = np.random.default_rng(3)
    target = 1000 + rng.normal(size=(50, columns))
    output = target + rng.normal(size=(50, columns)) / 2
    found = in_batches(METRICS[name](), output, target, parts)
    assert found == pytest.approx(NUMBERS[name](target, output))


def test_perplexity_is_the_exponential_of_the_cross_entropy() -> None:
    rng = np.random.default_rng(4)
    output, target = rng.normal(size=(20, 5)), rng.integers(0, 5, 20)
    p = np.exp(output) / np.exp(output).sum(1, keepdims=True)
    expected = math.exp(reference.log_loss(target, p, labels=range(5)))
    assert in_batches(Perplexity(), output, target, 3) == pytest.approx(expected)
    even = Perplexity()
    even.update(np.zeros((3, 7)), np.array([0, 1, -100]))
    assert even.compute() == pytest.approx(7)


@pytest.mark.parametrize("parts", [1, 4])
def test_bits_per_character_count_each_place_of_a_text(parts: int) -> None:
    rng = np.random.default_rng(6)
    output, target = rng.normal(size=(8, 5, 3)), rng.integers(0, 5, (8, 3))
    target[2:4, 1] = -100
    p = np.exp(output) / np.exp(output).sum(1, keepdims=True)
    bits = [-math.log2(p[i, target[i, t], t]) for i in range(8) for t in range(3)
            if target[i, t] >= 0]  # fmt: skip
    found = in_batches(BitsPerCharacter(), output, target, parts)
    assert found == pytest.approx(sum(bits) / len(bits))


@pytest.mark.parametrize("name", METRICS)
def test_sums_survive_a_checkpoint(name: str) -> None:
    rng = np.random.default_rng(5)
    output, target = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    if not METRICS[name].higher_is_better or name == "r2":
        target = output + 0.1 if name not in ("perplexity", "bpc") else target
    whole, first, second = (METRICS[name]() for _ in range(3))
    whole.update(output[:25], target[:25])
    whole.update(output[25:], target[25:])
    first.update(output[:25], target[:25])
    second.load_state_dict(first.state_dict())
    first.reset()
    second.update(output[25:], target[25:])
    assert second.compute() == whole.compute()


@pytest.mark.parametrize("name", METRICS)
def test_before_anything_was_seen(name: str) -> None:
    assert math.isnan(METRICS[name]().compute())


def test_what_is_no_metric_is_named() -> None:
    with pytest.raises(ValueError, match=r"'acuracy'.*accuracy, precision"):
        metric_of("acuracy")
    with pytest.raises(TypeError, match="int"):
        metric_of(3)
