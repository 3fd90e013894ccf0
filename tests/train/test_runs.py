"""The folders of runs, models in a few words, and event files."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.train import models, runs


def test_a_folder_appears_with_its_record(tmp_path):
    folder = runs.fresh(tmp_path, "set", {runs.RECORD: "{}"})
    assert folder.name == "set-001" and (folder / runs.RECORD).read_text() == "{}"
    assert [p.name for p in tmp_path.iterdir()] == ["set-001"]


def test_overwriting_takes_away_what_a_run_wrote_alone(tmp_path):
    folder = runs.named(tmp_path, "mine", False, (), {runs.RECORD: "old", "thesis.txt": "mine"})
    (folder / "checkpoints").mkdir()
    with pytest.raises(FileExistsError, match="--overwrite"):
        runs.named(tmp_path, "mine", False, ())
    written = ("checkpoints", runs.RECORD)
    runs.named(tmp_path, "mine", True, written, {runs.RECORD: "new"})
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        runs.RECORD: "new", "thesis.txt": "mine",
    }  # fmt: skip


def test_outputs_in_units_learn_as_the_scaled_model_does():
    tgb.manual_seed(0)
    inner = tgb.nn.Linear(3, 1)
    model = models.InUnits(inner, 100.0, 20.0)
    X, y = tgb.randn(8, 3), 100 + 20 * tgb.randn(8)
    model.loss("mse")(model(X), y).backward()
    got = inner.weight.grad.numpy().copy()
    inner.weight.grad = None
    tgb.nn.functional.mse_loss(inner(X)[:, 0], (y - 100) / 20).backward()
    np.testing.assert_allclose(got, inner.weight.grad.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["mlp", "mlp:", "mlp:4", "mlp:4-0-2", "mlp:4-x-2", "mlp:5-2"])
def test_a_network_that_can_not_be_is_named(name):
    with pytest.raises(models.ModelError, match="mlp"):
        models.build(name, (4,), 2)


def test_tensorboard_gets_a_file(tmp_path):
    pytest.importorskip("tensorboardX")
    callback = tgb.train.TensorBoard(tmp_path / "events")
    trainer = tgb.train.Trainer(tgb.nn.Linear(2, 1), "mse", callbacks=[callback], seed=0,
                                progress=False)  # fmt: skip
    trainer.fit(np.ones((4, 2)), np.ones(4), epochs=2)
    (file,) = (tmp_path / "events").iterdir()
    assert b"loss" in file.read_bytes() and b"lr" in file.read_bytes()
