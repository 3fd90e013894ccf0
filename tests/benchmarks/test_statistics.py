"""The orders are balanced, the medians are medians."""

import itertools
from collections import Counter

import pytest

from benchmarks.orders import balanced, rounds_of
from benchmarks.timing import calls_a_slice, measure, summary


@pytest.mark.parametrize("n", range(1, 10))
def test_each_contender_is_at_each_place_and_after_each_other_equally_often(n):
    orders = balanced(n)
    assert all(sorted(order) == list(range(n)) for order in orders)
    places = Counter((place, one) for order in orders for place, one in enumerate(order))
    assert len(places) == n * n
    assert len(set(places.values())) == 1
    neighbours = Counter(pair for order in orders for pair in itertools.pairwise(order))
    assert len(neighbours) == n * (n - 1)
    assert len(set(neighbours.values())) <= 1


def test_a_few_contenders_take_all_permutations_and_more_take_a_square():
    assert [len(balanced(n)) for n in (2, 3, 4, 5, 6, 7, 8)] == [2, 6, 24, 10, 6, 14, 8]


@pytest.mark.parametrize(("n", "rounds", "taken"), [(2, 3, 4), (6, 16, 18), (8, 16, 16), (1, 5, 5)])
def test_rounds_are_whole_balanced_sets(n, rounds, taken):
    orders = rounds_of(n, rounds)
    assert len(orders) == taken
    assert set(Counter(orders).values()) == {taken // len(balanced(n))}
    assert rounds_of(n, rounds) == orders


def test_median_and_quartiles():
    timing = summary([5.0, 1.0, 100.0, 3.0, 4.0])
    assert (timing.low, timing.median, timing.high) == (3.0, 4.0, 5.0)
    assert summary([2.0]).as_json() == {"median": 2.0, "low": 2.0, "high": 2.0}


class Clock:
    """Time that passes only in steps."""

    def __init__(self):
        self.now, self.log = 0.0, []

    def step(self, name, seconds):
        def run():
            self.now += seconds
            self.log.append(name)

        return run


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr("benchmarks.timing.time.perf_counter", lambda: made.now)
    return made


def test_a_step_is_timed_in_microseconds_a_call(clock):
    steps = {"quick": clock.step("q", 0.001), "slow": clock.step("s", 0.5)}
    times = measure(steps, rounds=2, duration=0.01)
    assert times["quick"].median == pytest.approx(1000)
    assert times["slow"].median == pytest.approx(500_000)


def test_calls_fill_a_slice(clock):
    assert calls_a_slice(clock.step("a", 0.001), 0.01) == 10
    assert calls_a_slice(clock.step("a", 0.5), 0.01) == 1


def test_given_loops_are_run_as_they_are(clock):
    ticks = []
    measure(
        {"a": clock.step("a", 0.1), "b": clock.step("b", 0.1)},
        rounds=2,
        loops=3,
        tick=lambda: ticks.append(1),
    )
    assert Counter(clock.log) == {"a": 6, "b": 6}
    assert len(ticks) == 2
