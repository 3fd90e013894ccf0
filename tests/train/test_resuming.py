"""A run that was stopped goes on to the bits of one that never was."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.train.building import blobs, same, trainer, weights
from tinygrad_bp import serialization
from tinygrad_bp.train import Callback, Checkpoints, CheckpointWarning, EarlyStopping, Trainer
from tinygrad_bp.utils.data import DataLoader, TensorDataset

X, y = blobs()


class StopAt(Callback):
    """Ends a run after some updates, or never."""

    def __init__(self, updates: int | None = None) -> None:
        self.updates = updates

    def on_update_end(self, trainer: Trainer, loss: float) -> None:
        if trainer.updates == self.updates:
            trainer.stop("here")


def run(folder: Any, stop: int | None, resume: bool = False, data: Any = None,
        **options: Any) -> Trainer:  # fmt: skip
    """Run four epochs of four updates, with everything that has a state."""
    callbacks = [EarlyStopping("loss", patience=9), StopAt(stop)]
    one = trainer(
        callbacks=callbacks, checkpoints=folder, metrics=["accuracy", "auc"],
        **({"schedule": "one-cycle", "clip_norm": 1.0} | options),
    )  # fmt: skip
    given = (X, y) if data is None else (data(),)
    one.fit(*given, epochs=4, validation=blobs(seed=1), resume=resume)
    return one


def columns(one: Trainer) -> list[dict[str, Any]]:
    """Return the history, but for the time."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in one.history]


@pytest.mark.parametrize("stop", [1, 3, 4, 5, 8, 11, 15, 16])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_stopped_anywhere_it_goes_on_to_the_same_bits(
    tmp_path: Path, stop: int, optimizer: str
) -> None:
    whole = run(None, None, optimizer=optimizer)
    run(tmp_path, stop, optimizer=optimizer)
    tgb.manual_seed(12345)
    resumed = run(tmp_path, None, resume=True, optimizer=optimizer)
    assert same(whole, resumed) and columns(whole) == columns(resumed)


def loader() -> Any:
    return DataLoader(TensorDataset(tgb.tensor(X), tgb.tensor(y)), batch_size=30, shuffle=True)


class Noisy(TensorDataset):
    """Draws from every stream when an example is read."""

    def __getitem__(self, index: int) -> Any:
        x, label = super().__getitem__(index)
        return x + float(np.random.rand()) + random.random() + 0.1 * tgb.randn(4), label


def noisy() -> Any:
    return DataLoader(Noisy(tgb.tensor(X), tgb.tensor(y)), batch_size=30, shuffle=True)


@pytest.mark.parametrize("data", [loader, noisy])
@pytest.mark.parametrize("stop", [2, 4, 7])
def test_loaders_are_taken_up_in_the_middle(tmp_path: Path, data: Any, stop: int) -> None:
    def start() -> None:
        np.random.seed(1)
        random.seed(2)

    start()
    whole = run(None, None, data=data)
    start()
    run(tmp_path, stop, data=data)
    resumed = run(tmp_path, None, resume=True, data=data)
    assert same(whole, resumed) and columns(whole) == columns(resumed)


@pytest.mark.parametrize("options", [{"accumulate": 3}, {"compile": True}, {"schedule": "plateau"},
                                     {"optimizer": "sgd", "compile": True}],
                         ids=lambda o: "-".join(o))  # fmt: skip
def test_with_options(tmp_path: Path, options: dict[str, Any]) -> None:
    whole = run(None, None, **options)
    run(tmp_path, 3, **options)
    resumed = run(tmp_path, None, resume=True, **options)
    assert same(whole, resumed)


def test_what_was_best_is_in_the_checkpoint(tmp_path: Path) -> None:
    one = run(tmp_path, 9)
    two = run(tmp_path, None, resume=True)
    stopping = two.callbacks[0]
    assert isinstance(stopping, EarlyStopping) and stopping.best_epoch >= 1
    assert len(one.history) == 2 and len(two.history) == 4


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes({
        "empty": b"", "truncated": data[:half], "header": data[:20],
        "altered": data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :],
        "another": b"no checkpoint at all",
    }[how])  # fmt: skip


@pytest.mark.parametrize("how", ["empty", "truncated", "header", "altered", "another"])
def test_a_damaged_file_is_told_of_and_the_one_before_is_taken(tmp_path: Path, how: str) -> None:
    whole = run(None, None)
    run(tmp_path, 9)
    newest, before = Checkpoints(tmp_path).files()
    damage(newest, how)
    with pytest.warns(CheckpointWarning, match=f"{newest.name}.*the one before"):
        resumed = run(tmp_path, None, resume=True)
    assert same(whole, resumed) and before.name < newest.name


def test_without_any_whole_file_it_begins_anew(tmp_path: Path) -> None:
    with pytest.warns(CheckpointWarning, match="beginning anew"):
        resumed = run(tmp_path, None, resume=True)
    assert same(resumed, run(None, None))


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = serialization.files.write, []

    def write(file: Any, data: bytes) -> None:
        calls.append(file)
        if len(calls) in (2, 3):
            Path(file).with_suffix(".part").write_bytes(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, data)

    monkeypatch.setattr(serialization, "write", write)
    with pytest.warns(CheckpointWarning, match="No space left"):
        one = run(tmp_path, None)
    assert same(one, run(None, None))
    state = Checkpoints(tmp_path).load()
    assert state is not None and state["position"][0] == 4


def test_other_data_are_refused(tmp_path: Path) -> None:
    run(tmp_path, 5)
    two = trainer(checkpoints=tmp_path, callbacks=[Callback(), Callback()])
    before = weights(two)
    with pytest.raises(ValueError, match="other data or settings"):
        two.fit(X + 1, y, epochs=4, resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, weights(two), strict=True))


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from tests.train.test_resuming import run
one = run({folder!r}, None, resume={resume}, checkpoint_every=0)
import numpy as np
from tests.train.building import weights
np.savez({out!r}, *weights(one))
"""


def start(folder: Path, out: Path, resume: bool) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    text = SCRIPT.format(root=root, folder=str(folder), out=str(out), resume=resume)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", text], cwd=root, stderr=subprocess.PIPE
    )


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_again_and_again_it_ends_at_the_same_bits(tmp_path: Path) -> None:
    folder, out = tmp_path / "checkpoints", tmp_path / "weights.npz"
    rng = random.Random(0)
    kills = 0
    while not out.exists():
        process = start(folder, out, folder.exists())
        if kills < 4:
            # Until it writes, and then some milliseconds: in the midst of an update or a file.
            seen = {p.name for p in folder.iterdir()} if folder.exists() else set()
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                now = {p.name for p in folder.iterdir()} if folder.exists() else set()
                if now - seen:
                    break
                time.sleep(0.001)
            time.sleep(rng.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            kills += 1
        errors = process.communicate(timeout=120)[1]
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
    with np.load(out) as found:
        arrays = [found[name] for name in found.files]
    expected = weights(run(None, None))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(arrays, expected, strict=True))
