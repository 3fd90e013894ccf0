"""Whether a report says what was planted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.diagnosis.exercises import Exercise

NAMED, TIE, MISSED = "named first", "honest tie", "missed"


@dataclass
class Judgement:
    """What came of one exercise.

    Attributes
    ----------
    outcome : str
        ``named first``, ``honest tie`` or ``missed``.
    alarms : list of str
        Right gradients that were called wrong.
    rest : bool
        Whether the lines that only inherit were called `upstream`, or by the planted id.
    vague : bool
        Whether a tie was reported where the corpus knows of one explanation only.
    """

    outcome: str
    alarms: list[str]
    rest: bool
    vague: bool = False


def judge(exercise: Exercise, report: Any) -> Judgement:
    """Hold a report against what was planted."""
    entries = {name: report[exercise.key(name)] for name in exercise.given}
    alarms = [
        name
        for name, entry in entries.items()
        if name not in exercise.wrong and entry.verdict != "right"
    ]
    if not exercise.kinds:
        return Judgement(NAMED, alarms, True)
    if len(exercise.kinds) > 1:
        found = {c for name in exercise.wrong for c in ids(entries[name].causes)}
        return Judgement(_judge_pair(exercise, found), alarms, True)
    kind = exercise.kinds[0]
    outcomes = []
    vague = False
    for name in exercise.asked:
        entry = entries[name]
        causes = list(ids(entry.causes))
        if entry.verdict == "right" or kind not in causes:
            outcomes.append(MISSED)
        elif causes[0] == kind and entry.verdict == "wrong":
            outcomes.append(NAMED)
        else:
            tied = exercise.honest() - {kind}
            vague = entry.verdict == "ambiguous" and not tied
            good = entry.verdict == "ambiguous" or causes[0] in tied
            outcomes.append(NAMED if causes[0] == kind else TIE if good else MISSED)
    order = [NAMED, TIE, MISSED]
    # One of dW and db names the mistake of both; what inherits has to say so on every line.
    choose = max if kind == "upstream" else min
    outcome = choose(outcomes, key=order.index)
    accepted = {kind, "upstream"} | {slip.kind for slip in exercise.mistake}
    rest = all(accepted & set(ids(entries[name].causes)) for name in exercise.wrong)
    return Judgement(outcome, alarms, rest, vague)


def _judge_pair(exercise: Exercise, found: set[str]) -> str:
    """Whether both mistakes were named, or others that give the same numbers."""
    if set(exercise.kinds) <= found:
        return NAMED
    if exercise.honest() & found:
        return TIE  # a single mistake explains it all
    first, second = exercise.halves()
    others = exercise.honest(beside=second), exercise.honest(beside=first)
    return TIE if all(found & names for names in others) else MISSED


def ids(causes: Iterable[Any]) -> Iterable[str]:
    """Yield the ids; of a combination, both."""
    for cause in causes:
        yield from str(cause).split("+")
