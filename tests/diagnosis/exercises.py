"""Exercises with a known answer: a recorded network, and gradients of which some are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.diagnosis.networks import Network, draw_network
from tests.diagnosis.recording import Recorded, record
from tests.diagnosis.slips import KINDS, Mistake
from tests.diagnosis.student import Student, Style

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator

#: How much of the largest entry a mistake has to change, to be one.
_VISIBLE = {"float32": 1e-3, "float64": 1e-6}
#: Up to which part of the largest entry two arrays are the same but for rounding.
_SAME = {"float32": 1e-5, "float64": 1e-9}

#: What a network needs so that a mistake of this kind is possible.
_WANTED: dict[str, dict[str, Any]] = {
    "missing-activation-derivative": {"layers": 2},
    "activation-derivative-at-output": {"layers": 2},
    "wrong-activation-derivative": {"layers": 2},
    "bias-not-summed": {"biases": True},
    "summed-over-wrong-axis": {"biases": True},
    "mean-instead-of-sum": {"biases": True, "several": True},
    "weight-not-transposed": {"layers": 2, "square": True},
    "wrong-layer-weight": {"layers": 2, "square": True},
    "wrong-layer-activation": {"layers": 2},
    "updated-weight-used": {"layers": 2},
    "missing-regularizer": {"penalty": True},
    "upstream": {"layers": 2},
}

#: Kinds that another line can inherit.
_PASSED_ON = ("scale", "sign", "missing-activation-derivative", "wrong-activation-derivative",
              "loss-derivative", "wrong-layer-weight", "weight-not-transposed")  # fmt: skip


_DONE_TO_A_LINE = ("scale", "sign", "transposed", "mean-instead-of-sum")


@dataclass
class Exercise:
    """What is handed in, and what is to be found.

    Attributes
    ----------
    kinds : tuple of str
        The planted ids: one, two for a pair, none if all is right.
    mistake : tuple of Slip
    given : dict of str to array
        ``{"dW1": …}``: what the student hands in.
    wrong : list of str
        Those that are wrong, in the order they were written.
    asked : list of str
        Those of `wrong` where the planted id has to be named (by one of them at least; by every one
        for ``upstream``).
    """

    network: Network
    recorded: Recorded
    style: Style
    kinds: tuple[str, ...]
    mistake: Mistake
    given: dict[str, Array]
    wrong: list[str]
    asked: list[str]
    by_name: bool = False

    def key(self, name: str) -> Any:
        """The key under which ``dW1`` is handed in: a tensor, or its name."""
        if self.by_name and name[1:] in self.recorded.names:
            return self.recorded.names[name[1:]]
        return self.recorded.tensors[name[1:]]

    @property
    def handed_in(self) -> dict[Any, Array]:
        return {self.key(name): array for name, array in self.given.items()}

    def honest(self, beside: Mistake = ()) -> set[str]:
        """Every id of which some mistake gives all arrays that were handed in, to rounding.

        `beside` are slips that are made as well, as in a pair.
        """
        return {
            kind
            for kind, mistakes in KINDS.items()
            if any(self._gives(_in_order(beside + found)) for found in mistakes(self.network))
        }

    def _gives(self, mistake: Mistake) -> bool:
        try:
            theirs = Student(self.network, self.style, mistake).g
        except ValueError:
            return False
        tolerance = _SAME[self.network.dtype]
        return all(_same(theirs[n], self.given[n], tolerance) for n in self.given)

    def halves(self) -> tuple[Mistake, ...]:
        """The slips of each kind of a pair."""
        return tuple(tuple(s for s in self.mistake if s.kind == kind) for kind in self.kinds)

    def describe(self) -> str:
        slips = "; ".join(f"{s.kind} at {s.at} ({s.words})" for s in self.mistake) or "all right"
        return (
            f"{slips}\n  in {self.network.describe()}\n  given {' '.join(self.given)}, "
            f"wrong {' '.join(self.wrong)}, asked {' '.join(self.asked)}"
        )


def _in_order(slips: Mistake) -> Mistake:
    """Put lines that are written anew before what is done to a line."""
    return tuple(sorted(slips, key=lambda slip: slip.kind in _DONE_TO_A_LINE))


def _same(a: Array, b: Array, tolerance: float) -> bool:
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        return bool(np.abs(a - b).max(initial=0) <= tolerance * np.abs(b).max(initial=0))


def _same_numbers(a: Array, b: Array, tolerance: float) -> bool:
    """Whether arrays are the same but for axes of length 1."""
    return _same(a.squeeze(), b.squeeze(), tolerance)


def _names(rng: Rng, network: Network, student: Student, mode: str) -> list[str]:
    """Choose what is handed in, in the order of the backward pass."""
    parameters = [f"d{name}" for name in network.parameters]
    if mode == "weights":
        chosen = [name for name in parameters if name[1] == "W"]
    elif mode == "everything":
        chosen = parameters + [f"dZ{k}" for k in range(1, network.layers + 1)]
        if rng.random() < 0.2:
            chosen += [f"dA{k}" for k in range(1, network.layers)]
    else:
        chosen = parameters
    return [name for name in student.g if name in chosen]


def _first(wrong: list[str]) -> list[str]:
    """The wrong lines that one mistake reaches first: dZ, or dW and db beside each other."""
    first = wrong[0]
    if first[1] not in "Wb":
        return [first]
    return [name for name in wrong if name[1] in "Wb" and name[2:] == first[2:]]


def _style(rng: Rng, network: Network, mode: str) -> Style:
    # With 1/m in dW, what the notes call dZ is m times the gradient: not handed in as one.
    late = mode != "everything" and bool(rng.random() < 0.4)
    return Style(network.dtype, late, str(rng.choice(["matmul", "matmul", "einsum", "samples"])))


def plant(kind: str, rng: Rng) -> Exercise:
    """Make an exercise with one mistake of this kind; ``upstream``: one that a later line inherits.

    A mistake that changes nothing, or nothing visible, is drawn again.
    """
    while True:
        network = draw_network(rng, **_wanted(kind, rng))
        source = str(rng.choice(_PASSED_ON)) if kind == "upstream" else kind
        mistakes = list(KINDS[source](network))
        if kind == "upstream":
            mistakes = [m for m in mistakes if m[0].at[1] in "ZA"]
        if mistakes:
            made = _exercise(rng, network, (kind,), mistakes[rng.integers(len(mistakes))])
            if made is not None:
                return made


def plant_pair(first: str, second: str, rng: Rng) -> Exercise:
    """Make an exercise with two mistakes at different lines or of the same line, both visible."""
    while True:
        network = draw_network(rng, **{**_wanted(first, rng), **_wanted(second, rng)})
        pools = [list(KINDS[kind](network)) for kind in (first, second)]
        if not all(pools):
            continue
        chosen = [pool[rng.integers(len(pool))] for pool in pools]
        made = _exercise(rng, network, (first, second), _in_order(chosen[0] + chosen[1]))
        if made is None:
            continue
        alone = [Student(network, made.style, one).g for one in chosen]
        tolerance = _VISIBLE[network.dtype]
        # Each has to change something that is handed in, also beside the other.
        if all(any(not _same(g[n], made.given[n], tolerance) for n in made.wrong) for g in alone):
            return made


def _wanted(kind: str, rng: Rng) -> dict[str, Any]:
    if kind == "missing-path":
        return {"layers": 3, "square": True, str(rng.choice(["skip", "shared"])): True}
    if kind == "mean-instead-of-sum" and rng.random() < 0.3:
        return {"several": True, "losses": ["half_sum", "cross_entropy_sum"]}
    return _WANTED.get(kind, {})


def _exercise(
    rng: Rng, network: Network, kinds: tuple[str, ...], mistake: Mistake
) -> Exercise | None:
    """Hand in what a student with this mistake writes; None if it changes nothing visible."""
    inherited = kinds == ("upstream",)
    modes = ["everything"] if inherited else ["all", "everything", "weights", "one"]
    mode = str(rng.choice(modes))
    style = _style(rng, network, mode)
    right = Student(network, style)
    try:
        student = Student(network, style, mistake)
    except ValueError:
        return None  # of a pair: NumPy would have stopped the student
    names = _names(rng, network, student, mode)
    if not all(np.isfinite(student.g[n]).all() and np.isfinite(right.g[n]).all() for n in names):
        return None
    # A gradient that is zero (dead units) tells nothing; and one that is huge is no exercise.
    if any(not np.abs(right.g[n]).max() > 1e-6 for n in names):
        return None
    visible = _VISIBLE[network.dtype]
    wrong = [n for n in names if not _same(student.g[n], right.g[n], visible)]
    # What differs, but less than visibly, would be neither right nor wrong.
    if any(not _same(student.g[n], right.g[n], 1e-6 * visible) for n in names if n not in wrong):
        return None
    # The right numbers in another shape (one sample, not summed) are neither, too.
    if not wrong or any(_same_numbers(student.g[n], right.g[n], visible) for n in wrong):
        return None
    if mode == "one":
        names = wrong = [wrong[rng.integers(len(wrong))]]
    asked = _first(wrong)
    if inherited:
        asked = [n for n in wrong if n != wrong[0]]
        if not asked or wrong[0] != mistake[0].at:
            return None
    recorded = _recorded(network, rng)
    if recorded is None:
        return None
    by_name = bool(rng.random() < 0.5)
    given = {n: student.g[n] for n in names}
    return Exercise(network, recorded, style, kinds, mistake, given, wrong, asked, by_name)


def _recorded(network: Network, rng: Rng) -> Recorded | None:
    """Run the forward pass; None if its loss is no number (the log of a rounded 0)."""
    with np.errstate(all="ignore"):
        found = record(network, rng)
    return found if np.isfinite(found.loss.item()) else None


def correct(rng: Rng) -> Exercise:
    """Make an exercise where all is right, but computed in the student's own way."""
    recorded = None
    while recorded is None:
        network = draw_network(rng, wide=rng.random() < 0.1)
        if rng.random() < 0.2:
            network.arrays["X"] *= rng.choice([0.01, 0.1, 5.0]).astype(network.dtype)
        recorded = _recorded(network, rng)
    dtype = network.dtype
    if rng.random() < 0.4:
        dtype = "float64" if network.dtype == "float32" else "float32"
    late = bool(rng.random() < 0.4)
    style = Style(dtype, late, str(rng.choice(["matmul", "einsum", "samples"])))
    student = Student(network, style)
    names = _names(rng, network, student, "all" if late else "everything")
    by_name = bool(rng.random() < 0.5)
    given = {n: student.g[n] for n in names}
    if rng.random() < 0.3:  # as lists are, and what is read from a file
        given = {n: array.astype(np.float64) for n, array in given.items()}
    return Exercise(network, recorded, style, (), (), given, [], [], by_name)
