"""The corpus is right about itself: what it calls right is, what it calls wrong is not."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.diagnosis import corpus
from tests.diagnosis.corpus import IDS, count_correct, count_kind, main
from tests.diagnosis.exercises import correct, plant, plant_pair
from tests.diagnosis.judging import MISSED, NAMED, TIE, Judgement, judge
from tests.diagnosis.slips import KINDS


def backward(exercise):
    """Return the gradients that tinygrad_bp itself computes, by the names of the exercise."""
    for name in exercise.given:
        exercise.recorded.tensors[name[1:]].retain_grad()
    with np.errstate(all="ignore"):
        exercise.recorded.loss.backward()
    return {name: exercise.recorded.tensors[name[1:]].grad.numpy() for name in exercise.given}


@pytest.mark.parametrize("seed", range(150))
def test_a_correct_student_agrees_with_backward(seed):
    exercise = correct(np.random.default_rng(seed))
    single = "float32" in (exercise.network.dtype, exercise.style.dtype)
    for name, right in backward(exercise).items():
        given = exercise.given[name]
        assert given.shape == right.shape, name
        size = np.abs(right).max()
        np.testing.assert_allclose(given, right, rtol=0, atol=size * (1e-4 if single else 1e-10))


@pytest.mark.parametrize("kind", [*KINDS, "upstream"])
def test_what_is_planted_is_wrong_and_the_rest_is_right(kind):
    rng = np.random.default_rng(1)
    for _ in range(8):
        exercise = plant(kind, rng)
        single = exercise.network.dtype == "float32"
        assert exercise.asked
        for name, right in backward(exercise).items():
            given = exercise.given[name]
            same = given.shape == right.shape and np.allclose(
                given, right, rtol=0, atol=np.abs(right).max() * (1e-4 if single else 1e-8)
            )
            assert same == (name not in exercise.wrong), exercise.describe()


@dataclass
class Entry:
    """What a report says of one gradient."""

    verdict: str
    causes: tuple[str, ...] = ()


def planted(kind):
    """Return an exercise of this kind whose planted line is all that is wrong."""
    rng = np.random.default_rng(3)
    while True:
        exercise = plant(kind, rng)
        if len(exercise.wrong) == len(exercise.asked) == 1 and len(exercise.given) > 1:
            return exercise


def judged(exercise, verdict, *causes, others="right"):
    report = {
        exercise.key(name): Entry(verdict, causes) if name in exercise.wrong else Entry(others)
        for name in exercise.given
    }
    return judge(exercise, report)


def test_the_judge_knows_a_name_from_a_miss():
    exercise = planted("transposed")
    assert judged(exercise, "wrong", "transposed").outcome == NAMED
    assert judged(exercise, "wrong", "sign").outcome == MISSED
    assert judged(exercise, "wrong", "sign", "transposed").outcome == MISSED
    assert judged(exercise, "right").outcome == MISSED
    assert judged(exercise, "wrong").outcome == MISSED
    vague = judged(exercise, "ambiguous", "sign", "transposed")
    assert vague.outcome == TIE and vague.vague  # nothing ties with it here


def test_the_judge_takes_an_honest_tie():
    exercise = planted("mean-instead-of-sum")
    assert exercise.honest() == {"mean-instead-of-sum", "scale"}
    tie = judged(exercise, "ambiguous", "scale", "mean-instead-of-sum")
    assert tie.outcome == TIE and not tie.vague
    assert judged(exercise, "wrong", "scale").outcome == MISSED


def test_the_judge_hears_a_false_alarm():
    exercise = planted("sign")
    found = judged(exercise, "wrong", "sign", others="ambiguous")
    assert sorted(found.alarms) == sorted(set(exercise.given) - set(exercise.wrong))
    everything_right = correct(np.random.default_rng(0))
    assert judged(everything_right, "").alarms == []
    assert judged(everything_right, "", others="wrong").alarms == [*everything_right.given]


def test_the_judge_wants_upstream_on_every_line_that_inherits():
    rng = np.random.default_rng(5)
    exercise = plant("upstream", rng)
    while len(exercise.asked) < 2:
        exercise = plant("upstream", rng)
    report = {exercise.key(n): Entry("right") for n in exercise.given}
    report |= {exercise.key(n): Entry("wrong", ("upstream",)) for n in exercise.wrong}
    assert judge(exercise, report).outcome == NAMED
    report[exercise.key(exercise.asked[-1])] = Entry("wrong", ("unknown",))
    assert judge(exercise, report).outcome == MISSED


def test_a_pair_is_two_visible_mistakes():
    rng = np.random.default_rng(0)
    exercise = plant_pair("scale", "transposed", rng)
    assert exercise.kinds == ("scale", "transposed")
    both = {exercise.key(n): Entry("wrong", ("transposed+scale",)) for n in exercise.wrong}
    both |= {exercise.key(n): Entry("right") for n in exercise.given if n not in exercise.wrong}
    assert judge(exercise, both).outcome == NAMED
    one = {key: Entry(e.verdict, e.causes and ("scale",)) for key, e in both.items()}
    assert judge(exercise, one).outcome == MISSED


PER = 8  # the whole table: python -m tests.diagnosis.corpus


def test_most_mistakes_are_named_and_what_is_right_is_not_called_wrong():
    tried = found = 0
    misses = []
    for kind in IDS:
        count = count_kind(kind, PER, seed=0)
        tried, found = tried + count.tried, found + count.found
        misses += [exercise.describe() for exercise, _ in count.misses]
        assert not count.alarms, kind
    assert tried == PER * 18
    assert found >= 0.95 * tried, "\n".join(misses)


def test_correct_gradients_raise_no_alarm():
    count = count_correct(60, seed=0)
    assert count.outcomes == {NAMED: 60}
    assert count.alarms == 0


def test_the_command_prints_a_table(capsys):
    assert main(["--per", "2", "--kind", "sign", "--kind", "transposed", "--correct", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["hypothesis", "sign", "transposed", "all"]
    assert lines[3].split()[1] == "4"
    assert "networks where all is right: 2, false alarms 0, raised 0" in lines


def test_the_command_fails_when_mistakes_are_missed(monkeypatch, capsys):
    monkeypatch.setattr(corpus, "diagnose", lambda e: (Judgement(MISSED, [], False), "nothing"))
    assert main(["--per", "1", "--kind", "sign", "--show", "1"]) == 1
    printed = capsys.readouterr().out
    assert "0%" in printed and printed.endswith("nothing\n")
