"""A run of the demo from beginning to end: its numbers, its files, what it prints."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from tinygrad_bp.demo.folder import FILES
from tinygrad_bp.demo.gradients import NAMES

from .conftest import Run, run_demo

pytest.importorskip("matplotlib")


def metrics(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_bar_is_met_with_the_defaults(default_run: Run) -> None:
    assert default_run.code == 0, default_run.err
    epochs = metrics(default_run.folder)
    assert [epoch["epoch"] for epoch in epochs] == list(range(26))
    assert epochs[-1]["test_accuracy"] >= 0.96
    assert all(epoch["largest_gradient_difference"] < 1e-10 for epoch in epochs)
    assert all(list(epoch["gradient_differences"]) == list(NAMES) for epoch in epochs)


def test_every_file_is_there_and_nothing_else(default_run: Run) -> None:
    assert {path.name for path in default_run.folder.iterdir()} == set(FILES)
    assert default_run.folder.name == "digits-001"
    for name in FILES:
        assert f"  {name} " in default_run.out


def test_pngs_are_pngs_of_a_useful_size(default_run: Run) -> None:
    for path in default_run.folder.glob("*.png"):
        data = path.read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82")
        width, height = struct.unpack(">II", data[16:24])
        assert width > 800 and height > 200


def test_the_graph_shows_the_notes_names(default_run: Run) -> None:
    svg = (default_run.folder / "graph.svg").read_text()
    for name in ("X", "W1", "b1", "Z1", "A1", "W2", "b2", "Z2", "J", "labels"):
        assert f">{name}<" in svg


def test_the_record_and_the_weights_fit_the_numbers(default_run: Run) -> None:
    record = json.loads((default_run.folder / "run.json").read_text())
    assert record["ending"] == "completed" and record["gradients_agree"]
    assert record["last_epoch"] == metrics(default_run.folder)[-1]
    assert record["settings"]["seed"] == 0 and "NumPy" in record["versions"]
    with np.load(default_run.folder / "weights.npz") as weights:
        assert {name: weights[name].shape for name in weights} == {
            "W1": (128, 64), "b1": (128, 1), "W2": (10, 128), "b2": (10, 1),
        }  # fmt: skip


def test_what_is_piped_is_plain_and_fits_80_columns(default_run: Run) -> None:
    assert default_run.err == ""
    for line in default_run.out.splitlines():
        assert len(line) <= 80 and line.isprintable() and line.isascii(), line
    epochs = metrics(default_run.folder)
    rows = [line.split() for line in default_run.out.splitlines() if "e-1" in line and "(d" in line]
    assert [int(row[0]) for row in rows] == [epoch["epoch"] for epoch in epochs]
    assert float(rows[-1][1]) == pytest.approx(epochs[-1]["loss"], abs=1e-4)
    assert f"test accuracy {100 * epochs[-1]['test_accuracy']:.2f} %" in default_run.out


def test_a_seed_repeats_a_run_to_the_last_bit(tmp_path: Path) -> None:
    options = ("--epochs", "2", "--no-draw", "--seed")
    numbers = [
        (run_demo(tmp_path, *options, seed).folder / "metrics.jsonl").read_bytes()
        for seed in ("3", "3", "4")
    ]
    assert numbers[0] == numbers[1] != numbers[2]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "digits-001", "digits-002", "digits-003",
    ]  # fmt: skip


def test_the_recorded_command_repeats_the_run(tmp_path: Path) -> None:
    first = run_demo(tmp_path, "--epochs", "1", "--optimizer", "adam", "--hidden", "9", "--no-draw")
    command = json.loads((first.folder / "run.json").read_text())["command"]
    words = command.split()
    assert words[:2] == ["tinygrad-bp", "demo"]
    second = run_demo(tmp_path, *words[2:], "--no-draw")
    assert metrics(first.folder) == metrics(second.folder)


def test_more_epochs_begin_like_fewer(tmp_path: Path) -> None:
    short, long = (
        metrics(run_demo(tmp_path, "--no-draw", "--epochs", epochs).folder) for epochs in "13"
    )
    assert short == long[:2]


def test_no_draw_leaves_the_pictures_out(tmp_path: Path) -> None:
    run = run_demo(tmp_path, "--epochs", "1", "--no-draw")
    assert run.code == 0 and "no pictures: --no-draw" in run.out
    assert {path.name for path in run.folder.iterdir()} == {
        "report.html", "metrics.jsonl", "run.json", "weights.npz",
    }  # fmt: skip


def test_a_run_that_diverges_says_so_and_keeps_what_was_finite(tmp_path: Path) -> None:
    run = run_demo(tmp_path, "--epochs", "5", "--lr", "1e300")
    assert run.code == 1
    assert "try a smaller --lr" in run.out
    *finite, last = metrics(run.folder)
    assert last["loss"] is None and all(epoch["loss"] > 0 for epoch in finite)
    with np.load(run.folder / "weights.npz") as weights:
        assert all(np.isfinite(weights[name]).all() for name in weights)
    assert "no longer a finite number" in (run.folder / "report.html").read_text("utf-8")


def test_a_wrong_gradient_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_bp.demo import gradients

    right = gradients.autograd_gradients
    monkeypatch.setattr(
        gradients,
        "autograd_gradients",
        lambda *args: (found := right(*args))._replace(dW1=found.dW1 + 1e-6),
    )
    run = run_demo(tmp_path, "--epochs", "1", "--no-draw")
    assert run.code == 1
    assert "1.0e-06 (dW1)  DIFFERS" in run.out and "gradients DIFFER" in run.out
    assert not json.loads((run.folder / "run.json").read_text())["gradients_agree"]
    assert "The six gradients differ" in (run.folder / "report.html").read_text("utf-8")


@pytest.mark.skipif(
    not os.environ.get("TINYGRAD_BP_DATA"), reason="TINYGRAD_BP_DATA names no folder with MNIST"
)
def test_mnist(tmp_path: Path) -> None:
    run = run_demo(tmp_path, "--data", "mnist", "--epochs", "1", "--hidden", "32")
    assert run.code == 0, run.err
    assert run.folder.name == "mnist-001"
    assert {path.name for path in run.folder.iterdir()} == set(FILES)
    last = metrics(run.folder)[-1]
    assert last["test_accuracy"] > 0.85 and last["largest_gradient_difference"] < 1e-10
    assert max(len(line) for line in run.out.splitlines()) <= 80
