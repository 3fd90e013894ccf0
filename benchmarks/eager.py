"""Forward and backward of small MLPs, eager: against hand-written NumPy and against PyTorch.

    python benchmarks/eager.py [--rounds 40] [--only NAME] [--json FILE]

All contenders run in one process, in random order round by round, and each figure is the median
over the rounds: the ratios hold although the machine's speed drifts. What they do not show: the
thread pools of NumPy's OpenBLAS and of PyTorch spin for a while after each product, and slow one
another down, PyTorch most of all. `--only` gives one contender a process of its own.

`OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`, which pin NumPy's kernels to an older processor on some
machines, are taken away for all alike. PyTorch takes part where it is installed (extra `peers`).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
if any(name in os.environ for name in _PINNED):
    # OpenBLAS reads them when it is loaded: start afresh without them.
    free = {name: value for name, value in os.environ.items() if name not in _PINNED}
    os.execve(sys.executable, [sys.executable, *sys.argv], free)

import numpy as np  # noqa: E402  after the environment is settled

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tinygrad_bp as tgb  # noqa: E402

try:
    # Not even imported where it takes no part: its thread pool would.
    if "--only" in sys.argv and "PyTorch" not in sys.argv:
        torch = None
    else:
        import torch
except ImportError:
    torch = None

#: A step, and what gives the gradients that it computed.
Contender = tuple[Callable[[], None], Callable[[], list[np.ndarray]]]

NAMES = ("by hand", "tinygrad_bp", "PyTorch")

#: (layer sizes, batch). The first is a regression on one output, the others classify.
NETWORKS = [((2, 16, 16, 1), 100), ((784, 128, 10), 64), ((784, 256, 128, 10), 64)]


def parameters(sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Draw weights (out × in) and biases, one after the other."""
    rng = np.random.default_rng(0)
    drawn = []
    for n_in, n_out in itertools.pairwise(sizes):
        drawn.append((rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)).astype(np.float32))
        drawn.append(np.zeros(n_out, np.float32))
    return drawn


def data(sizes: tuple[int, ...], m: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a batch: rows of features, and class indices or one target a row."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((m, sizes[0])).astype(np.float32)
    if sizes[-1] == 1:
        return X, rng.standard_normal((m, 1)).astype(np.float32)
    return X, rng.integers(0, sizes[-1], m)


def by_hand(sizes: tuple[int, ...], m: int) -> Contender:
    """Write forward and backward out in NumPy, as the notes do (rows in place of columns)."""
    params = parameters(sizes)
    weights, biases = params[0::2], params[1::2]
    X, y = data(sizes, m)
    rows = np.arange(m)
    gradients: list[np.ndarray] = []

    def step() -> None:
        gradients.clear()  # as the others forget theirs: what is freed when decides what is reused
        activations, A = [X], X
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            A = np.maximum(A @ W.T + b, 0)
            activations.append(A)
        Z = A @ weights[-1].T + biases[-1]
        if sizes[-1] == 1:
            difference = Z - y
            (difference * difference).mean()
            dZ = difference * np.float32(2 / m)
        else:
            Z -= Z.max(axis=1, keepdims=True)
            e = np.exp(Z)
            total = e.sum(axis=1, keepdims=True)
            (np.log(total[:, 0]) - Z[rows, y]).mean()
            dZ = e / total
            dZ[rows, y] -= 1
            dZ /= m
        for i in range(len(weights) - 1, -1, -1):
            gradients.extend((dZ.sum(axis=0), dZ.T @ activations[i]))
            if i:
                dZ = dZ @ weights[i] * (activations[i] > 0)

    return step, lambda: gradients[::-1]


def framework(library: Any, sizes: tuple[int, ...], m: int) -> Contender:
    """Build the same network from a framework's layers: ours, or PyTorch."""
    nn = library.nn
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with library.no_grad():
        for p, value in zip(model.parameters(), parameters(sizes), strict=True):
            p.copy_(library.tensor(value))
    X, y = (library.tensor(array) for array in data(sizes, m))
    criterion = nn.MSELoss() if sizes[-1] == 1 else nn.CrossEntropyLoss()

    parameters_ = list(model.parameters())

    def step() -> None:
        for p in parameters_:
            p.grad = None
        criterion(model(X), y).backward()

    return step, lambda: [p.grad for p in parameters_]


def compare(sizes: tuple[int, ...], m: int, rounds: int, only: str | None) -> dict[str, float]:
    """Time the contenders in turn; return the median microseconds of each."""
    contenders = {"by hand": by_hand(sizes, m), "tinygrad_bp": framework(tgb, sizes, m)}
    if torch is not None:
        contenders["PyTorch"] = framework(torch, sizes, m)
    if only is not None:
        contenders = {name: c for name, c in contenders.items() if name in ("by hand", only)}
    contenders["by hand"][0]()
    reference = contenders["by hand"][1]()
    for name, (step, gradients) in contenders.items():
        step()
        found = [np.asarray(gradient).copy() for gradient in gradients()]
        for array, expected in zip(found, reference, strict=True):
            np.testing.assert_allclose(array, expected, rtol=2e-3, atol=2e-5, err_msg=name)
    steps = {name: step for name, (step, _) in contenders.items() if only in (None, name)}
    loops = 50 if sizes[0] > 2 else 100
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        for _ in range(loops):
            step()
    order = np.random.default_rng(0)
    for _ in range(rounds):
        # In random order: the threads of the one before may still spin, and slow the next one down.
        for name, step in order.permutation(list(steps.items())):
            start = time.perf_counter()
            for _ in range(loops):
                step()
            times[name].append((time.perf_counter() - start) / loops * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=40, help="rounds to take the median of")
    parser.add_argument("--only", choices=NAMES, help="measure one contender, on its own")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if torch is None and options.only is None:
        print("PyTorch is not installed (the extra `peers`): compared with NumPy alone")
    print("forward + backward, µs (median)")
    print(f"{'network':>17} {'batch':>5} {'by hand':>8} {'ours':>8} {'PyTorch':>8}"
          f" {'ours/hand':>9} {'PyTorch/ours':>12}")  # fmt: skip
    figures = {}
    for sizes, m in NETWORKS:
        times = compare(sizes, m, options.rounds, options.only)
        name = "-".join(map(str, sizes))
        figures[name] = {"batch": m, **times}
        cells = [f"{times[c]:8.1f}" if c in times else f"{'-':>8}" for c in NAMES]
        ratios = [
            f"{times[a] / times[b]:{width}.2f}" if a in times and b in times else f"{'-':>{width}}"
            for a, b, width in ((NAMES[1], NAMES[0], 9), (NAMES[2], NAMES[1], 12))
        ]
        print(f"{name:>17} {m:>5}", *cells, *ratios)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
