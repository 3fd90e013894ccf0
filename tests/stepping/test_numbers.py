"""What the page keeps of an array."""

import base64
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_bp.stepping.numbers import SMALL, cells_for, grid_shape, summary


def cells(found):
    """Read the grid as the page does."""
    if "exact" in found:
        return np.array(found["exact"], dtype=float).reshape(found["grid"])
    levels = np.frombuffer(base64.b64decode(found["cells"]), "<i2").reshape(found["grid"])
    return np.where(levels == -32768, np.nan, levels / 32767 * found["scale"])


def means(table, shown):
    """Average blocks, one after the other."""
    rows = [len(table) * i // shown[0] for i in range(shown[0] + 1)]
    columns = [table.shape[1] * i // shown[1] for i in range(shown[1] + 1)]
    return np.array(
        [[table[a:b, c:d].mean() for c, d in pairwise(columns)] for a, b in pairwise(rows)]
    )


def test_few_numbers_are_kept_as_they_are():
    found = summary(np.array([[1.5, -2.0, 0.0], [4.0, 0.0, 1e-9]]), 100)
    assert found["grid"] == [2, 3]
    assert found["exact"] == [1.5, -2.0, 0.0, 4.0, 0.0, 1e-9]
    assert found["zeros"] == 2
    assert (found["low"], found["high"]) == (-2.0, 4.0)
    assert found["norm"] == pytest.approx(np.sqrt(1.5**2 + 4 + 16), rel=1e-5)


@pytest.mark.parametrize(
    "shape", [(65,), (1000,), (10, 10), (784, 3), (3, 784), (37, 53), (9, 2, 31), (4, 3, 5, 5)],
    ids=str,
)  # fmt: skip
def test_a_cell_is_the_mean_of_its_block(shape):
    array = np.random.default_rng(0).standard_normal(shape)
    found = summary(array, 144)
    rows, columns = found["layout"]
    assert rows * columns == array.size
    assert found["shape"] == list(shape)
    assert found["grid"][0] * found["grid"][1] <= 144
    expected = means(array.reshape(rows, columns), found["grid"])
    np.testing.assert_allclose(cells(found), expected, atol=found["scale"] / 32767)


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([100, 256, 1024]))
def test_a_grid_of_any_shape_has_no_more_cells_than_asked_for(rows, columns, most):
    found = summary(np.ones((rows, columns)), most)
    assert found["grid"][0] <= rows
    assert found["grid"][1] <= columns
    if rows * columns > SMALL:
        assert found["grid"][0] * found["grid"][1] <= most
        assert found["grid"][0] * found["grid"][1] >= min(most, rows * columns) / 4
    np.testing.assert_allclose(cells(found), 1.0)


def test_grids_add_up_as_the_arrays_do():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 50, 40))
    total = cells(summary(a, 100)) + cells(summary(b, 100))
    np.testing.assert_allclose(total, cells(summary(a + b, 100)), atol=1e-4)


def test_what_is_not_finite_is_counted_and_spoils_only_its_cell():
    array = np.ones((20, 20))
    array[0, 0], array[19, 19] = np.nan, -np.inf
    found = summary(array, 100)
    assert found["odd"] == 2
    assert found["low"] == found["high"] == 1.0
    assert np.isnan(cells(found)).sum() == 2
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_few_odd_numbers_are_words():
    found = summary([np.nan, np.inf, -np.inf, 1.0], 100)
    assert found["exact"] == ["nan", "inf", "-inf", 1.0]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0, 4)], ids=str)
def test_one_number_and_none(shape):
    found = summary(np.zeros(shape), 100)
    assert found["shape"] == list(shape)
    assert len(found["exact"]) == found["size"] == np.prod(shape)
    assert "counts" not in found


def test_whole_numbers_truth_values_and_complex_ones():
    assert summary(np.array([1, 2, 3]), 9)["exact"] == [1.0, 2.0, 3.0]
    assert summary(np.array([True, False]), 9)["exact"] == [1.0, 0.0]
    assert summary(np.array([3 + 4j]), 9)["exact"] == [5.0]


def test_a_histogram_counts_all_that_is_finite():
    array = np.random.default_rng(2).standard_normal((64, 64))
    array[0, :3] = np.inf
    found = summary(array, 100)
    assert sum(found["counts"]) == array.size - 3
    np.testing.assert_array_equal(
        found["counts"], np.histogram(array[np.isfinite(array)], len(found["counts"]))[0]
    )


def test_the_axes_are_split_where_the_picture_is_nearest_to_a_square():
    assert grid_shape((2, 3, 4, 5)) == (6, 20)
    assert grid_shape((64, 3, 7, 7)) == (64, 147)


def test_more_arrays_get_coarser_grids():
    few, many = cells_for([10_000] * 10), cells_for([10_000] * 3000)
    assert few > many
    assert cells_for([10] * 100_000) == few  # small ones are written out anyway
