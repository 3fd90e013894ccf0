"""One network, all contenders: prepared, compared, then timed."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import check
from benchmarks.networks import Network, mlp
from benchmarks.peers import COMPILED
from benchmarks.peers.contender import Arrays, Contender, UnsupportedError
from benchmarks.table import RUN, STEP
from benchmarks.timing import SLICE, measure

#: Results are published: they name no folder of whoever measured.
_PATH = re.compile(r"(?:/[\w.+-]+){2,}")


class Preparation:
    """The contenders of a network that compute the same, and what keeps the others out."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.initial: Arrays = list(network.initial().values())
        self.contenders: dict[str, Contender] = {}
        self.compile: dict[str, float] = {}
        self.left_out: dict[str, str] = {}
        self.failures: list[str] = []
        self._expected: tuple[Arrays, Arrays] | None = None

    def add(self, name: str, module: Any) -> None:
        """Prepare a contender; leave it out where it can't, or where it computes something else."""
        try:
            contender = self._checked(name, module)
            if self.network.drops_out:  # with its own random numbers: not to be compared
                contender = module.prepare(self.network, True)
                contender.step()
                contender.run()
        except UnsupportedError as reason:
            self.left_out[name] = str(reason)
        except Exception as error:  # a run of minutes is not lost to one contender
            line = _PATH.sub("…", next(iter(str(error).strip().splitlines()), ""))
            self.left_out[name] = f"failed: {type(error).__name__}: {line}"[:200]
            self.failures.append(f"{self.network.name}, {name}: {self.left_out[name]}")
        else:
            self.contenders[name] = contender

    def _checked(self, name: str, module: Any) -> Contender:
        contender: Contender = module.prepare(self.network, False)
        start = time.perf_counter()
        contender.step()
        contender.step()
        if name in COMPILED:
            self.compile[name] = round(time.perf_counter() - start, 2)
        parameters = contender.parameters()
        contender.run()
        gradients = contender.gradients()
        if self._expected is None:
            self._expected = parameters, gradients
        check.parameters(name, parameters, self._expected[0], self.initial)
        check.gradients(name, gradients, self._expected[1])
        return contender


def loading(modules: Mapping[str, Any]) -> dict[str, float]:
    """Compile a tiny network; return the seconds that each compiler takes to be loaded for it.

    Its first network is not charged with this then.
    """
    taken = {}
    for name in COMPILED:
        if name in modules:
            start = time.perf_counter()
            tiny = modules[name].prepare(mlp(2, 2, 1, batch=2))
            tiny.step()
            tiny.step()
            taken[name] = round(time.perf_counter() - start, 2)
    return taken


def compare(
    network: Network,
    modules: Mapping[str, Any],
    rounds: int,
    *,
    duration: float = SLICE,
    tick: Callable[[], object] = lambda: None,
) -> tuple[dict[str, Any], list[str]]:
    """Time all contenders on a network; return the figures, and who failed.

    The first contender is what the others are compared with.
    """
    prepared = Preparation(network)
    for name, module in modules.items():
        prepared.add(name, module)
        tick()
    gc.collect()
    times = {}
    for mode in (RUN, STEP):
        steps = {
            name: contender.run if mode == RUN else contender.step
            for name, contender in prepared.contenders.items()
        }
        timings = measure(steps, rounds, duration=duration)
        times[mode] = {name: timing.as_json() for name, timing in timings.items()}
        tick()
    entry = {
        "name": network.name,
        "batch": network.batch,
        "parameters": sum(p.size for p in prepared.initial),
        "times": times,
        "compile": prepared.compile,
        "left out": prepared.left_out,
    }
    return entry, prepared.failures
