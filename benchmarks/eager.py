"""Forward and backward, eager: against PyTorch, and small MLPs against hand-written NumPy too.

    python benchmarks/eager.py [--rounds 42] [--only NAME] [--network NAME] [--json FILE]
    python benchmarks/eager.py --memory

All contenders run in one process, round by round, so that the ratios hold although the machine's
speed drifts. Each figure is the median over the rounds. The thread pools of NumPy's OpenBLAS and of
PyTorch spin for a while after each product, and slow one another down, PyTorch most of all: every
order of the contenders comes equally often, so that none runs after PyTorch more often than the
others. `--only` gives one contender a process of its own.

`--memory` prints instead how far the resident memory of a process rises above what it is after the
library's import, over ten steps of the GPT with Adam: each library in a process of its own.

`OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`, which pin NumPy's kernels to an older processor on some
machines, are taken away for all alike. PyTorch takes part where it is installed (extra `peers`).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
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
from benchmarks import networks  # noqa: E402

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
    """Time the contenders on an MLP; return the microseconds that a step of each takes."""
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
    return measure(steps, 50 if sizes[0] > 2 else 100, rounds)


def compare_network(network: networks.Network, rounds: int, only: str | None) -> dict[str, float]:
    """Time the libraries on a larger network; return the microseconds of a step of each."""
    libraries = {"tinygrad_bp": tgb, "PyTorch": torch}
    steps = {
        name: networks.step(library, network)[1]
        for name, library in libraries.items()
        if library is not None and only in (None, name)
    }
    return measure(steps, 5, rounds)


def measure(steps: dict[str, Callable[[], None]], loops: int, rounds: int) -> dict[str, float]:
    """Run the steps in turn, in every order; return the microseconds that one of each takes."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        for _ in range(loops):
            step()
    orders = list(itertools.permutations(steps))
    shuffle = random.Random(0).shuffle
    for i in range(rounds):
        if i % len(orders) == 0:
            shuffle(orders)
        for name in orders[i % len(orders)]:
            step = steps[name]
            start = time.perf_counter()
            for _ in range(loops):
                step()
            times[name].append((time.perf_counter() - start) / loops * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def high_water() -> float:
    """Return the largest resident memory that this process has had, in MB (Linux)."""
    # Not getrusage's figure, which begins at that of the process that started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def peak_memory(name: str) -> float:
    """Return by how many MB this process grows over ten training steps of the GPT."""
    library = {"tinygrad_bp": tgb, "PyTorch": torch}[name]
    library.ones(2, 2).sum()  # what is loaded at first use
    before = high_water()
    model, run = networks.step(library, networks.NETWORKS[-1])
    optimizer = library.optim.Adam(model.parameters())
    for _ in range(10):
        run()
        optimizer.step()
    return high_water() - before


def compare_memory() -> None:
    """Print the growth of each library's process, and their ratio."""
    grown = {}
    for name in ("tinygrad_bp", "PyTorch"):
        command = [sys.executable, __file__, "--memory", "--only", name]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        grown[name] = float(out)
        print(f"{name:>12}: {grown[name]:7.1f} MB")
    print(f"ours/PyTorch: {grown['tinygrad_bp'] / grown['PyTorch']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=42, help="rounds of each contender")
    parser.add_argument("--only", choices=NAMES, help="measure one contender, on its own")
    parser.add_argument("--network", help="measure only the networks whose name contains this")
    parser.add_argument("--memory", action="store_true", help="the peak memory of the GPT instead")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    if options.memory:
        print(f"{peak_memory(options.only):.1f}") if options.only else compare_memory()
        return
    if torch is None and options.only is None:
        print("PyTorch is not installed (the extra `peers`): compared with NumPy alone")
    print("forward + backward, µs")
    print(f"{'network':>17} {'batch':>5} {'by hand':>8} {'ours':>8} {'PyTorch':>8}"
          f" {'ours/hand':>9} {'PyTorch/ours':>12}")  # fmt: skip
    figures = {}
    mlps = {"-".join(map(str, sizes)): (sizes, m) for sizes, m in NETWORKS}
    larger = {network.name: network for network in networks.NETWORKS}
    for name in [*mlps, *larger]:
        if options.network and options.network.lower() not in name.lower():
            continue
        if name in mlps:
            sizes, batch = mlps[name]
            times = compare(sizes, batch, options.rounds, options.only)
        elif options.only == "by hand":
            continue
        else:
            batch = larger[name].batch
            times = compare_network(larger[name], options.rounds, options.only)
        figures[name] = {"batch": batch, **times}
        cells = [f"{times[c]:8.1f}" if c in times else f"{'-':>8}" for c in NAMES]
        ratios = [
            f"{times[a] / times[b]:{width}.2f}" if a in times and b in times else f"{'-':>{width}}"
            for a, b, width in ((NAMES[1], NAMES[0], 9), (NAMES[2], NAMES[1], 12))
        ]
        print(f"{name:>17} {batch:>5}", *cells, *ratios, flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
