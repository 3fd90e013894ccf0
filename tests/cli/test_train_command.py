"""``tinygrad-bp train`` and what works on its runs: from files to a report, errors in a line."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import cli
from tinygrad_bp.train.experiment import FILES

MODEL = """\
from tinygrad_bp import nn

def build(inputs, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs[0], 8), nn.Tanh(), nn.Linear(8, outputs))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = ["width,colour,price,kind"]
    for _ in range(120):
        width, blue = rng.normal(10, 3), rng.random() < 0.5
        price = 3 * width + 20 * blue + rng.normal()
        colour = "blue" if blue else "red"
        rows.append(f"{width:.3f},{colour},{price:.3f},{'dear' if price > 40 else 'cheap'}")
    Path("goods.csv").write_text("\n".join(rows) + "\n")
    Path("net.py").write_text(MODEL)
    return tmp_path


def run(capsys, *argv):
    capsys.readouterr()
    code = cli.main([str(a) for a in argv])
    out, err = capsys.readouterr()
    return code, out, err


CLASSES = ("train", "--data", "goods.csv", "--target", "kind", "--drop", "price", "--lr", "0.02")


def test_a_table_of_classes_from_the_file_to_the_predictions(here, capsys):
    pytest.importorskip("matplotlib")
    code, out, err = run(capsys, *CLASSES, "--epochs", "8")
    assert code == 0 and err == ""
    assert "task" in out and "'kind' holds 2 different texts" in out
    assert max(map(len, out.splitlines())) <= 80
    folder = here / "runs" / "goods-001"
    unlike = {"predictions.png", "mistakes.png", "model.py", "tensorboard"}
    assert {p.name for p in folder.iterdir()} == set(FILES) - unlike
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in lines] == list(range(1, 9))
    record = json.loads((folder / "run.json").read_text())
    assert record["ending"] == "completed" and record["results"]["test"]["accuracy"] > 0.8
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png") == 4 and 'src="http' not in page

    code, out, _ = run(capsys, "evaluate", folder, "--json")
    assert code == 0 and json.loads(out) == record["results"]["test"]
    code, out, _ = run(capsys, "evaluate", folder, "--data", "goods.csv", "--metrics", "f1")
    assert code == 0 and "f1" in out and "cheap" in out

    code, out, _ = run(capsys, "predict", folder, "goods.csv", "--probabilities")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and len(rows) == 120
    assert list(rows[0]) == ["width", "colour", "price", "kind", "prediction", "probability",
                             "p(cheap)", "p(dear)"]  # fmt: skip
    assert sum(row["prediction"] == row["kind"] for row in rows) > 96


def test_numbers_are_predicted_in_their_own_unit(here, capsys):
    code, out, err = run(
        capsys, "train", "--data", "goods.csv", "--target", "price", "--drop", "kind",
        "--epochs", "30",
        "--lr", "0.02", "--no-report", "--name", "prices",
    )  # fmt: skip
    assert code == 0 and err == "" and "regression" in out
    assert run(capsys, "predict", "runs/prices", "goods.csv", "-o", "out.csv")[0] == 0
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    errors = [abs(float(row["prediction"]) - float(row["price"])) for row in rows]
    assert np.mean(errors) < 4
    record = json.loads(Path("runs/prices/run.json").read_text())
    assert record["results"]["test"]["mae"] < 4


def test_a_python_file_is_kept_with_the_run(here, capsys):
    code, out, err = run(capsys, *CLASSES, "--model", "net.py", "--epochs", "2", "--no-report")
    assert code == 0 and err == "" and "net.py: " in out
    Path("net.py").unlink()
    assert run(capsys, "evaluate", "runs/goods-001")[0] == 0


def test_a_run_that_is_resumed_ends_as_one_that_was_not_stopped(here, capsys):
    options = (*CLASSES, "--no-report", "--schedule", "cosine", "--dropout", "0.1")
    assert run(capsys, *options, "--epochs", "6", "--name", "whole")[0] == 0
    argv = [sys.executable, "-m", "tinygrad_bp", *options, "--epochs", "6", "--name", "cut",
            "--checkpoint-every", "0"]  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.split()[:1] == ["2"]:
                break
        os.kill(process.pid, signal.SIGKILL)
    record = json.loads(Path("runs/cut/run.json").read_text())
    assert record["ending"] == "running"
    code, _, err = run(capsys, "resume", "runs/cut", "--no-report")
    assert code == 0 and err == ""
    whole, cut = (tgb.load(Path("runs", name, "model.safetensors")) for name in ("whole", "cut"))
    assert len(whole) == 4
    assert all(np.array_equal(whole[key].numpy(), cut[key].numpy()) for key in whole)


def test_an_ended_run_goes_on_for_more_epochs(here, capsys):
    assert run(capsys, *CLASSES, "--epochs", "2", "--no-report")[0] == 0
    code, out, _ = run(capsys, "resume", "runs/goods-001")
    assert code == 0 and "has ended: completed" in out
    assert run(capsys, "resume", "runs/goods-001", "--epochs", "4", "--no-report")[0] == 0
    assert len(Path("runs/goods-001/metrics.jsonl").read_text().splitlines()) == 4


def test_what_a_run_learnt_can_be_explained_and_drawn(here, capsys):
    pytest.importorskip("graphviz")
    assert run(capsys, *CLASSES, "--epochs", "1", "--model", "mlp:in-4-out", "--no-report")[0] == 0
    code, out, _ = run(capsys, "explain", "runs/goods-001")
    assert code == 0 and "Forward" in out and "ReLU" in out
    assert run(capsys, "draw", "runs/goods-001")[0] == 0
    assert "<svg" in Path("runs/goods-001/graph.svg").read_text()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--target", "size"], "'size'"),
        (["--target", "kind", "--drop", "weight"], "'weight'"),
        (["--target", "kind", "--model", "mlp:7-3"], "mlp:4-2"),
        (["--target", "kind", "--model", "mlp:fast"], "mlp:in-128-out"),
        (["--target", "kind", "--model", "nowhere.py"], "nowhere.py"),
        (["--target", "kind", "--optimizer", "adamm"], "adamm"),
        (["--target", "kind", "--set", "wings=2"], "wings"),
        (["--target", "kind", "--metrics", "speed"], "speed"),
        (["--target", "price", "--loss", "cross_entropy"], "cross_entropy"),
        (["--target", "kind", "--patience", "2", "--validation", "0"], "--validation"),
    ],
)
def test_what_does_not_fit_is_one_line_and_leaves_nothing(here, capsys, options, named):
    code, out, err = run(capsys, "train", "--data", "goods.csv", *options)
    assert code == 1 and out == "" and err.count("\n") == 1 and named in err
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["train", "--data", "goods.csv"], "--target COLUMN, one of 'width', 'colour'"),
        (["train", "--data", "mnst"], "Is the data set 'mnist' meant?"),
        (["train", "--data", "gaps.csv", "--target", "kind"], "rows out: --missing drop, or"),
        (["train", "--data", "days.csv", "--target", "kind"], "--drop 'the day'\n"),
        (["train", "--data", "goods.csv", "--target", "kind", "--task", "regression"],
         "Take --task classification"),
        (["train", "--data", "goods.csv", "--target", "kind", "--set", "wings=2"], "lr, betas"),
        (["train", "--data", "images"], "Resize them all with --size HxW"),
        (["predict", "runs/known", "green.csv"], "or pass --unknown zeros"),
        (["predict", "runs/known", "gaps.csv"], "Fill it in\n"),
        (["predict", "runs/known", "goods.csv", "-o", "away/out.csv"], "no folder away"),
        (["evaluate", "runs/known", "--data", "a.npz"], "a.npz"),
    ],
)  # fmt: skip
def test_a_remedy_is_an_option_of_the_command(here, capsys, argv, named):
    Image = pytest.importorskip("PIL.Image")
    rows = Path("goods.csv").read_text().splitlines()
    Path("gaps.csv").write_text("\n".join([*rows, ",red,3.5,cheap"]) + "\n")
    Path("green.csv").write_text("\n".join([*rows, "2.5,green,3.5,cheap"]) + "\n")
    days = [f"{row},2026-01-{i % 28 + 1:02d}" for i, row in enumerate(rows[1:])]
    Path("days.csv").write_text("\n".join([f"{rows[0]},the day", *days]) + "\n")
    np.savez("a.npz", X=np.zeros((3, 7), np.float32), y=np.arange(3))
    for i, side in enumerate((8, 8, 9)):
        Path(f"images/{i}").mkdir(parents=True)
        Image.new("L", (side, side)).save(f"images/{i}/0.png")
    if argv[0] != "train":
        given = (*CLASSES, "--epochs", "1", "--no-report", "--name", "known")
        assert run(capsys, *given)[0] == 0
    code, out, err = run(capsys, *argv)
    assert code == 1 and out == "" and err.count("\n") == 1 and named in err
    assert str(here) not in err and "=" not in err.replace("colour=", "")
    assert sorted(p.name for p in here.glob("runs/*")) == ["known"] * (argv[0] != "train")


def test_quiet_prints_the_result_alone(here, capsys):
    code, out, err = run(capsys, *CLASSES, "--epochs", "1", "--no-report", "--quiet")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["validation", "test", "folder"]


def test_what_hinders_learning_is_told_in_80_columns(here, capsys):
    options = ("--lr", "1000", "--optimizer", "sgd", "--epochs", "2", "--no-report")
    _, out, _ = run(capsys, *CLASSES, *options)
    assert "note: " in out and max(map(len, out.splitlines())) <= 80


def test_a_regression_is_explained_on_the_scale_that_it_learns_on(here, capsys):
    argv = ("train", "--data", "goods.csv", "--target", "price", "--drop", "kind", "--epochs", "1",
            "--model", "mlp:in-4-1", "--no-report", "--activation", "gelu")  # fmt: skip
    assert run(capsys, *argv)[0] == 0
    code, out, _ = run(capsys, "explain", "runs/goods-001")
    assert code == 0 and "J  = mean((Z2 − Y)²)" in out
    sides = [
        line.partition("where ")[2].split(" = ") for line in out.splitlines() if "where" in line
    ]
    assert all(left != right for left, right in sides)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', "[" * 100_000])
def test_a_damaged_record_is_one_line(here, capsys, text):
    Path("runs/odd").mkdir(parents=True)
    Path("runs/odd/run.json").write_text(text)
    for command in ("evaluate", "resume", "explain", "draw"):
        code, out, err = run(capsys, command, "runs/odd")
        assert code == 1 and out == "" and err.count("\n") == 1 and "run.json" in err


def test_every_command_has_help_and_the_data_sets_are_listed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in cli.COMMANDS:
        code, out, _ = run(capsys, name, "--help")
        assert code == 0 and len(out) > 100 and max(map(len, out.splitlines())) <= 80
    assert "mnist" in run(capsys, "datasets")[1]
