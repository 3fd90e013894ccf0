"""The runner.

    python -m benchmarks [--only NETWORK] [--peers A,B] [--rounds N] [--json FILE] [--plot FOLDER]

All contenders run in one process, round by round, in orders that are balanced, so that the ratios
hold although the machine's speed drifts. Each figure is the median over the rounds. All begin with
the same parameters, and gradients and parameters are compared before anything is timed. Peak memory
and the whole script are measured in processes of their own.

`--only` measures the networks whose name contains a word, and nothing else. `--quick` shows whether
everything runs; its figures mean little.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import adam, environment, growth, memory, script, table
from benchmarks.comparing import compare, loading
from benchmarks.networks import NETWORKS, Network
from benchmarks.peers import NAMES, OURS, load

#: Whose memory is measured: the largest graph, and a small network.
REMEMBERED = ("784-128-10", "GPT 4 x 128")

Tick = Callable[[], object]


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=(__doc__ or "").split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--only", metavar="NETWORK", help="networks whose name contains this")
    parser.add_argument("--peers", metavar="A,B", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, help="rounds of each contender, at least")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw them there")
    parser.add_argument("--quick", action="store_true", help="a try of everything")
    options = parser.parse_args(given)
    options.peers = options.peers.split(",") if options.peers else list(NAMES)
    unknown = [name for name in options.peers if name not in NAMES]
    if unknown:
        parser.error(f"no contender {', '.join(unknown)}: there are {', '.join(NAMES)}")
    options.rounds = options.rounds or (2 if options.quick else 16)
    options.networks = [n for n in NETWORKS if (options.only or "").lower() in n.name.lower()]
    if not options.networks:
        parser.error(f"no network {options.only}: there are {', '.join(n.name for n in NETWORKS)}")
    return options


def main(given: list[str] | None = None) -> None:
    """Measure, print, write."""
    options = arguments(given)
    with tempfile.TemporaryDirectory() as folder:
        # So that the time to compile is that of the first time.
        os.environ.update(environment.fresh_caches(folder))
        results, failures = run(options)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(results, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.plot:
        from benchmarks import plot

        plot.draw(results, options.plot)
    if failures:
        raise SystemExit("\n".join(["Some contenders failed:", *failures]))


def run(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Take all measurements that the options ask for; return them, and who failed."""
    modules, missing = load(options.peers)
    for name, reason in missing.items():
        print(f"{name} takes no part: {reason}")
    tests = scripts(modules, options)
    remembered = [] if options.only or not memory.available() else [
        network for network in NETWORKS if network.name in REMEMBERED[: 1 if options.quick else 2]
    ]  # fmt: skip
    work = len(options.networks) * (len(modules) + 2)
    if not options.only:
        work += growth.work(options.quick) + 1
        work += len(tests) * (1 if options.quick else 2) + len(remembered) * len(modules)
    results: dict[str, Any] = {
        "machine": environment.machine(), "rounds": options.rounds, "missing": missing,
        "networks": [],
    }  # fmt: skip
    failures: list[str] = []
    bar = _Bar(work)
    results["loading"] = loading(modules)
    duration = 0.001 if options.quick else 0.012
    for network in options.networks:
        entry, failed = compare(
            network, modules, options.rounds, duration=duration, tick=bar.update
        )
        results["networks"].append(entry)
        failures += failed
        bar.write(table.network(entry) + "\n")
    if not options.only:
        results["growth"] = growth.grow(
            growth.contenders(modules), options.rounds // 3 + 1, options.quick, bar.update
        )
        for entry in results["growth"]:
            bar.write(table.growth(entry) + "\n")
        sets = 2 if options.quick else adam.SETS
        results["adam"] = adam.compare(modules, options.rounds, adam.PARAMETERS, sets)
        bar.update()
        bar.write(table.adam(results["adam"]) + "\n")
        results["memory"] = remember(remembered, results, list(modules), bar, failures)
        if tests:
            epochs, times = (1, 1) if options.quick else (10, 2)
            results["script"], failed = script.compare(tests, epochs, times, bar.update)
            failures += failed
            bar.write(table.script(results["script"]) + "\n")
        elif any(name in modules for name in OURS):
            bar.write("No whole script: TINYGRAD_BP_DATA names no folder that holds mnist/\n")
    bar.close()
    return results, failures


def scripts(modules: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """Return whose whole script is timed."""
    if options.only or not script.available():
        return []
    return [name for name in script.LIBRARIES if name in modules]


def remember(
    networks: list[Network], results: dict[str, Any], names: list[str], bar: _Bar,
    failures: list[str],
) -> list[dict[str, Any]]:  # fmt: skip
    """Measure the memory of whoever has run a network."""
    timed = {entry["name"]: set(entry["compile"]) | set(entry["times"][table.STEP])
             for entry in results["networks"]}  # fmt: skip
    found = []
    for network in networks:
        figures = {}
        for name in names:
            if name in timed[network.name]:
                try:
                    figures[name] = memory.of(name, network)
                except Exception as error:
                    failures.append(f"memory of {network.name}, {name}: {error}")
            bar.update()
        found.append({"name": network.name, "batch": network.batch, "contenders": figures})
        bar.write(table.memory(found[-1]) + "\n")
    return found


class _Bar:
    """tqdm's progress bar, where there is tqdm and a terminal; else only what is written."""

    def __init__(self, work: int) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            self._bar = None
        else:
            self._bar = tqdm(total=work, unit="part", disable=not sys.stderr.isatty(), leave=False)

    def update(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        print(text, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
