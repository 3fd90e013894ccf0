"""Where a peer is ahead of ours, in words."""

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


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
