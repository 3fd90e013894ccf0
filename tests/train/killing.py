"""Runs that are killed at random moments, and go on: a program for `test_killed`.

A process of its own forks the runs, since it has imported everything already and has no threads.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_bp as tgb
from tests.train.building import blobs, trainer, weights
from tinygrad_bp.train import Checkpoints, EarlyStopping
from tinygrad_bp.utils.data import DataLoader, TensorDataset

X, y = blobs()


def noisy(inputs: Any, targets: Any, rng: np.random.Generator) -> Any:
    return inputs + 0.1 * rng.standard_normal(inputs.shape).astype(np.float32), targets


def train(folder: Path | None, number: int) -> list[np.ndarray]:
    """Run one of some kinds of training; return the final weights and moments."""
    kinds: list[dict[str, Any]] = [
        {"schedule": "one-cycle"}, {"accumulate": 3, "schedule": "plateau"}, {"optimizer": "sgd"},
    ]  # fmt: skip
    one = trainer(
        callbacks=[EarlyStopping("loss", patience=99)], clip_norm=1.0, metrics=["accuracy", "auc"],
        checkpoints=folder, checkpoint_every=0, health=False, **kinds[number % 3],
    )  # fmt: skip
    data: Any = (X, y)
    options: dict[str, Any] = {"transform": noisy, "batch_size": 20}
    if number % 2:
        loader = DataLoader(TensorDataset(tgb.tensor(X), tgb.tensor(y)), 20, shuffle=True)
        data, options = (loader,), {}
    one.fit(*data, epochs=5, validation=blobs(30, seed=1), resume=folder is not None, **options)
    return weights(one)


def forked(work: Callable[[], None]) -> int:
    """Start `work` in another process; return its number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:
        print("failed:", repr(error), file=sys.stderr, flush=True)
    os._exit(code)


def run(folder: Path, number: int) -> None:
    """Train, or go on; leave the weights beside the folder."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "there is no whole checkpoint")  # killed before the first
    found = train(folder, number)
    np.savez(folder.with_suffix(".part.npz"), *found)
    os.replace(folder.with_suffix(".part.npz"), folder.with_suffix(".npz"))


def loads(folder: Path) -> bool:
    """Whether each file that is there loads."""
    checkpoints = Checkpoints(folder)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        state = checkpoints.load()
    return not told and (state is not None or not checkpoints.files())


def at_random(place: Path, kills: int) -> dict[str, Any]:
    """Kill runs after random times; begin another one when one has ended."""
    rng = random.Random(0)
    done, number, equal = 0, 0, []
    while done < kills or len(equal) < 3:
        folder = place / f"run-{number}"
        child = forked(lambda folder=folder, number=number: run(folder, number))  # type: ignore[misc]
        if done < kills:
            time.sleep(0.01 + 0.15 * rng.random())
            os.kill(child, signal.SIGKILL)
        code = os.waitpid(child, 0)[1]
        done += os.WIFSIGNALED(code)
        assert os.WIFSIGNALED(code) or not os.WEXITSTATUS(code), "a run failed"
        assert loads(folder), "a checkpoint does not load"
        result = folder.with_suffix(".npz")
        if result.exists():
            with np.load(result) as found:
                arrays = [found[name] for name in found.files]
            expected = train(None, number)
            equal.append(all(a.tobytes() == b.tobytes()
                             for a, b in zip(arrays, expected, strict=True)))  # fmt: skip
            number += 1
    return {"kills": done, "equal": equal}


def while_writing(place: Path) -> dict[str, Any]:
    """Kill a run before each system call that a checkpoint takes; go on after each kill."""
    folder, places = place / "run-0", []
    for name in ("mkstemp", "fsync", "chmod", "replace", "unlink"):
        for count in (1, 2, 3, 7):

            def fatal(name: str = name, count: int = count) -> None:
                module: Any = tempfile if name == "mkstemp" else os
                real, calls = getattr(module, name), iter(range(1, 1000))

                def instead(*args: Any, **options: Any) -> Any:
                    if next(calls) == count:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return real(*args, **options)

                setattr(module, name, instead)
                run(folder, 0)

            os.waitpid(forked(fatal), 0)
            assert loads(folder), f"killed before {name}: a checkpoint does not load"
            places.append(f"{name} {count}")
    os.waitpid(forked(lambda: run(folder, 0)), 0)
    with np.load(folder.with_suffix(".npz")) as found:
        arrays = [found[name] for name in found.files]
    left = [p.name for p in folder.iterdir() if ".safetensors." in p.name]
    equal = all(a.tobytes() == b.tobytes() for a, b in zip(arrays, train(None, 0), strict=True))
    return {"places": places, "equal": [equal], "left": left}


if __name__ == "__main__":
    where = Path(sys.argv[2])
    print(json.dumps(while_writing(where) if sys.argv[1] == "writing"
                     else at_random(where, int(sys.argv[1]))))  # fmt: skip
