"""How long a whole script takes: interpreter, imports, MNIST, ten epochs, evaluation."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("mnist_script.py")
LIBRARIES = ("tinygrad_bp", "tgb.compile", "PyTorch")


def available() -> bool:
    """Return whether the data is there."""
    folder = os.environ.get("TINYGRAD_BP_DATA")
    return folder is not None and (Path(folder) / "mnist").is_dir()


def once(name: str, epochs: int) -> tuple[float, float]:
    """Run the script; return the seconds of the process, and the accuracy that it reached."""
    command = [sys.executable, str(SCRIPT), name, str(epochs)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, float(done.stdout.split()[-2])


def compare(
    names: list[str], epochs: int, times: int, tick: Callable[[], object]
) -> tuple[dict[str, Any], list[str]]:
    """Run the script of each library in turn, several times; return medians, and who failed."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    failures = []
    for i in range(times):
        for name in names if i % 2 == 0 else names[::-1]:
            try:
                found[name].append(once(name, epochs))
            except subprocess.CalledProcessError as error:
                failures.append(f"script, {name}: {(error.stderr.splitlines() or ['?'])[-1]}")
            tick()
    contenders = {
        name: {"seconds": round(statistics.median(seconds for seconds, _ in runs), 3),
               "accuracy": runs[-1][1]}
        for name, runs in found.items() if runs
    }  # fmt: skip
    return {"epochs": epochs, "contenders": contenders}, failures
