"""Where a peer is ahead of ours, in words: in time, memory, compiling, growth, the whole script."""

from __future__ import annotations

from typing import Any

from benchmarks.peers import COMPILED, EAGER, NAMES, OURS
from benchmarks.table import RUN, STEP

Times = dict[str, dict[str, float]]


def fastest_of_ours(times: Times) -> str | None:
    """Return which of ours is the faster one."""
    ours = [name for name in OURS if name in times]
    return min(ours, key=lambda name: times[name]["median"]) if ours else None


def overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    """Return whether the middle halves of two measurements overlap: then who leads is chance."""
    return a["low"] <= b["high"] and b["low"] <= a["high"]


def ahead(times: Times, ours: str, peers: tuple[str, ...]) -> list[str]:
    """Return a phrase for each peer that took less time than `ours`."""
    phrases = []
    for name in peers:
        if name in times and times[name]["median"] < times[ours]["median"]:
            factor = times[ours]["median"] / times[name]["median"]
            chance = ", within the noise" if overlap(times[name], times[ours]) else ""
            phrases.append(f"{name} ({factor:.2f} ×{chance})")
    return phrases


def sentences(networks: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each network and mode in which a peer is ahead.

    Compiled contenders are held against the faster one of ours; those without a compiler against
    our eager mode, which is what one writes and debugs.
    """
    peers = tuple(name for name in NAMES if name not in OURS)
    eager = tuple(name for name in peers if name in EAGER)
    found = []
    for entry in networks:
        for mode in (STEP, RUN):
            times = entry["times"][mode]
            best = fastest_of_ours(times)
            if best is None:
                continue
            faster = ahead(times, best, peers)
            if faster:
                found.append(f"{entry['name']}, {mode}: faster than `{best}` "
                             f"{_verb(faster)} {_listed(faster)}.")  # fmt: skip
            if best in COMPILED and "tinygrad_bp" in times:
                slower = ahead(times, "tinygrad_bp", eager)
                if slower:
                    found.append(f"{entry['name']}, {mode}, eager: faster than `tinygrad_bp` "
                                 f"{_verb(slower)} {_listed(slower)}.")  # fmt: skip
    return found


def elsewhere(results: dict[str, Any]) -> list[str]:
    """Return a sentence for everything else that was measured and in which a peer is ahead."""
    return [
        *_compiling(results["networks"], results.get("loading", {})),
        *_memory(results.get("memory") or []),
        *_growth(results.get("growth") or []),
        *_script(results.get("script") or {}),
    ]


def _less(figures: dict[str, float], ours: str, peers: tuple[str, ...]) -> list[str]:
    """Return a phrase for each peer with a smaller figure than `ours`."""
    if ours not in figures:
        return []
    return [
        f"{name} ({figures[ours] / max(figures[name], 1e-9):.2f} ×)"
        for name in peers
        if name in figures and figures[name] < figures[ours]
    ]


_PEERS = tuple(name for name in NAMES if name not in OURS)


def _compiling(networks: list[dict[str, Any]], loading: dict[str, float]) -> list[str]:
    found = []
    for what, figures in [("Loading the compiler", loading)] + [
        (f"Compiling {entry['name']}", entry["compile"]) for entry in networks
    ]:
        if faster := _less(figures, "tgb.compile", _PEERS):
            found.append(f"{what}: faster than `tgb.compile` {_verb(faster)} {_listed(faster)}.")
    return found


def _memory(entries: list[dict[str, Any]]) -> list[str]:
    found = []
    for entry in entries:
        for key, what in (("process", "the process"), ("steps", "the steps")):
            figures = {name: each[key] for name, each in entry["contenders"].items()}
            for ours, peers in (
                ("tgb.compile", (*_PEERS, "tinygrad_bp")),
                ("tinygrad_bp", _PEERS),
            ):
                if less := _less(figures, ours, peers):
                    takes = "takes" if len(less) == 1 else "take"
                    found.append(
                        f"Memory of {what}, {entry['name']}: less than `{ours}` {takes} "
                        f"{_listed(less)}."
                    )
    return found


def _growth(entries: list[dict[str, Any]]) -> list[str]:
    found = []
    for entry in entries:
        times = entry["times"]
        for ours in (name for name in reversed(OURS) if name in times):
            for peer in (name for name in _PEERS if name in times):
                if ours not in COMPILED and peer in COMPILED:
                    continue
                pairs = zip(times[ours], times[peer], strict=True)
                factors = [mine / theirs for mine, theirs in pairs]
                at = [f"{n:,}" for n, f in zip(entry["at"], factors, strict=True) if f > 1]
                if at:
                    found.append(
                        f"{entry['title']}: {peer} is faster than `{ours}` at {_listed(at)} "
                        f"{entry['axis']} (at most {max(factors):.2f} ×)."
                    )
    return found


def _script(entry: dict[str, Any]) -> list[str]:
    figures = {name: each["seconds"] for name, each in entry.get("contenders", {}).items()}
    return [
        f"The whole script: faster than `{ours}` {_verb(faster)} {_listed(faster)}."
        for ours in OURS
        if (faster := _less(figures, ours, _PEERS))
    ]


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
