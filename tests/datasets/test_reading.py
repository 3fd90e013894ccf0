"""What files of each kind give, and that another file is encoded in the same way."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.hostile import good_csv, good_npz, image
from tinygrad_bp import datasets
from tinygrad_bp.datasets import CATALOGUE, DataError, Encoding, Examples
from tinygrad_bp.datasets.parquet_pages import unpacked_size

PETS = "weight,colour,kind\n" + "4.5,grey,cat\n30,brown,dog\n5.5,brown,cat\n20,black,dog\n" * 5


def written(folder: Path, text: str, name: str = "pets.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def pets(folder: Path, **options: Any) -> Examples:
    return datasets.read(written(folder, PETS), "kind", **options)


def test_numbers_are_standardised_and_texts_one_hot(tmp_path: Path) -> None:
    found = pets(tmp_path, validation=0, test=0)
    weights = np.array([4.5, 30, 5.5, 20] * 5)
    assert np.allclose(found.X[:, 0], (weights - weights.mean()) / weights.std(), atol=1e-6)
    assert found.columns == ("weight", "colour=black", "colour=brown", "colour=grey")
    assert found.X[:4, 1:].tolist() == [[0, 0, 1], [0, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert found.y is not None and found.y[:4].tolist() == [0, 1, 0, 1]
    assert found.classes == ("cat", "dog") and found.outputs == 2
    assert "weight: (x - 15) / 10.6" in found.describe()


def test_the_encoding_knows_the_training_rows_alone(tmp_path: Path) -> None:
    found = pets(tmp_path, test=0.5, validation=0.2, seed=3)
    assert np.isclose(found.train.X[:, 0].mean(), 0, atol=1e-6)
    assert np.isclose(found.train.X[:, 0].std(), 1, atol=1e-6)
    assert abs(found.X[:, 0].mean()) > 1e-3


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_parts_have_every_class_in_the_same_share(seed: int) -> None:
    found = datasets.read("iris", validation=0.2, test=0.2, seed=seed)
    for part, size in ((found.train, 30), (found.validation, 10), (found.test, 10)):
        assert part.y is not None and np.abs(np.bincount(part.y) - size).max() <= 1
    again = datasets.read("iris", validation=0.2, test=0.2, seed=seed)
    assert np.array_equal(found.part, again.part)
    assert not np.array_equal(found.part, datasets.read("iris", seed=seed + 1).part)


def test_another_file_is_encoded_alike(tmp_path: Path) -> None:
    found = pets(tmp_path)
    encoding = Encoding.from_dict(json.loads(json.dumps(found.encoding.to_dict())))
    assert encoding == found.encoding
    turned = written(tmp_path, "colour,weight\nbrown,30\ngrey,4.5\n", "new.csv")
    new = datasets.read(turned, encoding=encoding)
    assert new.y is None and np.array_equal(new.X, found.X[[1, 0]])
    labelled = written(tmp_path, "kind,colour,weight\ndog,brown,30\n", "new.csv")
    assert datasets.read(labelled, encoding=encoding).y.tolist() == [1]  # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "told"), [
    ("weight\n1\n", "lacks the column 'colour'"),
    ("weight,colour,age\n1,grey,2\n", "has 'age', which the model does not know"),
    ("weight,colour\n1,grey\n2,green\n", "line 3, column 'colour': the text 'green' was never"),
    ("weight,colour\nheavy,grey\n", "line 2, column 'weight': 'heavy' is not a number"),
    ("weight,colour\n1,grey\n,grey\n", "line 3, column 'weight': there is no value"),
    ("weight,colour,kind\n1,grey,cow\n", "line 2, column 'kind': the label 'cow' was never seen"),
    ("weight,colour\n1,7\n", "the text '7' was never seen"),
    ("weight,colour\n1e38,grey\n-3e38,grey\n", None),
], ids=["lacking", "extra", "text", "word", "missing", "label", "number", "far"])  # fmt: skip
def test_what_does_not_fit_the_encoding(tmp_path: Path, text: str, told: str | None) -> None:
    encoding = pets(tmp_path).encoding
    path = written(tmp_path, text, "new.csv")
    if told is None:
        assert np.isfinite(datasets.read(path, encoding=encoding).X).all()
        return
    with pytest.raises(DataError, match=rf"new.csv.*{told}"):
        datasets.read(path, encoding=encoding)


def test_unknown_texts_may_be_zeros(tmp_path: Path) -> None:
    encoding = pets(tmp_path).encoding
    path = written(tmp_path, "weight,colour\n1,green\n", "new.csv")
    assert datasets.read(path, encoding=encoding, unknown="zeros").X[0, 1:].tolist() == [0, 0, 0]


def test_rows_that_lack_a_value_can_be_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, PETS + ",grey,cat\n3,?,cat\n4,grey,\n")
    assert len(datasets.read(path, "kind", missing="drop")) == 20


@pytest.mark.parametrize(("label", "task", "why"), [
    (lambda i: i % 3, "classification", "3 different whole numbers"),
    (lambda i: i / 4, "regression", "60 different numbers"),
    (lambda i: i, "regression", "60 different whole numbers"),
    (lambda i: "ab"[i % 2], "classification", "2 different texts"),
    (lambda i: i % 2 == 0, "classification", "2 different texts"),
], ids=["few", "numbers", "many", "texts", "truth"])  # fmt: skip
def test_the_task_is_told_by_the_target(tmp_path: Path, label: Any, task: str, why: str) -> None:
    rows = "".join(f"{i % 7},{label(i)}\n" for i in range(60))
    found = datasets.read(written(tmp_path, "a,target\n" + rows))
    assert found.task == task and why in found.why_task and f"task: {task}" in found.describe()


def test_a_task_that_is_given(tmp_path: Path) -> None:
    path = written(tmp_path, "a,target\n" + "".join(f"{i},{i % 3 + 5}\n" for i in range(30)))
    found = datasets.read(path, task="regression", test=0, validation=0)
    assert found.y is not None and found.y.dtype == np.float32 and found.outputs == 1
    scaled = found.encoding.scaled(found.y)
    assert np.allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-6)
    assert np.allclose(found.encoding.unscaled(scaled), found.y)
    labels = datasets.read(path, task="classification")
    assert labels.classes == ("5", "6", "7")


@pytest.mark.parametrize(("text", "columns"), [
    ("a;target\n1;x\n2;y\n", ("a",)),
    ("a\ttarget\n1\tx\n2\ty\n", ("a",)),
    ("\ufeffa,target\r\n1,x\r\n2,y\r\n", ("a",)),
    ('"a, or b",target\n1,x\n2,y\n', ("a, or b",)),
    ('a,"tar""get"\n1,"x\ny"\n2,z\n', ("a",)),
    ("\n\na,target\n1,x\n\n2,y\n", ("a",)),
], ids=["semicolons", "tabs", "mark", "quoted", "lines in cells", "blank lines"])  # fmt: skip
def test_kinds_of_csv(tmp_path: Path, text: str, columns: tuple[str, ...]) -> None:
    path = written(tmp_path, text)
    name = 'tar"get' if "tar" + '""' in text else "target"
    found = datasets.read(path, name, validation=0, test=0)
    assert found.columns == columns and found.X[:, 0].tolist() == [-1, 1]


def test_a_table_without_names(tmp_path: Path) -> None:
    path = written(tmp_path, "1,2,0\n3,4,1\n5,6,0\n7,8,1\n")
    found = datasets.read(path, "column 3", validation=0, test=0)
    assert found.columns == ("column 1", "column 2") and len(found) == 4


def test_an_encoding_of_characters(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes("größe,target\n1,x\n2,y\n".encode("latin-1"))
    assert datasets.read(path, text_encoding="latin-1").columns == ("größe",)
    path.write_bytes("größe,target\n1,x\n2,y\n".encode("utf-16"))
    assert datasets.read(path, text_encoding="utf-16").columns == ("größe",)


def test_texts_far_below_numbers(tmp_path: Path) -> None:
    rows = [f"{i % 5:02d},{i % 2}\n" for i in range(200_000)] + ["x,0\n", "y,1\n"] * 9000
    path = written(tmp_path, "code,target\n" + "".join(rows))
    found = datasets.read(path)
    assert found.columns == tuple(f"code={c}" for c in ("00", "01", "02", "03", "04", "x", "y"))


def test_parquet_is_as_csv(tmp_path: Path) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    table = pyarrow.csv.read_csv(written(tmp_path, good_csv().decode()))
    pyarrow.parquet.write_table(table, tmp_path / "pets.parquet")
    one, other = (datasets.read(tmp_path / f"pets.{s}", "kind") for s in ("csv", "parquet"))
    assert np.array_equal(one.X, other.X) and one.encoding == other.encoding
    long = table.set_column(
        1, "colour", pyarrow.array(["x" * 1000 + str(i % 2) for i in range(40)])
    )
    pyarrow.parquet.write_table(long, tmp_path / "long.parquet")
    assert datasets.read(tmp_path / "long.parquet", "kind").X.shape == (40, 3)
    kinds = table.set_column(1, "colour", table["colour"].dictionary_encode())
    pyarrow.parquet.write_table(kinds, tmp_path / "pets.parquet")
    assert np.array_equal(datasets.read(tmp_path / "pets.parquet", "kind").X, one.X)


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(good_npz())
    found = datasets.read(path)
    assert found.X.shape == (20, 3) and found.task == "classification"
    np.savez(path, X=np.load(path)["X"])
    assert np.array_equal(datasets.read(path, encoding=found.encoding).X, found.X)


def test_arrays_in_parts(tmp_path: Path) -> None:
    path, rng = tmp_path / "data.npz", np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 4, 5)).astype(np.uint8)
    labels = np.arange(30) % 3
    np.savez(path, x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:])
    found = datasets.read(path, validation=0.25)
    assert found.X.shape == (30, 1, 4, 5) and len(found.test) == 10 and len(found.validation) == 5
    assert np.array_equal(found.test.X[:, 0], images[20:].astype(np.float32) / 255)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_in_either_order(tmp_path: Path, order: Any) -> None:
    X = np.array(np.arange(12).reshape(4, 3), dtype=">f8", order=order)
    np.savez(tmp_path / "data.npz", X=X, y=np.array(["b", "a", "b", "a"]))
    found = datasets.read(tmp_path / "data.npz", validation=0, test=0)
    assert np.allclose(found.X, (X - X.mean(0)) / X.std(0)) and found.classes == ("a", "b")


def pictures(folder: Path, names: list[str], **kind: Any) -> Path:
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(image(5, 4, 10 * i, **kind))
    return folder


def test_a_folder_of_images(tmp_path: Path) -> None:
    names = [f"{kind}/{i}.png" for kind in ("cat", "dog") for i in range(5)]
    root = pictures(tmp_path / "pets", [*names])
    (root / ".hidden").write_text("of the system")
    found = datasets.read(root)
    assert found.X.shape == (10, 1, 4, 5) and found.classes == ("cat", "dog")
    assert np.allclose(found.X[3], 30 / 255) and "a folder of images for each" in found.why_task
    single = datasets.read(root / "dog" / "2.png", encoding=found.encoding)
    assert np.array_equal(single.X, found.X[7:8]) and single.y is None
    alone = datasets.read(root / "dog", encoding=found.encoding)
    assert np.array_equal(alone.X, found.X[5:]) and alone.y is None
    assert datasets.read(root, size=(2, 3), channels=3).X.shape == (10, 3, 2, 3)
    larger = pictures(tmp_path / "more", ["dog/1.png"])
    assert datasets.read(larger, encoding=found.encoding).y.tolist() == [1]  # type: ignore[union-attr]


def test_a_folder_of_images_in_parts(tmp_path: Path) -> None:
    names = [f"{part}/{kind}/{i}.png" for part in ("train", "test") for kind in "ab"
             for i in range(3)]  # fmt: skip
    found = datasets.read(pictures(tmp_path, names), validation=0)
    assert len(found.train) == len(found.test) == 6 and found.classes == ("a", "b")


def test_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CATALOGUE:
        if name != "mnist":
            found = datasets.read(name)
            assert found.source == name and len(found.train) > len(found.test) > 0
    assert datasets.read("breast_cancer").classes == ("benign", "malignant")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"tinygrad_bp\[sklearn\]"):
        datasets.read("wine")


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "brotli"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_of_all_kinds_say_what_they_unpack_to(
    tmp_path: Path, compression: str, version: str, dictionary: bool
) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    n = 3000
    table = pa.table({"number": rng.normal(size=n), "whole": rng.integers(0, 99, n),
                      "text": rng.choice(["some", "other"], n), "truth": rng.random(n) < 0.5,
                      "gaps": pa.array([1.5, None, 2.5] * (n // 3)), "kind": np.arange(n) % 2,
                      "none": pa.array([None] * n, pa.float64())})  # fmt: skip
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, compression=compression, data_page_version=version,
                   use_dictionary=dictionary, row_group_size=1000, data_page_size=2000,
                   write_page_checksum=True, write_batch_size=100)  # fmt: skip
    meta = pq.read_metadata(path)
    groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
    chunks = [g.column(i) for g in groups for i in range(g.num_columns)]
    with path.open("rb") as file:
        unpacked = unpacked_size(file, chunks)
    whole = sum(c.total_uncompressed_size for c in chunks)  # headers, too
    assert 0.5 * whole < unpacked <= whole
    found = datasets.read(path, "kind", drop=["none"], missing="drop")
    assert len(found) == 2000


@pytest.mark.parametrize(("module", "name"), [("pyarrow", "a.parquet"), ("PIL", "a.png")])
def test_an_extra_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"any")
    monkeypatch.setitem(sys.modules, module, None)
    encoding = Encoding("images", "classification", "class", ("a", "b"), (), (1, 2, 2))
    with pytest.raises(ImportError, match=r"tinygrad_bp\[data\]"):
        datasets.read(tmp_path / name, encoding=encoding if module == "PIL" else None)
