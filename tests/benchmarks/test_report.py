"""The page says what the figures say, and is the same each time."""

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.ahead import elsewhere, sentences
from benchmarks.table import RUN, STEP

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


def timing(median, spread=1.0):
    return {"median": median, "low": median - spread, "high": median + spread}


def entry(name="784-128-10", **medians):
    spread = medians.pop("spread", 1.0)
    names = {"ours": "tinygrad_bp", "compiled": "tgb.compile", "torch": "PyTorch", "jax": "JAX jit"}
    times = {names[key]: timing(value, spread) for key, value in medians.items()}
    return {
        "name": name, "batch": 64, "parameters": 10, "times": {RUN: times, STEP: times},
        "compile": {"JAX jit": 1.25}, "left out": {"by hand": "failed: ValueError: oh"},
    }  # fmt: skip


def results():
    return {
        "machine": {
            "processor": "P", "cores": 2, "memory GB": 8, "system": "Linux", "python": "3.11.2",
            "blas": "openblas 0.3", "versions": {"numpy": "2.4"}, "threads": {},
        },
        "rounds": 16, "loading": {"JAX jit": 0.5},
        "missing": {"MyGrad": "No module named 'mygrad'"},
        "networks": [entry(ours=200.0, torch=400.0, jax=100.0)],
        "growth": [
            {"title": "T", "axis": "rows", "at": [1, 1000], "times": {"tinygrad_bp": [1.0, 2.0]}}
        ] * 4,
        "adam": {"parameters": 1000,
                 "times": {"read and write once": {"in cache": 10.0, "from memory": 40.0},
                           "tinygrad_bp": {"in cache": 15.0, "from memory": 50.0}}},
        "memory": [{"name": "GPT", "batch": 12, "contenders": {
            "tinygrad_bp": {"process": 90.4, "grown": 40.0, "steps": 39.0}}}],
        "script": {"epochs": 10, "contenders": {
            "tinygrad_bp": {"seconds": 5.0, "accuracy": 0.975},
            "PyTorch": {"seconds": 20.0, "accuracy": 0.97}}},
    }  # fmt: skip


def test_the_page_has_the_figures():
    text = report.page(results(), "r.json")
    assert "| 784-128-10, batch 64 | 200.0 | 400.0 (2.00) | 100.0 (0.50) |" in text
    assert "faster than `tinygrad_bp` is JAX jit (2.00 ×)." in text
    assert "- MyGrad took no part: No module named 'mygrad'" in text
    assert "| once: loading the compiler, 2-2-1 | 0.5 |\n| 784-128-10 | 1.2 |" in text
    assert "- 784-128-10, by hand: failed: ValueError: oh" in text
    assert "| tinygrad_bp | 15.0 (1.50) | 50.0 (1.25) |" in text
    assert "| tinygrad_bp | 90 | 40 | 39 |" in text
    assert "| tinygrad_bp | 5.00 | 0.25 | 97.50% |" in text
    assert "| 1,000 | 2.0 |" in text


def test_the_page_begins_with_how_many_times_as_fast_ours_is():
    figures = results()
    figures["networks"] = [
        entry(ours=200.0, compiled=50.0, torch=400.0, jax=100.0),
        entry("GPT", ours=300.0, compiled=90.0, torch=270.0, jax=81.0),
    ]
    text = report.page(figures, "r.json")
    assert "| times as fast | `tgb.compile` as PyTorch | `tgb.compile` as JAX jit | " in text
    assert "| 784-128-10 | 8.00 | 2.00 | 2.00 |" in text
    assert "| GPT | 3.00 | **0.90** | **0.90** |" in text
    assert "| MNIST, the whole script | – | – | 4.00 |" in text


def test_where_a_peer_is_ahead_in_something_else():
    figures = results()
    assert elsewhere(figures) == []
    figures["loading"] = {"tgb.compile": 0.6, "JAX jit": 0.5}
    figures["networks"][0]["compile"] = {"tgb.compile": 0.5, "JAX jit": 0.2}
    figures["memory"][0]["contenders"]["PyTorch"] = {"process": 300, "grown": 50, "steps": 13.0}
    figures["memory"][0]["contenders"]["tgb.compile"] = {"process": 95, "grown": 50, "steps": 20}
    figures["growth"] = [
        {
            "title": "T",
            "axis": "rows",
            "at": [1, 10, 1000],
            "times": {
                "tinygrad_bp": [2.0, 2.0, 3.0],
                "PyTorch": [1.0, 4.0, 2.0],
                "JAX jit": [0.1, 0.1, 0.1],
            },
        }
    ]
    figures["script"]["contenders"]["PyTorch"]["seconds"] = 4.0
    assert elsewhere(figures) == [
        "Loading the compiler: faster than `tgb.compile` is JAX jit (1.20 ×).",
        "Compiling 784-128-10: faster than `tgb.compile` is JAX jit (2.50 ×).",
        "Memory of the process, GPT: less than `tgb.compile` takes tinygrad_bp (1.05 ×).",
        "Memory of the steps, GPT: less than `tgb.compile` takes PyTorch (1.54 ×).",
        "Memory of the steps, GPT: less than `tinygrad_bp` takes PyTorch (3.00 ×).",
        "T: PyTorch is faster than `tinygrad_bp` at 1 and 1,000 rows (at most 2.00 ×).",
        "The whole script: faster than `tinygrad_bp` is PyTorch (1.25 ×).",
    ]
    text = report.page(figures, "r.json")
    assert "In what is measured besides:\n\n- Loading the compiler" in text


def test_the_same_figures_give_the_same_page_and_pictures(tmp_path):
    source = tmp_path / "r.json"
    source.write_text(json.dumps(results()))
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        report.write(source, folder)
        written.append({path.name: path.read_bytes() for path in folder.rglob("*.*")})
    assert set(written[0]) == {
        "performance.md", "performance-networks.png", "performance-growth.png",
    }  # fmt: skip
    assert written[0] == written[1]


def test_parts_that_were_not_measured_are_left_out():
    some = {key: results()[key] for key in ("machine", "rounds", "missing", "networks")}
    text = report.page(some, "r.json")
    assert "## A training step" in text
    assert "## Memory" not in text and "## Adam" not in text


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({"ours": 10.0, "torch": 20.0}, []),
        ({"ours": 20.0, "torch": 10.0}, ["faster than `tinygrad_bp` is PyTorch (2.00 ×)."]),
        ({"ours": 10.5, "torch": 10.0}, ["is PyTorch (1.05 ×, within the noise)."]),
        (
            {"ours": 40.0, "compiled": 20.0, "torch": 30.0, "jax": 10.0},
            ["faster than `tgb.compile` is JAX jit (2.00 ×).",
             "eager: faster than `tinygrad_bp` is PyTorch (1.33 ×)."],
        ),
        (
            {"ours": 9.0, "compiled": 30.0, "torch": 7.0, "jax": 6.0},
            ["faster than `tinygrad_bp` are PyTorch (1.29 ×, within the noise) and JAX jit"],
        ),
    ],
)  # fmt: skip
def test_where_a_peer_is_ahead(times, said):
    found = [s for s in sentences([entry(**times)]) if "Adam" in s]
    assert len(found) == len(said)
    for sentence, expected in zip(found, said, strict=True):
        assert expected in sentence


def test_the_committed_page_is_what_the_committed_figures_give():
    committed = ROOT / "docs" / report.PAGE
    assert committed.exists() == bool(RESULTS), "run `python -m benchmarks.report`"
    # One run of one machine is what the page shows.
    for source in RESULTS[:1]:
        figures = json.loads(source.read_text(encoding="utf-8"))
        text = report.page(figures, source.relative_to(ROOT).as_posix())
        assert committed.read_text(encoding="utf-8") == text
