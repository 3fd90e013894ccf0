"""Going on with a run: what fits, what does not, and folders in use or not to be written to."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.train.building import blobs, classifier, same, trainer, weights
from tests.train.test_resuming import StopAt, columns
from tinygrad_bp.optim import lr_scheduler
from tinygrad_bp.train import Callback, Checkpoints, CheckpointWarning, EarlyStopping, Trainer
from tinygrad_bp.utils.data import DataLoader, RandomSampler, TensorDataset

X, y = blobs()


def fit(folder: Any, *, stop: int | None = None, resume: bool = False, epochs: int = 4,
        callbacks: Any = (), data: Any = (X, y), **options: Any) -> Trainer:  # fmt: skip
    one = trainer(callbacks=[*callbacks, StopAt(stop)], checkpoints=folder, **options)
    one.fit(*data, epochs=epochs, resume=resume)
    return one


@pytest.mark.parametrize(("change", "told"), [
    ({"model": tgb.nn.Sequential(tgb.nn.Linear(4, 8), tgb.nn.Linear(8, 3))}, "the model"),
    ({"optimizer": "sgd"}, r"optimizer \(Adam there, SGD here\)"),
    ({"accumulate": 2}, r"accumulate \(1 there, 2 here\)"),
    ({"data": (X + 1, y)}, "the numbers of the data"),
    ({"data": (X[:50], y[:50])}, "shapes"),
    ({"schedule": "cosine"}, "schedule"),
    ({"metrics": ["accuracy"]}, "metrics"),
    ({"callbacks": [EarlyStopping("loss")]}, "the callback EarlyStopping"),
], ids=lambda p: next(iter(p)) if isinstance(p, dict) else "")  # fmt: skip
def test_what_is_another_run_is_refused_and_nothing_changes(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    fit(tmp_path, stop=5)
    files = {p: p.read_bytes() for p in tmp_path.iterdir()}
    options = dict(change)
    data = options.pop("data", (X, y))
    one = trainer(checkpoints=tmp_path, callbacks=[*options.pop("callbacks", ()), StopAt()],
                  **options)  # fmt: skip
    before = weights(one)
    with pytest.raises(ValueError, match=told):
        one.fit(*data, epochs=4, resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights(one), strict=True))
    assert files == {p: p.read_bytes() for p in tmp_path.iterdir()}


def test_more_epochs_than_before(tmp_path: Path) -> None:
    fit(tmp_path, epochs=2)
    assert same(fit(tmp_path, epochs=4, resume=True), fit(None, epochs=4))


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "step", "warmup-cosine", "linear"])
def test_a_schedule_that_was_fitted_to_fewer_epochs(tmp_path: Path, schedule: str) -> None:
    fit(tmp_path, epochs=2, schedule=schedule)
    with pytest.raises(ValueError, match=r"epochs of the schedule \(2 there, 4 here\)"):
        fit(tmp_path, epochs=4, resume=True, schedule=schedule)


def half(epoch: int) -> float:
    return 0.5**epoch


SCHEDULERS: dict[str, Any] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, half),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 3, cycle_momentum=False),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
}


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("stop", [2, 8])
def test_schedulers_of_the_user(tmp_path: Path, name: str, stop: int) -> None:
    def stepped(optimizer: Any) -> Any:
        scheduler = SCHEDULERS[name](optimizer)
        optimizer.step()
        scheduler.step(*([1.0] if name == "plateau" else []))
        return scheduler

    fit(tmp_path, stop=stop, schedule=stepped)
    resumed = fit(tmp_path, resume=True, schedule=stepped)
    whole = fit(None, schedule=stepped)
    assert same(resumed, whole) and columns(resumed) == columns(whole)


def test_early_stopping_is_final(tmp_path: Path) -> None:
    def stopping() -> EarlyStopping:
        return EarlyStopping("loss", patience=0, min_delta=10.0)

    whole = fit(tmp_path, epochs=9, callbacks=[stopping()])
    again = fit(tmp_path, epochs=9, callbacks=[stopping()], resume=True)
    assert len(whole.history) == 2 and same(whole, again)


def test_a_sampler_with_a_stream_of_its_own(tmp_path: Path) -> None:
    def loader() -> Any:
        data = TensorDataset(tgb.tensor(X), tgb.tensor(y))
        stream = tgb.Generator().manual_seed(5)
        return (DataLoader(data, batch_size=30, sampler=RandomSampler(data, generator=stream)),)

    whole = fit(None, data=loader())
    fit(tmp_path, stop=6, data=loader())
    assert same(fit(tmp_path, resume=True, data=loader()), whole)


def explodes(inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
    explodes.calls += 1  # type: ignore[attr-defined]
    return inputs * (np.nan if explodes.calls == 7 else 1), targets  # type: ignore[attr-defined]


def test_what_diverged_in_the_midst_of_an_epoch_goes_back_to_its_beginning(tmp_path: Path) -> None:
    def one(folder: Any, stop: int | None, calls: int, resume: bool) -> Trainer:
        explodes.calls = calls  # type: ignore[attr-defined]
        found = trainer(callbacks=[StopAt(stop)], checkpoints=folder)
        found.fit(X, y, epochs=4, resume=resume, transform=explodes)
        return found

    whole = one(None, None, 0, False)
    one(tmp_path, 5, 0, False)
    resumed = one(tmp_path, None, 5, True)
    assert whole.history.stopped == resumed.history.stopped == "diverged"
    assert same(whole, resumed)


def test_another_run_in_the_folder_is_newer_than_the_old_one(tmp_path: Path) -> None:
    fit(tmp_path)
    fit(tmp_path, stop=3, seed=9)
    resumed = fit(tmp_path, resume=True, seed=9)
    assert same(resumed, fit(None, seed=9))


@pytest.mark.parametrize("schedule", ["cosine", "linear", "one-cycle"])
def test_a_second_fit_begins_with_the_first_rate(schedule: str) -> None:
    one = trainer(schedule=schedule)
    rates = [[row["lr"] for row in one.fit(X, y, epochs=3)] for _ in range(2)]
    assert rates[0] == pytest.approx(rates[1])


def test_a_state_that_would_not_load_is_told_of_at_once(tmp_path: Path) -> None:
    class Odd(Callback):
        def state_dict(self) -> dict[str, Any]:
            return {"function": len}

    with pytest.raises(TypeError, match=r"the state of Odd holds .*can't be loaded again"):
        fit(tmp_path / "new", callbacks=[Odd()])
    assert not Checkpoints(tmp_path / "new").files()


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    class Another(Callback):
        def on_epoch_begin(self, trainer: Trainer) -> None:
            with pytest.raises(RuntimeError, match="another run writes its checkpoints"):
                fit(tmp_path)
            told.append(run_elsewhere(tmp_path))

    told: list[str] = []
    fit(tmp_path, epochs=1, callbacks=[Another()])
    assert "RuntimeError: another run writes its checkpoints" in told[0]
    assert run_elsewhere(tmp_path) == ""


def run_elsewhere(folder: Path) -> str:
    code = f"from tinygrad_bp.train import Checkpoints; Checkpoints({str(folder)!r}).hold(True)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          cwd=Path(__file__).parents[2]).stderr  # fmt: skip


LIMITED = """
import resource, sys, warnings
sys.path.insert(0, {root!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
from tests.train.test_going_on import fit, weights
warnings.simplefilter("ignore")
one = fit({folder!r}, epochs=2)
sys.stdout.buffer.write(b"".join(w.tobytes() for w in weights(one)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_files_that_may_not_grow(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    code = LIMITED.format(root=root, folder=str(tmp_path / "small"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root)
    expected = b"".join(w.tobytes() for w in weights(fit(None, epochs=2)))
    assert done.returncode == 0 and done.stdout == expected
    assert [p.name for p in (tmp_path / "small").iterdir()] == [".lock"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("mine")
    with pytest.warns(CheckpointWarning, match="could not be written"):
        one = fit(place, epochs=1)
    assert same(one, fit(None, epochs=1)) and place.read_text() == "mine"


@pytest.mark.parametrize("how", ["pickled", "junk", "folder"])
def test_what_is_no_checkpoint_is_passed_over(tmp_path: Path, how: str) -> None:
    fit(tmp_path, stop=6)
    path = tmp_path / "checkpoint-00000099.safetensors"
    if how == "pickled":
        tgb.save(classifier(), path)
    elif how == "junk":
        path.write_bytes(b"\x10" + bytes(7) + b'{"a":{"dtype":1}}')
    else:
        path.mkdir()
    with pytest.warns(CheckpointWarning, match="going back to the one before"):
        resumed = fit(tmp_path, resume=True)
    assert same(resumed, fit(None))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert how == "folder" or Checkpoints(tmp_path).load() is not None
