"""Training on examples that are changed at random: resumed to the same bits, mixed targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.train.building import blobs, same, trainer
from tinygrad_bp import transforms as T
from tinygrad_bp.train import Callback, Trainer
from tinygrad_bp.utils.data import DataLoader, Dataset, TensorDataset

X, y = blobs()
MIXED = T.Compose([T.Jitter(0.1), T.MixUp(alpha=0.4, num_classes=3)])


class StopAt(Callback):
    def __init__(self, updates: int | None) -> None:
        self.updates = updates

    def on_update_end(self, trainer: Trainer, loss: float) -> None:
        if trainer.updates == self.updates:
            trainer.stop("here")


def run(folder: Any, stop: int | None, resume: bool = False, data: Any = (X, y),
        transform: Any = MIXED, **options: Any) -> Trainer:  # fmt: skip
    one = trainer(callbacks=[StopAt(stop)], checkpoints=folder,
                  metrics=["accuracy", "auc", "perplexity"], **options)  # fmt: skip
    given = data() if callable(data) else data
    one.fit(*given, epochs=3, resume=resume, transform=transform)
    return one


class Turned(Dataset):
    """Augments one example at a time, from the default generator."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        return T.Jitter(0.1)(tgb.tensor(X[index])), int(y[index])


def loader() -> Any:
    return (DataLoader(TensorDataset(tgb.tensor(X), tgb.tensor(y)), batch_size=32, shuffle=True),)


def dataset() -> Any:
    return (Turned(),)


@pytest.mark.parametrize("stop", [1, 4, 6])
@pytest.mark.parametrize("data", [(X, y), loader, dataset], ids=["arrays", "loader", "dataset"])
@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced"}], ids=["plain", "weighted"])
def test_stopped_anywhere_it_goes_on_to_the_same_bits(
    tmp_path: Path, stop: int, data: Any, options: dict[str, Any]
) -> None:
    goes_on(tmp_path, stop, data, options)


def test_a_compiled_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    goes_on(tmp_path, 6, (X, y), {"compile": True})


def goes_on(tmp_path: Path, stop: int, data: Any, options: dict[str, Any]) -> None:
    whole = run(None, None, data=data, **options)
    run(tmp_path, stop, data=data, **options)
    tgb.manual_seed(99)
    resumed = run(tmp_path, None, resume=True, data=data, **options)
    assert same(whole, resumed) and len(resumed.history) == 3
    assert not same(whole, run(None, None, data=data, transform=None, **options))


def test_another_augmentation_is_refused(tmp_path: Path) -> None:
    run(tmp_path, 5)
    with pytest.raises(ValueError, match="transform"):
        run(tmp_path, None, resume=True, transform=T.Jitter(0.2))
    with pytest.raises(ValueError, match="transform"):
        run(tmp_path, None, resume=True, transform=None)


def test_a_function_of_ones_own_is_named_by_its_kind(tmp_path: Path) -> None:
    def change(inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
        return inputs + rng.normal(size=inputs.shape).astype(np.float32), targets

    def again(inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
        return change(inputs, targets, rng)

    whole = run(None, None, transform=change)
    run(tmp_path, 5, transform=change)
    assert same(whole, run(tmp_path, None, resume=True, transform=again))


def test_metrics_of_mixed_targets_are_those_of_the_larger_share() -> None:
    one = run(None, None, transform=T.MixUp(alpha=0, num_classes=3))
    plain = run(None, None, transform=None)
    for mixed, alone in zip(one.history, plain.history, strict=True):
        assert mixed["accuracy"] == alone["accuracy"] and mixed["auc"] == alone["auc"]
        assert mixed["loss"] == pytest.approx(alone["loss"], rel=1e-4)


def test_images_are_augmented_and_the_validation_is_not() -> None:
    data = tgb.datasets.read("digits")
    seen = []

    def look(inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
        seen.append(inputs)
        return T.RandomAffine(10, (0.1, 0.1), (0.9, 1.1))(inputs, targets, rng)

    model = tgb.nn.Sequential(tgb.nn.Flatten(), tgb.nn.Linear(64, 10))
    one = Trainer(model, seed=0, progress=False, metrics=["accuracy"])
    one.fit(data.train.X, data.train.y, epochs=2, transform=look,
            validation=(data.validation.X, data.validation.y))  # fmt: skip
    assert sum(map(len, seen)) == 2 * len(data.train)
    assert one.history[-1]["val_loss"] == pytest.approx(
        one.evaluate(data.validation.X, data.validation.y)["loss"]
    )
