"""How much memory a training step takes: each contender in a process of its own (Linux).

``python -m benchmarks.memory CONTENDER NETWORK`` prints the figures of one as JSON, in MB:

- ``process``: the most that the process has had resident, the library and its compiler included;
- ``grown``: how far that is above what was resident after the library's import, and after a first
  step of a tiny network, which loads what is loaded at first use;
- ``steps``: the same, of the steps after the first two alone: without what compiling takes;
- ``beside``: what other processes had resident that it started, to compile.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import environment

if __name__ == "__main__":
    environment.settle(["-m", "benchmarks.memory"])

from benchmarks.networks import Network, mlp
from benchmarks.peers import MODULES, load

ROOT = Path(__file__).resolve().parent.parent


def available() -> bool:
    """Return whether this system tells, and can reset, the peak of a process."""
    return Path("/proc/self/clear_refs").exists()


def high_water() -> float:
    """Return the largest resident memory that this process has had, in MB."""
    # Not getrusage's figure, which begins at that of the process that started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def beside() -> float:
    """Return the largest resident memory of the processes that this one has started, in MB."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            lines = Path(f"/proc/{child}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return total / 1024


def lower() -> None:
    """Let the peak be what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def here(name: str, network: Network) -> dict[str, float]:
    """Train ten steps in this process; return the figures."""
    found, missing = load([name])
    if missing:
        raise ImportError(missing[name])
    tiny = found[name].prepare(mlp(2, 2, 1, batch=2))
    for _ in range(2):
        tiny.step()
    process = high_water()
    lower()
    before = high_water()
    contender = found[name].prepare(network)
    for _ in range(2):
        contender.step()
    first, others = high_water(), beside()
    lower()
    for _ in range(8):
        contender.step()
    steps = high_water()
    figures = {
        "process": max(process, first, steps),
        "grown": max(first, steps) - before,
        "steps": steps - before,
        "beside": others,
    }
    return {key: round(value, 1) for key, value in figures.items()}


def of(name: str, network: Network) -> dict[str, float]:
    """Return the figures of a contender, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", name, network.name]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return figures


def main() -> None:
    from benchmarks.networks import NETWORKS

    name, wanted = sys.argv[1:]
    if name not in MODULES:
        raise SystemExit(f"{name}: no such contender")
    network = next(network for network in NETWORKS if network.name == wanted)
    print(json.dumps(here(name, network)))


if __name__ == "__main__":
    main()
