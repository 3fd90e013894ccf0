"""Forward and backward, eager: against PyTorch, and MLPs against hand-written NumPy too.

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
All peers, and Adam with them: ``python -m benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

if __name__ == "__main__":
    # In place of this folder, whose modules have everyday names.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks import environment

    environment.settle([__file__])  # before NumPy is loaded

from benchmarks import memory, peers
from benchmarks.comparing import Preparation
from benchmarks.networks import LARGER, SMALL_MLPS, Network, gpt
from benchmarks.timing import measure

NAMES = ("by hand", "tinygrad_bp", "PyTorch")


def compare(network: Network, rounds: int, only: str | None) -> dict[str, float]:
    """Return the microseconds that forward + backward of each contender takes."""
    # One alone is still compared with the hand-written network, where there is one.
    taking_part = [name for name in NAMES if only in (None, name) or name == "by hand"]
    modules, _ = peers.load(taking_part)
    prepared = Preparation(network)
    for name, module in modules.items():
        prepared.add(name, module)
    if prepared.failures:
        raise SystemExit("\n".join(prepared.failures))
    steps = {
        name: contender.run
        for name, contender in prepared.contenders.items()
        if only in (None, name)
    }
    loops = 100 if network.sizes[:1] == (2,) else 50 if network.sizes else 5
    for run in steps.values():
        for _ in range(loops):
            run()
    timings = measure(steps, rounds, loops=loops)
    return {name: timing.median for name, timing in timings.items()}


def compare_memory(only: str | None) -> None:
    """Print the growth of each library's process, and their ratio."""
    grown = {}
    for name in NAMES[1:] if only is None else [only]:
        grown[name] = memory.of(name, gpt())["grown"]
        print(f"{name:>12}: {grown[name]:7.1f} MB")
    if len(grown) == 2:
        print(f"ours/PyTorch: {grown['tinygrad_bp'] / grown['PyTorch']:.2f}")


def row(network: Network, times: dict[str, float]) -> str:
    """Return a line of the table."""
    cells = [f"{times[c]:8.1f}" if c in times else f"{'-':>8}" for c in NAMES]
    ratios = [
        f"{times[a] / times[b]:{width}.2f}" if a in times and b in times else f"{'-':>{width}}"
        for a, b, width in ((NAMES[1], NAMES[0], 9), (NAMES[2], NAMES[1], 12))
    ]
    return " ".join([f"{network.name:>17} {network.batch:>5}", *cells, *ratios])


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=42, help="rounds of each contender")
    parser.add_argument("--only", choices=NAMES, help="measure one contender, on its own")
    parser.add_argument("--network", help="measure only the networks whose name contains this")
    parser.add_argument("--memory", action="store_true", help="the peak memory of the GPT instead")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args(given)
    if options.memory:
        compare_memory(options.only)
        return
    if options.only is None and "PyTorch" in peers.load(["PyTorch"])[1]:
        print("PyTorch is not installed (the extra `peers`): compared with NumPy alone")
    print("forward + backward, µs")
    print(f"{'network':>17} {'batch':>5} {'by hand':>8} {'ours':>8} {'PyTorch':>8}"
          f" {'ours/hand':>9} {'PyTorch/ours':>12}")  # fmt: skip
    figures = {}
    for network in [*SMALL_MLPS, *LARGER]:
        if options.network and options.network.lower() not in network.name.lower():
            continue
        if options.only == "by hand" and network not in SMALL_MLPS:
            continue
        times = compare(network, options.rounds, options.only)
        figures[network.name] = {"batch": network.batch, **times}
        print(row(network, times), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
