"""The loop does what a loop by hand does, and what its options say."""

from __future__ import annotations

import math
import os
import signal
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.train.building import blobs, classifier, same, trainer, weights
from tinygrad_bp.train import Callback, EarlyStopping, Trainer
from tinygrad_bp.utils.data import DataLoader, TensorDataset

X, y = blobs()
held_out = blobs(seed=1)


def linear() -> tgb.nn.Module:
    tgb.manual_seed(5)
    return tgb.nn.Linear(4, 3)


def test_an_epoch_is_the_loop_by_hand() -> None:
    one = Trainer(linear(), lr=0.1, optimizer="sgd", progress=False)
    one.fit(X, y, epochs=2, batch_size=50, shuffle=False)
    model = linear()
    optimizer = tgb.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        for start in range(0, 120, 50):
            part = slice(start, start + 50)
            loss = tgb.nn.functional.cross_entropy(model(tgb.tensor(X[part])), tgb.tensor(y[part]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert np.array_equal(one.model.weight.detach().numpy(), model.weight.detach().numpy())


def test_the_history_has_a_row_for_each_epoch() -> None:
    one = trainer(metrics=["accuracy", "f1"])
    history = one.fit(X, y, epochs=4, validation=held_out)
    assert history["epoch"] == [1, 2, 3, 4] and history.stopped == ""
    assert history[-1]["val_accuracy"] > 0.9 and history["loss"][-1] < history["loss"][0]
    assert history[-1]["updates"] == 4 * math.ceil(120 / 32)
    assert history.best("val_loss")["val_loss"] == min(history["val_loss"])
    assert str(history).count("\n") == 4 and all(len(x) <= 80 for x in str(history).split("\n"))
    with pytest.raises(KeyError, match=r"no column 'acc'.*accuracy"):
        history["acc"]


@pytest.mark.parametrize("batch_size", [1, None, 32], ids=["stochastic", "batch", "mini-batch"])
def test_sizes_of_batches(batch_size: int | None) -> None:
    one = Trainer(linear(), progress=False, seed=0)
    one.fit(X, y, epochs=1, batch_size=batch_size)
    assert one.updates == {1: 120, None: 1, 32: 4}[batch_size]


def test_a_seed_repeats_a_run() -> None:
    runs = [trainer(), trainer(), trainer(seed=4)]
    for one in runs:
        one.fit(X, y, epochs=2)
    assert same(runs[0], runs[1]) and not same(runs[0], runs[2])


def test_accumulated_batches_are_one_batch() -> None:
    """Also where the last group is smaller: 120 = 3 · 32 + 24, in groups of two."""
    one = Trainer(linear(), optimizer="sgd", lr=0.1, accumulate=2, progress=False)
    two = Trainer(linear(), optimizer="sgd", lr=0.1, progress=False)
    one.fit(X, y, epochs=2, batch_size=32, shuffle=False)
    two.fit(X, y, epochs=2, batch_size=64, shuffle=False)
    assert one.updates == two.updates == 4
    np.testing.assert_allclose(
        one.model.weight.detach(), two.model.weight.detach(), rtol=1e-5, atol=1e-6
    )


def test_a_weight_of_two_is_an_example_twice() -> None:
    weight = np.where(y == 0, 2.0, 1.0)
    twice = np.concatenate([np.arange(120), np.flatnonzero(y == 0)])
    one = Trainer(linear(), optimizer="sgd", lr=0.1, progress=False)
    two = Trainer(linear(), optimizer="sgd", lr=0.1, progress=False)
    three = Trainer(linear(), optimizer="sgd", lr=0.1, class_weight={0: 2.0}, progress=False)
    one.fit(X, y, epochs=3, batch_size=None, sample_weight=weight)
    two.fit(X[twice], y[twice], epochs=3, batch_size=None)
    three.fit(X, y, epochs=3, batch_size=None)
    for other in (two, three):
        np.testing.assert_allclose(
            one.model.weight.detach(), other.model.weight.detach(), rtol=1e-5, atol=1e-6
        )
    assert one.history[-1]["loss"] == pytest.approx(two.history[-1]["loss"], rel=1e-5)


def test_balanced_classes_count_the_same_together() -> None:
    rare = np.concatenate([np.flatnonzero(y > 0), np.flatnonzero(y == 0)[:5]])
    one = Trainer(linear(), class_weight="balanced", progress=False)
    one.fit(X[rare], y[rare], epochs=1)
    found = one.objective._classes.numpy() * np.bincount(y[rare])
    np.testing.assert_allclose(found, found[0], rtol=1e-6)


def test_penalties_are_added_to_the_gradient_of_weights_only() -> None:
    plain, decayed = (
        Trainer(linear(), optimizer="sgd", lr=0.1, progress=False, **o)
        for o in ({}, {"l1": 0.3, "l2": 0.5})
    )
    W = plain.model.weight.detach().numpy().copy()
    for one in (plain, decayed):
        one.fit(X, y, epochs=1, batch_size=None)
    change = (plain.model.weight - decayed.model.weight).detach().numpy()
    np.testing.assert_allclose(change, 0.1 * (0.3 * np.sign(W) + 0.5 * W), rtol=1e-4, atol=1e-6)
    assert np.array_equal(plain.model.bias.detach(), decayed.model.bias.detach())
    assert plain.history["loss"] == decayed.history["loss"]  # without the penalties


def test_clipping() -> None:
    one = Trainer(linear(), clip_norm=0.01, progress=False)
    assert one.fit(X, y, epochs=1)[-1]["grad_norm"] <= 0.0101
    two = Trainer(linear(), clip_value=0.001, progress=False)
    assert two.fit(X, y, epochs=1)[-1]["grad_norm"] <= 0.001 * math.sqrt(15) + 1e-6


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])  # with a state and without
def test_the_compiled_step_is_the_eager_one(optimizer: str) -> None:
    nn, runs = tgb.nn, []
    for c in (False, True):
        tgb.manual_seed(5)  # and no bias before a batch norm: its gradient is rounding alone
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
        runs.append(trainer(model=model, optimizer=optimizer, compile=c, clip_norm=1.0,
                            schedule="cosine"))  # fmt: skip
        runs[-1].fit(X, y, epochs=3)
    for a, b in zip(*map(weights, runs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert runs[1]._steps._whole._compiled.source  # there is a program


def test_datasets_and_loaders() -> None:
    data = TensorDataset(tgb.tensor(X), tgb.tensor(y))
    one, two = trainer(), trainer()
    assert one.fit(data, epochs=2)[-1]["loss"] < 2
    two.fit(DataLoader(data, batch_size=40, shuffle=True), epochs=2, validation=data)
    assert two.updates == 6 and "val_loss" in two.history.columns


def test_a_share_is_put_aside_for_the_validation() -> None:
    seen: list[int] = []

    class Count(Callback):
        def on_update_end(self, trainer: Trainer, loss: float) -> None:
            seen.append(len(trainer.sample))

    one = trainer(callbacks=[Count()])
    one.fit(X, y, epochs=1, validation=0.25)
    assert sum(seen) == 90 and "val_loss" in one.history.columns


def test_several_inputs() -> None:
    class Sum(tgb.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = tgb.nn.Linear(4, 3)

        def forward(self, a: Any, b: Any) -> Any:
            return self.layer(a + b)

    one = Trainer(Sum(), progress=False)
    assert one.fit((X, X), y, epochs=2)[-1]["loss"] > 0
    assert one.predict((X, X)).shape == (120, 3)


def test_regression_is_chosen_for_numbers() -> None:
    target = X @ np.array([1.0, -2.0, 0.5, 3.0]) + 1
    one = Trainer(tgb.nn.Linear(4, 1), lr=0.1, metrics=["r2"], progress=False, seed=0)
    history = one.fit(X, target, epochs=30)
    assert one.objective.name == "mse" and history[-1]["r2"] > 0.99
    assert set(one.evaluate(X, target)) == {"loss", "r2"}


def test_a_transform_has_a_stream_of_its_own() -> None:
    draws: list[float] = []

    def noisy(x: Any, t: Any, rng: np.random.Generator) -> Any:
        draws.append(float(rng.random()))
        return x + rng.normal(0, 0.01, x.shape).astype(x.dtype), t

    one, two = trainer(), trainer()
    one.fit(X, y, epochs=2, transform=noisy)
    two.fit(X, y, epochs=2, transform=noisy)
    assert same(one, two) and len(set(draws)) == len(draws) // 2 == 8


class Rows(Callback):
    """Sets a column as it was told."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
        row["score"] = self.values[trainer.epoch]


@pytest.mark.parametrize("higher", [True, False])
def test_early_stopping_restores_the_best_epoch(higher: bool) -> None:
    values = [1.0, 3.0, 2.0, 2.5, 2.0, 1.0]
    kept: list[Any] = []

    class Keep(Callback):
        def on_epoch_end(self, trainer: Trainer, row: dict[str, Any]) -> None:
            kept.append(weights(trainer)[:6])

    one = trainer(callbacks=[
        Rows(values if higher else [-v for v in values]), Keep(),
        EarlyStopping("score", patience=2, higher=higher),
    ])  # fmt: skip
    history = one.fit(X, y, epochs=6)
    assert history.stopped == "early stopping" and len(history) == 5
    for a, b in zip(weights(one), kept[1], strict=False):
        assert np.array_equal(a, b)


def test_early_stopping_names_the_column_that_is_missing() -> None:
    with pytest.raises(KeyError, match=r"val_loss.*validation"):
        trainer(callbacks=[EarlyStopping()]).fit(X, y, epochs=1)


def test_a_diverging_run_stops_with_the_remedy_and_finite_weights() -> None:
    one = trainer(optimizer="sgd", lr=1e10, model=tgb.nn.Linear(4, 1))
    history = one.fit(X, y.astype(float), epochs=5)
    assert history.stopped == "diverged" and "smaller" in history.findings[-1]
    assert all(np.isfinite(w).all() for w in weights(one))


def test_dead_units_are_told() -> None:
    nn = tgb.nn
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    with tgb.no_grad():
        model[0].bias.fill_(-1e3)
    one = Trainer(model, progress=False)
    history = one.fit(X, y, epochs=1)
    assert any("8 of 8 ReLU units are 0" in finding for finding in history.findings)


def test_health_changes_nothing() -> None:
    one, two = trainer(health=True), trainer(health=False)
    for run in (one, two):
        run.fit(X, y, epochs=7)
    assert same(one, two)


def test_find_lr_changes_nothing() -> None:
    one, two = trainer(), trainer()
    found = one.find_lr(X, y, batch_size=16)
    assert 1e-4 < found.suggestion < 1 and "falls most steeply" in str(found)
    for run in (one, two):
        run.fit(X, y, epochs=2)
    assert same(one, two)


@pytest.mark.parametrize(
    "schedule", ["cosine", "warmup-cosine", "one-cycle", "linear", "step", "exponential"]
)
def test_schedules_end_low(schedule: str) -> None:
    one = trainer(schedule=schedule)
    rates = one.fit(X, y, epochs=6)["lr"]
    assert rates[-1] < 0.35 * max(rates)


def test_a_plateau_is_stepped_with_the_validation() -> None:
    one = trainer(schedule=lambda o: tgb.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0))
    one.fit(X, y, epochs=12, validation=held_out)
    assert one.scheduler.last_epoch == 12


def test_ctrl_c_finishes_the_update_and_stops(tmp_path: Any) -> None:
    class Press(Callback):
        def on_update_end(self, trainer: Trainer, loss: float) -> None:
            if trainer.updates == 5:
                os.kill(os.getpid(), signal.SIGINT)

    one = trainer(callbacks=[Press()], checkpoints=tmp_path)
    history = one.fit(X, y, epochs=4)
    assert history.stopped == "interrupted" and one.updates == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    two, whole = trainer(checkpoints=tmp_path, callbacks=[Callback()]), trainer()
    two.fit(X, y, epochs=4, resume=True)
    whole.fit(X, y, epochs=4)
    assert same(two, whole)


def test_evaluating_leaves_the_modes_as_they_are() -> None:
    one = trainer()
    one.model.train()
    one.model[1].eval()
    one.evaluate(X, y)
    one.predict(X)
    assert one.model.training and not one.model[1].training


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_batch_that_does_not_count_teaches_nothing(accumulate: int) -> None:
    inputs, targets = np.random.default_rng(0).normal(size=(24, 2)), np.arange(24.0) / 24
    found = []
    for counted in (slice(0, 24), slice(16, 24)):  # with and without 16 rows of weight 0
        tgb.manual_seed(0)
        one = Trainer(
            tgb.nn.Linear(2, 1), "mse", "sgd", lr=0.1, progress=False, accumulate=accumulate
        )
        weight = np.repeat([0.0, 1.0], [16, 8])[counted]
        one.fit(inputs[counted], targets[counted], epochs=2, batch_size=2, shuffle=False,
                sample_weight=weight)  # fmt: skip
        assert not one.history.stopped and math.isfinite(one.history[-1]["loss"])
        found.append(one.model.weight.detach().numpy().copy())
    np.testing.assert_allclose(*found, rtol=1e-6)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: trainer(optimizer="adamm"), "no optimizer 'adamm'.*adam"),
        (lambda: trainer(loss="entropy"), "no loss 'entropy'.*cross_entropy"),
        (lambda: trainer(metrics=["accurcy"]), "no metric"),
        (lambda: trainer(schedule="cos").fit(X, y), "no schedule 'cos'.*cosine"),
        (lambda: trainer(clip_norm=0), "positive"),
        (lambda: trainer().fit(X, y[:-1]), r"numbers of examples.*\(120, 4\), \(119,\)"),
        (lambda: trainer().fit(X[:0], y[:0]), "no examples"),
        (lambda: trainer().fit(X, y, batch_size=0), "batch_size"),
        (lambda: trainer().fit(X, y, epochs=-1), "epochs"),
        (lambda: trainer().fit(X, y, sample_weight=-np.ones(120)), "sample_weight"),
        (lambda: trainer().fit(X, y, validation=1.5), "share"),
        (lambda: trainer(class_weight="even").fit(X, y), "balanced"),
        (lambda: trainer().fit(X, y, resume=True), "checkpoints"),
        (lambda: Trainer(tgb.nn.ReLU()), "no parameter"),
    ],
)
def test_what_does_not_fit_is_named(action: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action()


@pytest.mark.parametrize("data", [np.array(["a", "b"]), None])
def test_what_is_no_data_is_named(data: Any) -> None:
    with pytest.raises(TypeError, match=r"numbers are needed|Dataset"):
        trainer().fit(data, None if data is None else np.zeros(2))


def test_the_model_that_dropout_is_in_is_trained_in_training_mode() -> None:
    one = trainer(model=classifier(0.5))
    one.model.eval()
    one.fit(X, y, epochs=1)
    assert one.model.training
