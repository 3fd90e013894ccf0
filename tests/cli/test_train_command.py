"""``tinygrad-bp train`` and what works on its runs: from files to a report, errors in a line."""

import csv
import io
import json
import os
import shlex
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


def pictures(place: Path) -> Path:
    """Write 12 images of stripes that lie, and 12 of stripes that stand."""
    Image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(1)
    for name, axis in (("lying", 0), ("standing", 1)):
        (place / name).mkdir(parents=True)
        for i in range(12):
            stripes = np.repeat(np.tile([40, 220], 4)[:, None], 8, 1)
            noisy = (stripes if axis == 0 else stripes.T) + rng.integers(-20, 20, (8, 8))
            Image.fromarray(noisy.astype(np.uint8)).save(place / name / f"{i}.png")
    return place


def of_kind(kind: str) -> list[str]:
    """Write data of a kind that the command reads; return the options that name them."""
    rows = [row.split(",") for row in Path("goods.csv").read_text().split()]
    X = np.array([[float(w), float(p)] for w, _, p, _ in rows[1:]], np.float32) / 50
    y = np.array([kind for *_, kind in rows[1:]])
    if kind == "tsv":
        Path("a.tsv").write_text("\n".join("\t".join(row) for row in rows))
    elif kind == "parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        columns = {"width": X[:, 0], "price": X[:, 1], "kind": y}
        pq.write_table(pa.table(columns), "a.parquet")
    elif kind == "npz":
        np.savez("a.npz", X=X, y=y)
    elif kind == "npz in parts":
        np.savez("a.npz", X_train=X[:90], y_train=y[:90], X_test=X[90:], y_test=y[90:])
    elif kind == "images":
        pictures(Path("a"))
    elif kind == "images in parts":
        pictures(Path("a/train"))
        pictures(Path("a/test"))
    elif kind == "a name":
        return ["--data", "moons"]
    (data,) = Path().glob("a*")
    return ["--data", str(data), *(["--target", "kind"] if kind in ("tsv", "parquet") else [])]


@pytest.mark.parametrize(
    "kind", ["tsv", "parquet", "npz", "npz in parts", "images", "images in parts", "a name"]
)
def test_every_kind_of_data_from_the_file_to_the_predictions(here, capsys, kind):
    pytest.importorskip("matplotlib")
    data = of_kind(kind)
    options = ("--epochs", "12", "--lr", "0.02", "--name", "one")
    code, out, err = run(capsys, "train", *data, *options)
    assert (code, err) == (0, "") and max(map(len, out.splitlines())) <= 80
    assert "classification: " in out and (here / "runs/one/report.html").stat().st_size > 20_000
    code, out, _ = run(capsys, "evaluate", "runs/one", "--json")
    assert code == 0 and json.loads(out)["accuracy"] > 0.75
    if kind != "a name":
        given = "a/test" if kind == "images in parts" else data[1]
        code, out, err = run(capsys, "predict", "runs/one", given)
        rows = list(csv.DictReader(io.StringIO(out)))
        assert (code, err) == (0, "") and len(rows) == (24 if "images" in kind else 120)
        assert {row["prediction"] for row in rows} < {"cheap", "dear", "lying", "standing"}
    code, out, _ = run(capsys, "explain", "runs/one")
    assert code == 0 and "Forward" in out
    assert run(capsys, "resume", "runs/one", "--epochs", "14", "--no-report")[0] == 0
    lines = (here / "runs/one/metrics.jsonl").read_text().splitlines()
    assert len(lines) == 14


def test_the_command_in_a_report_repeats_the_run(here, capsys):
    pytest.importorskip("tensorboardX")
    options = ["--target", "price", "--drop", "kind", "--task", "regression", "--missing", "drop",
               "--validation", "0.2", "--test", "0.3", "--model", "mlp:in-6-out",
               "--activation", "tanh", "--dropout", "0.1", "--batch-norm", "--epochs", "2",
               "--batch-size", "16", "--loss", "huber", "--optimizer", "AdamW",
               "--set", "betas=0.9,0.95", "--set", "amsgrad=true", "--lr", "0.05",
               "--schedule", "cosine", "--clip-norm", "1", "--clip-value", "0.5",
               "--accumulate", "2", "--no-shuffle", "--compile", "--seed", "3",
               "--augment", "noise:0.01", "--l1", "1e-6", "--l2", "0.0001", "--patience", "3",
               "--monitor", "val_r2", "--metrics", "r2,mse", "--checkpoint-every", "5",
               "--no-health", "--tensorboard", "--no-report"]  # fmt: skip
    code, _, err = run(capsys, "train", "--data", "goods.csv", *options)
    # On a busy machine compiling may take so long that it is told of.
    assert code == 0 and all(line.startswith("tgb.compile: ") for line in err.splitlines())
    record = json.loads(Path("runs/goods-001/run.json").read_text())
    words = shlex.split(record["command"])[1:]
    assert set(words) >= {word for word in options if word.startswith("--")}
    assert run(capsys, *words)[0] == 0
    one, other = (
        tgb.load(Path("runs", n, "model.safetensors")) for n in ("goods-001", "goods-002")
    )
    assert len(one) > 4 and all(np.array_equal(one[k].numpy(), other[k].numpy()) for k in one)


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
        (["--target", "kind", "--metrics", "accuracy, r2"], "precision, recall, f1, auc"),
        (["--target", "price", "--metrics", "bpc"], "there are mse, mae, r2"),
        (["--target", "kind", "--loss", "nll"], "take cross_entropy"),
        (["--target", "kind", "--set", "betas=0.9"], "adam can't be made with betas=0.9"),
        (["--target", "kind", "--batch-norm", "--batch-size", "83"], "take --batch-size 84"),
        (["--target", "kind", "--batch-norm", "--batch-size", "1"], "take --batch-size 2"),
        (["--target", "kind", "--loss", "mse"], "mse is not for a classification"),
        (["--target", "kind", "--patience", "2", "--monitor", "val_r2"], "loss, val_accuracy"),
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
        (["train", "--data", "moons", "--validation", "0.6", "--test", "0.5"],
         "--validation 0.6 and --test 0.5 leave nothing"),
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
        (["train", "--data", "latin.csv"], "Save the file in UTF-8\n"),
        (["draw", "runs/known", "-o", "away/net.svg"], "no folder away"),
        (["explain", "runs/known", "-o", "away/net.html"], "no folder away"),
    ],
)  # fmt: skip
def test_a_remedy_is_an_option_of_the_command(here, capsys, argv, named):
    Image = pytest.importorskip("PIL.Image")
    rows = Path("goods.csv").read_text().splitlines()
    Path("gaps.csv").write_text("\n".join([*rows, ",red,3.5,cheap"]) + "\n")
    Path("green.csv").write_text("\n".join([*rows, "2.5,green,3.5,cheap"]) + "\n")
    days = [f"{row},2026-01-{i % 28 + 1:02d}" for i, row in enumerate(rows[1:])]
    Path("days.csv").write_text("\n".join([f"{rows[0]},the day", *days]) + "\n")
    Path("latin.csv").write_bytes("größe,kind\n1,x\n2,y\n".encode("latin-1"))
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


def test_rows_and_classes_count_as_much_as_they_are_said_to(here, capsys):
    rows = Path("goods.csv").read_text().split()
    heavy = [f"{row},{'0' if row.endswith('dear') else '1'}" for row in rows[1:]]
    Path("heavy.csv").write_text("\n".join([f"{rows[0]},heft", *heavy]))
    data = ("train", "--data", "heavy.csv", "--target", "kind", "--drop", "price", "--epochs", "6",
            "--lr", "0.02", "--batch-size", "4", "--no-report", "--quiet",
            "--out", "all")  # fmt: skip
    for i, more in enumerate((["--weight", "heft"], ["--class-weight", "dear=0,cheap=1"],
                              ["--class-weight", "cheap=0"])):  # fmt: skip
        drop = [] if "--weight" in more else ["--drop", "heft"]
        code, _, err = run(capsys, *data, *more, *drop, "--name", f"run-{i}")
        assert (code, err) == (0, "")
        record = json.loads(Path(f"all/run-{i}/run.json").read_text())
        assert set(more) <= set(shlex.split(record["command"]))
        code, out, _ = run(capsys, "predict", f"all/run-{i}", "goods.csv")
        predicted = {row["prediction"] for row in csv.DictReader(io.StringIO(out))}
        assert code == 0 and predicted == {"dear" if i == 2 else "cheap"}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--target", "kind", "--weight", "weight"], "'weight'"),
        (["--target", "kind", "--weight", "colour"], "'colour': weights are numbers"),
        (["--target", "price", "--weight", "price"], "a weight"),
        (["--target", "kind", "--class-weight", "dear=1,dearer=2"], "'dearer': there are cheap"),
        (["--target", "price", "--class-weight", "balanced"], "--class-weight is for classes"),
    ],
)
def test_weights_that_can_not_be_are_named(here, capsys, options, named):
    code, out, err = run(capsys, "train", "--data", "goods.csv", *options)
    assert code == 1 and out == "" and err.count("\n") == 1 and named in err
    assert not (here / "runs").exists()


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


def test_a_drawing_of_a_kind_that_there_is_not_is_one_line(here, capsys):
    code, out, err = run(capsys, "draw", "mlp:4-8-2", "-o", "net.xyz")
    assert code == 2 and out == "" and err.count("\n") == 1 and ".svg, .png" in err


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
