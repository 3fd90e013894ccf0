"""Whatever a file holds: a right result, or one error that names it, in little memory."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.datasets.hostile import CASES, good_csv, good_npz, good_parquet, image
from tinygrad_bp import datasets
from tinygrad_bp.datasets import DataError


def contents(folder: Path) -> dict[str, Any]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("name", CASES)
def test_one_clear_error(name: str, tmp_path: Path) -> None:
    make, options, told = CASES[name]
    path = make(tmp_path)
    if path.suffix in (".csv", ".parquet"):
        options = {"target": "kind"} | options
    before = contents(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as error:
            datasets.read(path, **options)
        assert tracemalloc.get_traced_memory()[1] < 1 << 27
    finally:
        tracemalloc.stop()
    message = str(error.value)
    assert re.search(told, message) and "\n" not in message and len(message) < 600
    assert contents(tmp_path) == before


def outcome(path: Path, data: bytes, **options: Any) -> datasets.Examples | None:
    """Read; check that memory was spared and that what came of it can be trained on."""
    path.write_bytes(data)
    found, told = None, path.name
    tracemalloc.start()
    try:
        found = datasets.read(path, **options)
    except DataError as error:
        told = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 28 and path.read_bytes() == data
    assert path.name in told and "\n" not in told
    if found is None:
        return None
    assert found.X.dtype == np.float32 and np.isfinite(found.X).all()
    assert found.y is None or (len(found.y) == len(found.X) and np.isfinite(found.y).all())
    if found.y is not None and found.task == "classification":
        assert found.y.min() >= 0 and found.y.max() < len(found.classes)
    return found


GOOD = {
    ".csv": good_csv(), ".npz": good_npz(), ".parquet": good_parquet(),
    **{f".{k.lower()}": image(6, 5, kind=k) for k in ("PNG", "JPEG", "GIF", "BMP")},
}  # fmt: skip
PICTURES = datasets.Encoding("images", "classification", "class", ("a", "b"), (), (1, 5, 6))


def options_of(suffix: str) -> dict[str, Any]:
    if suffix in (".csv", ".parquet"):
        return {"target": "kind"}
    return {} if suffix == ".npz" else {"encoding": PICTURES}


EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)


@pytest.mark.parametrize("suffix", GOOD)
def test_altered_files(suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("altered") / f"data{suffix}"
    good = GOOD[suffix]
    assert outcome(path, good, **options_of(suffix)) is not None

    @settings(max_examples=120, deadline=None, derandomize=True, database=None)
    @given(EDITS, st.floats(0.3, 1.5), st.binary(max_size=12), st.floats(0, 1))
    def alter(edits: Any, cut: float, more: bytes, where: float) -> None:
        data = bytearray(good)
        for place, value in edits:
            data[int(place * (len(data) - 1))] = value
        at = int(where * len(data))
        data[at:at] = more
        outcome(path, bytes(data[: int(cut * len(data))]), **options_of(suffix))

    alter()


CELLS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=5), st.floats().map(str),
    st.sampled_from(["1", "2", "", "NaN", '"', '""', "a", "1e999", "2026-01-01", "1,5", "\t", "'"]),
)  # fmt: skip


def test_tables_of_any_cells(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=8)

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(rows, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]))
    def read(cells: list[list[str]], delimiter: str, end: str) -> None:
        lines = ["size,kind".replace(",", delimiter), *(delimiter.join(row) for row in cells)]
        outcome(path, end.join(lines).encode(), target="kind", missing="drop")

    read()


def test_junk_by_any_name(tmp_path: Path) -> None:
    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from([*GOOD, ".tsv", ".pq", ".webp", ".ppm"]), st.binary(max_size=200))
    def read(suffix: str, data: bytes) -> None:
        outcome(tmp_path / f"data{suffix}", data, **options_of(suffix))

    read()


ENCODINGS = [
    datasets.read("iris").encoding.to_dict(), datasets.read("digits").encoding.to_dict(),
    datasets.read("diabetes").encoding.to_dict(),
]  # fmt: skip
ANYTHING = st.recursive(st.none() | st.integers() | st.floats() | st.text(max_size=3),
                        lambda inner: st.lists(inner, max_size=3), max_leaves=4)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(ENCODINGS), st.sampled_from(sorted(ENCODINGS[0])), ANYTHING, st.booleans())
def test_encodings_that_were_altered(good: Any, key: str, value: Any, lacking: bool) -> None:
    data = {k: v for k, v in good.items() if k != key} if lacking else good | {key: value}
    told = ""
    try:
        found = datasets.Encoding.from_dict(data, "encoding.json")
    except DataError as error:
        told = str(error)
    assert told.startswith("encoding.json: no encoding") or found.task in ("classification",
                                                                          "regression")  # fmt: skip
