"""How often `diagnose` names the mistake that was planted: a table.

python -m tests.diagnosis.corpus --per 50 --correct 1000

"found" counts the mistakes that were named first, or reported as a tie; "rest" the exercises where
every line that inherits was called so; "vague" the ties that the corpus knows nothing of.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from zlib import crc32

import numpy as np

from tests.diagnosis.exercises import Exercise, correct, plant, plant_pair
from tests.diagnosis.judging import MISSED, NAMED, TIE, Judgement, judge
from tests.diagnosis.slips import KINDS
from tinygrad_bp import diagnosis

#: Every id of the issue.
IDS = [*KINDS]
IDS.insert(-1, "upstream")

#: Pairs that a single line can suffer from, or two lines of one backward pass.
PAIRS = [pair for pair in combinations(IDS, 2) if not {"unknown", "upstream"} & {*pair}]


@dataclass
class Count:
    """How the exercises of one kind went."""

    outcomes: Counter[str] = field(default_factory=Counter)
    alarms: int = 0
    rest: int = 0
    vague: int = 0
    misses: list[tuple[Exercise, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        return sum(self.outcomes.values())

    @property
    def found(self) -> int:
        return self.outcomes[NAMED] + self.outcomes[TIE]


def diagnose(exercise: Exercise) -> tuple[Judgement, str]:
    """Ask, and judge the answer; an exception is a miss."""
    recorded = exercise.recorded
    if recorded.backward_first:
        with np.errstate(all="ignore"):
            recorded.loss.backward(retain_graph=True)
    try:
        report = diagnosis.diagnose(recorded.loss, exercise.handed_in, **recorded.options)
        return judge(exercise, report), str(report)
    except Exception as error:  # of any kind: the table has to go on
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = f"raised {type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
        return Judgement(MISSED, [], False), text


def run(
    makers: Iterable[Callable[[np.random.Generator], Exercise]], rng: np.random.Generator
) -> Count:
    """Make the exercises one after another and count how they went."""
    count = Count()
    for make in makers:
        exercise = make(rng)
        start = time.perf_counter()
        verdict, text = diagnose(exercise)
        count.seconds += time.perf_counter() - start
        count.outcomes[verdict.outcome] += 1
        count.alarms += len(verdict.alarms)
        count.rest += verdict.rest
        count.vague += verdict.vague
        if verdict.outcome == MISSED or verdict.alarms:
            alarm = f"  false alarm: {' '.join(verdict.alarms)}\n" * bool(verdict.alarms)
            count.misses.append((exercise, alarm + text))
    return count


def stream(seed: int, kind: str) -> np.random.Generator:
    """The random numbers of one kind: those of the others don't move when it changes."""
    return np.random.default_rng([seed, crc32(kind.encode())])


def count_kind(kind: str, per: int, seed: int) -> Count:
    """Try one hypothesis."""
    return run([lambda rng: plant(kind, rng)] * per, stream(seed, kind))


def count_pairs(number: int, seed: int) -> Count:
    """Try pairs of hypotheses."""

    def make(rng: np.random.Generator) -> Exercise:
        return plant_pair(*PAIRS[rng.integers(len(PAIRS))], rng)

    return run([make] * number, stream(seed, "pairs"))


def count_correct(number: int, seed: int) -> Count:
    """Try correct gradients: `alarms` has to stay 0."""
    return run([correct] * number, stream(seed, "correct"))


def _watched(names: list[str]) -> Iterator[str]:
    """Yield the names, on a terminal with a progress bar if tqdm is there."""
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            pass
        else:
            yield from tqdm(names, leave=False, dynamic_ncols=True, unit=" ids")
            return
    yield from names


def _row(name: str, count: Count) -> str:
    o = count.outcomes
    return (
        f"{name:<32}{count.tried:>6}{o[NAMED]:>8}{o[TIE]:>6}{o[MISSED]:>8}"
        f"{count.found / max(count.tried, 1):>8.0%}{count.rest / max(count.tried, 1):>7.0%}"
        f"{count.vague:>7}"
    )


def main(argv: list[str] | None = None) -> int:
    """Print the table; the exit code is 1 below 95 % or with a false alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per", type=int, default=50, help="exercises for every id")
    parser.add_argument("--correct", type=int, default=None, help="correct ones (20 per id's 50)")
    parser.add_argument("--pairs", type=int, default=0, help="exercises with two mistakes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=IDS, help="only this id")
    parser.add_argument("--show", type=int, default=0, help="print so many misses of every id")
    args = parser.parse_args(argv)
    kinds = args.kind or IDS
    right = args.correct if args.correct is not None else (0 if args.kind else 20 * args.per)

    print(f"{'hypothesis':<32}{'tried':>6}{'named':>8}{'tie':>6}{'missed':>8}{'found':>8}{'rest':>7}"
          f"{'vague':>7}")  # fmt: skip
    total, misses = Count(), []
    for kind in _watched(kinds):
        count = count_kind(kind, args.per, args.seed)
        print(_row(kind, count), flush=True)
        total.outcomes += count.outcomes
        total.alarms += count.alarms
        total.rest += count.rest
        total.vague += count.vague
        total.seconds += count.seconds
        misses += count.misses[: args.show]
    print(_row("all", total))
    if args.pairs:
        count = count_pairs(args.pairs, args.seed)
        print(_row("pairs of mistakes", count))
        total.alarms += count.alarms
        misses += count.misses[: args.show]
    print(f"right gradients beside wrong ones that were called wrong: {total.alarms}")
    false = 0
    if right:
        count = count_correct(right, args.seed)
        false = count.alarms
        print(f"networks where all is right: {right}, false alarms {false}, "
              f"raised {count.outcomes[MISSED]}")  # fmt: skip
        misses += count.misses[: args.show]
    print(f"{1000 * total.seconds / max(total.tried, 1):.0f} ms for a diagnosis")
    for exercise, text in misses:
        print("\n" + "=" * 80 + "\n" + exercise.describe() + "\n" + text)
    enough = total.found >= 0.95 * total.tried
    return 0 if enough and not total.alarms and not false else 1


if __name__ == "__main__":
    raise SystemExit(main())
