"""Timer and Compare: how often statements run, and what is printed; no time is asserted."""

import pytest

import tinygrad_bp as tgb
from tinygrad_bp.utils.benchmark import Compare, Measurement, Timer


def test_timer_runs_the_statement():
    runs = []
    timer = Timer("runs.append(x)", "x = 3", globals={"runs": runs}, label="append")
    before = tgb.get_num_threads()
    measured = timer.timeit(10)
    assert len(runs) == 12 and set(runs) == {3} and measured.number_per_run == 10
    assert len(timer.repeat(3, 2).times) == 3 and measured.title == "append"
    ranged = timer.blocked_autorange(min_run_time=0.001)
    assert ranged.number_per_run >= 1 and ranged.mean > 0
    assert tgb.get_num_threads() == before
    with pytest.raises(NotImplementedError):
        Timer("x", language="cpp")


def test_measurements_and_their_table():
    one = Measurement(2, [0.002, 0.004, 0.006], "f(x)", "sum", "small", "first")
    assert one.times == [0.001, 0.002, 0.003] and one.median == 0.002 and one.mean == 0.002
    assert "Median: 2.00 ms" in repr(one) and "sum: small: first" in repr(one)
    other = Measurement(1, [2e-6], "f(x)", "sum", "small", "second")
    table = Compare([one])
    table.extend_results([other])
    assert str(table).splitlines()[-1].split() == ["small", "|", "2.00", "ms", "|", "2.00", "us"]
