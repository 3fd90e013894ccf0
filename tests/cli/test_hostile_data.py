"""The command line and files that no one should have to expect: a line, a code, nothing written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.datasets.hostile import CASES, good_csv
from tinygrad_bp import cli


def contents(folder: Path) -> dict[str, Any]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in sorted(folder.rglob("*"))
    }


def refused(arguments: list[str], place: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that is refused; return the line that says why."""
    before = contents(place)
    code: Any = 0
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, errors = capsys.readouterr()
    assert code in (1, 2) and out == ""
    assert "Traceback" not in errors and contents(place) == before
    told = [line for line in errors.splitlines() if line and not line.startswith("usage:")]
    assert len(told) == 1
    return told[0]


def options_of(options: dict[str, Any]) -> list[str] | None:
    """Return options of `read` as those of the command; None for what it has not."""
    known = {"target", "task"}
    if not options.keys() <= known:
        return None
    return [part for name, value in options.items() if value for part in (f"--{name}", value)]


NAMES = [name for name, (_, options, _) in CASES.items() if options_of(options) is not None]


@pytest.mark.parametrize("name", NAMES)
def test_train(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, options, told = CASES[name]
    path = make(tmp_path)
    monkeypatch.chdir(tmp_path)
    if path.suffix in (".csv", ".parquet"):
        options = {"target": "kind"} | options
    line = refused(["train", "--data", str(path), *(options_of(options) or ())], tmp_path, capsys)
    assert re.search(told, line)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on a table."""
    place = tmp_path_factory.mktemp("trained")
    (place / "pets.csv").write_bytes(good_csv())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        arguments = ["--target", "kind", "--epochs", "1", "--no-report", "--quiet"]
        assert cli.main(["train", "--data", "pets.csv", "--name", "one", *arguments]) == 0
    return place / "runs" / "one"


@pytest.mark.parametrize(("text", "told"), [
    ("size\n1\n", "lacks the column 'colour'"),
    ("size,colour,age\n1,red,2\n", "'age'"),
    ("size,colour\n1,red\n2,green\n", "line 3, column 'colour': the text 'green' was never seen"),
    ("size,colour\n1,red\nNaN,red\n", "line 3, column 'size'"),
    ("size,colour\nbig,red\n", "line 2, column 'size': 'big' is not a number"),
    ("size,colour,kind\n1,red,cow\n", "the label 'cow' was never seen"),
    ("", "empty"),
], ids=["lacking", "extra", "text", "missing", "word", "label", "empty"])  # fmt: skip
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_other_data(
    command: str, text: str, told: str, run_folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "new.csv"
    path.write_text(text)
    arguments = [str(path)] if command == "predict" else ["--data", str(path)]
    assert told in refused([command, str(run_folder), *arguments], run_folder, capsys)


@pytest.mark.parametrize("how", ["empty", "truncated", "junk", "huge header"])
def test_weights_that_are_damaged(
    how: str, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    (tmp_path / "new.csv").write_text("size,colour\n1,red\n")
    for path in folder.rglob("*.safetensors"):
        data = path.read_bytes()
        path.write_bytes({
            "empty": b"", "truncated": data[: len(data) // 2], "junk": b"junk" * 99,
            "huge header": (2**62).to_bytes(8, "little") + data[8:],
        }[how])  # fmt: skip
    line = refused(["predict", str(folder), str(tmp_path / "new.csv")], tmp_path, capsys)
    assert ".safetensors" in line


@pytest.mark.parametrize("how", ["missing", "empty", "junk", "nested", "a list", "other types"])
@pytest.mark.parametrize("command", ["resume", "evaluate", "predict"])
def test_a_run_that_is_damaged(
    command: str, how: str, run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    (tmp_path / "new.csv").write_text("size,colour\n1,red\n")
    if how != "missing":
        shutil.copytree(run_folder, folder)
        text = (folder / "run.json").read_text()
        (folder / "run.json").write_text({
            "empty": "", "junk": "{]", "nested": "[" * 100_000, "a list": "[1]",
            "other types": text.replace("1", '"one"'),
        }[how])  # fmt: skip
    more = [str(tmp_path / "new.csv")] if command == "predict" else []
    assert "run" in refused([command, str(folder), *more], tmp_path, capsys)
