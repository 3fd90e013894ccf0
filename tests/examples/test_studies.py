"""Each study runs, its sentences hold, and docs/studies.md shows what it prints and draws.

The words have to be the same, and the numbers nearly: training amplifies the last digits, which
depend on the processor. Times are not compared. ``python -m tests.examples.test_studies [name …]``
writes the page's numbers and pictures anew.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "studies"
PAGE = ROOT / "docs" / "studies.md"
SHARED = "study.py"
STUDIES = sorted(path.stem for path in FOLDER.glob("*.py") if path.name != SHARED)

SHOWN = re.compile(r"<!-- study: (\w+) -->\n(.*?)<!-- end of study -->", re.DOTALL)
HEADING = "\n\nWhat is seen\n\n"
NUMBER = re.compile(r"(?<![\w.])[−-]?\d+(?:\.\d+)?(?:e[−+-]?\d+)?")
SPREAD = re.compile(r"\(([\d.e+−-]+) … ([\d.e+−-]+)\)")
TIME = re.compile(r"\d+(?:\.\d+)?(?: / \d+(?:\.\d+)?)* (?:µs|ms|s)\b")


def run(name, folder, *arguments):
    """Run a study as a user does, but with every warning an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / f"{name}.py"), *arguments],
        cwd=folder,
        env={
            **os.environ, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )  # fmt: skip


def on_the_page(output):
    """Return what the page shows of an output: the table, and the paragraphs on a line each."""
    table, _, text = output.partition(HEADING)
    text = re.sub(r"\n\npicture: .*\n$", "\n", text)
    prose = "\n\n".join(" ".join(p.split()) for p in text.strip().split("\n\n"))
    return f"```text\n{table}\n```\n\n{prose}\n"


def numbers(text):
    """Return the numbers of a text, but for times, and for lowest and highest ones."""
    text = SPREAD.sub("", TIME.sub("", text))
    return [float(n.replace("−", "-")) for n in NUMBER.findall(text)]


def spreads(text):
    """Return the pairs of a lowest and a highest number."""
    return [tuple(float(n.replace("−", "-")) for n in pair) for pair in SPREAD.findall(text)]


def words(text):
    return [
        " ".join(NUMBER.sub("#", TIME.sub("# time", line)).split()) for line in text.split("\n")
    ]


def description(path):
    """Read what a PNG says of itself, without a library: chunks of length, kind, data, check."""
    data = path.read_bytes()
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if kind == b"iTXt" and body.startswith(b"Description\0"):
            return body[len(b"Description\0") + 2 :].split(b"\0", 2)[2].decode()
        if kind == b"tEXt" and body.startswith(b"Description\0"):
            return body[len(b"Description\0") :].decode("latin-1")
        at += 12 + length
    return ""


def same(shown, found):
    """Assert that two texts say the same."""
    assert words(shown) == words(found)
    assert numbers(shown) == pytest.approx(numbers(found), rel=0.35, abs=1e-3)
    # An extreme of three seeds is no figure to hold on to, where training is chaotic.
    for (low, high), (lowest, highest) in zip(spreads(shown), spreads(found), strict=True):
        assert low <= 1.35 * highest + 1e-3
        assert lowest <= 1.35 * high + 1e-3


def test_every_study_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(name for name, _ in SHOWN.findall(page)) == STUDIES
    for name in STUDIES:
        assert f"](../examples/studies/{name}.py)" in page
        assert re.search(rf"!\[[^\]]{{20,}}\]\({picture(name).relative_to(PAGE.parent)}\)", page)


def picture(name):
    return PAGE.parent / "images" / f"study-{name.replace('_', '-')}.png"


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_says_what_the_page_says(name, tmp_path):
    done = run(name, tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    found = on_the_page(done.stdout)
    same(dict(SHOWN.findall(PAGE.read_text(encoding="utf-8")))[name], found)

    # The pictures carry the table that they were drawn from.
    table = done.stdout.partition(HEADING)[0]
    assert description(tmp_path / "runs" / name / f"{name}.png") == table
    same(description(picture(name)), table)
    assert {path.name for path in tmp_path.rglob("*.*")} == {f"{name}.png"}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_names_its_section_of_the_notes_and_has_help(name, tmp_path):
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    doc = source[3:].partition('"""')[0]
    assert source.startswith('"""') and re.search(r"section A\d+", doc)
    done = run(name, tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert doc.splitlines()[0].split()[0] in done.stdout and "--full" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_sentence_that_does_not_hold_is_told_of(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, "argv", ["a study", "--out", str(tmp_path)])
    import study

    with pytest.raises(SystemExit) as ended:
        study.main(
            "What is asked.", "asked.py", lambda full: {"x": 1.0}, lambda r: f"x {r['x']}",
            lambda r: [("It is two.", r["x"] == 2), ("", True), ("It is one.", r["x"] == 1)],
            lambda r, figure: figure.subplots().plot([r["x"]]),
        )  # fmt: skip
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert out.startswith(f"x 1.0{HEADING}[Not seen this time: It is two.]\n\nIt is one.\n\n")
    assert description(tmp_path / "asked.png") == "x 1.0"


def test_times_are_left_out_and_other_numbers_are_not():
    assert numbers("3 seeds took 12.5 ms, 0.98 (0.9 … 1e-3)") == [3, 0.98]
    assert spreads("3 seeds took 12.5 ms, 0.98 (0.9 … 1e-3)") == [(0.9, 1e-3)]
    assert words("in 3 s") == words("in 40 s") != words("in 3 steps")
    assert numbers("5 / 1 / 20 ms") == [] and numbers("5 / 1 / 20") == [5, 1, 20]
    with pytest.raises(AssertionError):
        same("accuracy 60.0", "accuracy 95.0")
    same("30 (29 … 45)", "30 (19 … 44)")
    with pytest.raises(AssertionError):
        same("30 (29 … 45)", "30 (70 … 90)")


def write(names):
    """Put what the studies print and draw into the page."""
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            done = run(name, folder)
            if done.returncode:
                sys.exit(f"{name}:\n{done.stdout}{done.stderr}")
            block = f"<!-- study: {name} -->\n{on_the_page(done.stdout)}<!-- end of study -->"
            text, count = re.subn(
                rf"<!-- study: {name} -->\n.*?<!-- end of study -->",
                lambda _, block=block: block,
                PAGE.read_text(encoding="utf-8"),
                flags=re.DOTALL,
            )
            if not count:
                sys.exit(f"{PAGE}: no <!-- study: {name} --> … <!-- end of study -->")
            PAGE.write_text(text, encoding="utf-8")
            drawn = Path(folder, "runs", name, f"{name}.png")
            picture(name).write_bytes(drawn.read_bytes())
            print(f"{name}: written")


if __name__ == "__main__":
    write(sys.argv[1:] or STUDIES)
