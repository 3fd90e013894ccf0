"""What is learnt from the training rows, against scikit-learn; saved and loaded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_bp as tgb
from tinygrad_bp import transforms as T

preprocessing = pytest.importorskip("sklearn.preprocessing")
impute = pytest.importorskip("sklearn.impute")

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(60, 4)) * [1, 100, 0.01, 0] + [0, 5, 1e3, 7]
GAPS = np.where(RNG.random(ROWS.shape) < 0.2, np.nan, ROWS)
PAIRS = [
    (T.StandardScaler(), preprocessing.StandardScaler()),
    (T.StandardScaler(with_mean=False), preprocessing.StandardScaler(with_mean=False)),
    (T.StandardScaler(with_std=False), preprocessing.StandardScaler(with_std=False)),
    (T.MinMaxScaler(), preprocessing.MinMaxScaler()),
    (T.MinMaxScaler((-1, 2), clip=True), preprocessing.MinMaxScaler((-1, 2), clip=True)),
]
FRACTIONS = hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 4)),
                       elements=st.floats(-1e6, 1e6, width=32))  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda t: repr(t))
@pytest.mark.parametrize("rows", [ROWS, GAPS], ids=["whole", "gaps"])
def test_scalers_are_those_of_scikit_learn(ours: Any, theirs: Any, rows: np.ndarray) -> None:
    new = 3 * RNG.normal(size=(7, 4))
    theirs.fit(rows)
    out = ours.fit(rows).transform(new)
    np.testing.assert_allclose(out, theirs.transform(new), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-7, atol=1e-9)
    back = ours.inverse_transform(ours.transform(rows))
    np.testing.assert_allclose(back, rows, rtol=1e-9, atol=1e-9)


@given(FRACTIONS)
@settings(max_examples=60, deadline=None)
def test_standardised_rows_have_mean_0_and_deviation_1(rows: np.ndarray) -> None:
    out = T.StandardScaler().fit_transform(rows)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-6)
    deviation = out.std(0)
    assert (np.isclose(deviation, 1, atol=1e-6) | (abs(deviation) < 1e-6)).all()
    scaled = T.MinMaxScaler().fit_transform(rows)
    assert scaled.min() >= 0 and scaled.max() <= 1 + 1e-12


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("indicator", [False, True])
def test_gaps_are_filled_as_by_scikit_learn(strategy: str, indicator: bool) -> None:
    rows = np.where(np.isnan(GAPS), np.nan, np.round(GAPS))
    options: dict[str, Any] = {"strategy": strategy, "add_indicator": indicator}
    if strategy == "constant":
        options["fill_value"] = 3.0
    ours, theirs = T.SimpleImputer(**options), impute.SimpleImputer(**options)
    np.testing.assert_allclose(ours.fit_transform(rows), theirs.fit_transform(rows))
    marked = np.where(np.isnan(rows), -999, rows)
    same = T.SimpleImputer(missing_values=-999, **options).fit_transform(marked)
    np.testing.assert_allclose(same, theirs.fit_transform(rows))


TABLES = [
    np.array([["red", "s"], ["blue", "m"], ["red", "l"]]),
    np.array([["red", 3], ["blue", 1], ["red", 3]], dtype=object),
    np.array([[3, 1], [2, 1], [3, 0]]),
]


@pytest.mark.parametrize("table", TABLES, ids=["texts", "mixed", "numbers"])
def test_one_hot_as_by_scikit_learn(table: np.ndarray) -> None:
    ours = T.OneHotEncoder().fit(table)
    theirs = preprocessing.OneHotEncoder(sparse_output=False).fit(table)
    out = ours.transform(table)
    assert out.dtype == np.float32 and np.array_equal(out, theirs.transform(table))
    assert np.array_equal(ours.inverse_transform(out), theirs.inverse_transform(out))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    unknown = table[:1].copy()
    unknown[0, 0] = 99 if table.dtype.kind == "i" else "no"
    with pytest.raises(ValueError, match="was not seen in training"):
        ours.transform(unknown)
    ignoring = T.OneHotEncoder(handle_unknown="ignore").fit(table)
    assert ignoring.transform(unknown)[0, : len(ours.categories_[0])].sum() == 0


FITTED = [
    (T.StandardScaler, ROWS),
    (T.MinMaxScaler, ROWS),
    (T.SimpleImputer, GAPS),
    (T.OneHotEncoder, TABLES[1]),
    (T.OneHotEncoder, TABLES[2]),
]


@pytest.mark.parametrize(("kind", "rows"), FITTED, ids=range(5))
def test_what_was_learnt_survives_a_file(kind: Any, rows: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    first = kind().fit(rows)
    tgb.save(first.state_dict(), tmp_path / "state.safetensors")
    again = kind()
    again.load_state_dict(tgb.load(tmp_path / "state.safetensors"))
    assert np.array_equal(again.transform(rows), first.transform(rows), equal_nan=True)
    good = first.state_dict()
    for bad in ({"something": 1}, [], {**good, "n_features_in_": 9}, dict.fromkeys(good, "x")):
        with pytest.raises(ValueError, match="no state of a"):
            kind().load_state_dict(bad)
    with pytest.raises(ValueError, match="has learnt nothing"):
        kind().transform(rows)
    with pytest.raises(ValueError, match="columns"):
        first.transform(rows[:, :1])


def test_one_row_tensors_and_dtypes() -> None:
    scaler = T.StandardScaler().fit(tgb.tensor(ROWS))
    out = scaler.transform(ROWS)
    np.testing.assert_array_equal(scaler(ROWS[3]), out[3])
    single = scaler.transform(tgb.tensor(ROWS, dtype=tgb.float32))
    assert isinstance(single, tgb.Tensor) and single.dtype == tgb.float32
    assert scaler.transform(np.ones((2, 4), int)).dtype == np.float32
    rows, targets = scaler(ROWS, np.zeros(60), np.random.default_rng(0))
    assert np.array_equal(rows, out) and targets.shape == (60,)


def test_a_chain_is_fitted_step_by_step_and_kept(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    chain = T.Compose([T.SimpleImputer(), T.StandardScaler(), T.Jitter(0.1)]).fit(GAPS)
    expected = T.StandardScaler().fit(T.SimpleImputer().fit_transform(GAPS))
    np.testing.assert_allclose(chain.transforms[1].mean_, expected.mean_)
    tgb.save(chain.state_dict(), tmp_path / "chain.safetensors")
    again = T.Compose([T.SimpleImputer(), T.StandardScaler(), T.Jitter(0.1)])
    with pytest.raises(ValueError, match="has learnt nothing"):
        again(GAPS)
    other = T.Compose([T.StandardScaler().fit(ROWS)])
    state = tgb.load(tmp_path / "chain.safetensors")
    with pytest.raises(ValueError, match="other transforms"):
        other.load_state_dict(state)
    again.load_state_dict(state)
    tgb.manual_seed(0)
    first = chain(GAPS)
    tgb.manual_seed(0)
    assert np.array_equal(first, again(GAPS)) and np.isfinite(first).all()


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: T.StandardScaler().fit(np.ones(4)), ValueError),
        (lambda: T.StandardScaler().fit(np.full((3, 2), np.inf)), ValueError),
        (lambda: T.StandardScaler().fit(np.full((3, 2), np.nan)), ValueError),
        (lambda: T.StandardScaler().fit(np.array([["a"]])), TypeError),
        (lambda: T.StandardScaler().fit(np.ones((0, 3))), ValueError),
        (lambda: T.SimpleImputer().fit(np.full((3, 2), np.nan)), ValueError),
        (lambda: T.SimpleImputer(strategy="guess"), ValueError),
        (lambda: T.MinMaxScaler((1, 1)), ValueError),
        (lambda: T.OneHotEncoder().fit(np.array([[1.0], [np.nan]])), ValueError),
        (lambda: T.OneHotEncoder().fit(np.array([[None], ["a"]])), ValueError),
        (lambda: T.OneHotEncoder().fit(np.array([["a"], [1]], object)), TypeError),
        (lambda: T.OneHotEncoder(handle_unknown="guess"), ValueError),
    ],
    ids=range(12),
)
def test_bad_rows(act: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        act()
