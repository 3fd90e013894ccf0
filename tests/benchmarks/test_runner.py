"""The commands run, with the contenders that need nothing but NumPy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import tinygrad_bp as tgb
from benchmarks import adam, command, environment, growth, memory, networks, script

ROOT = Path(__file__).parents[2]
ALONE = ["--peers", "tinygrad_bp,by hand"]
PAIR = {"tinygrad_bp", "by hand"}


@pytest.fixture(autouse=True)
def _environment():
    # A run begins with empty caches, by variables.
    with mock.patch.dict(os.environ):
        yield


def narrow(text):
    return all(len(line) <= 80 and line == line.rstrip() for line in text.splitlines())


def test_one_network(capsys, tmp_path):
    file = tmp_path / "new" / "results.json"
    command.main(["--quick", "--only", "2-16", *ALONE, "--json", str(file)])
    out = capsys.readouterr().out
    assert "2-16-16-1, batch 100, 337 parameters" in out
    assert narrow(out)
    results = json.loads(file.read_text())
    assert [entry["name"] for entry in results["networks"]] == ["2-16-16-1"]
    assert set(results["networks"][0]["times"]["forward + backward + Adam"]) == PAIR
    assert "growth" not in results
    assert results["machine"]["versions"]["numpy"] == np.__version__


def test_everything(capsys, tmp_path, monkeypatch):
    tiny = [networks.mlp(784, 128, 10, batch=64), networks.lenet(2)]
    monkeypatch.setattr(command, "NETWORKS", tiny)
    monkeypatch.setattr(adam, "PARAMETERS", 1000)
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    file = tmp_path / "results.json"
    command.main(["--quick", *ALONE, "--json", str(file), "--plot", str(tmp_path)])
    out = capsys.readouterr().out
    assert narrow(out)
    assert "written for perceptrons" in out
    assert "No whole script: TINYGRAD_BP_DATA" in out
    results = json.loads(file.read_text())
    assert [entry["axis"] for entry in results["growth"]] == [
        "layers", "units", "rows", "operations",
    ]  # fmt: skip
    assert set(results["adam"]["times"]) == {"read and write once", "tinygrad_bp"}
    assert memory.available() == bool(results["memory"])
    for entry in results["memory"]:
        assert set(entry["contenders"]) == PAIR
        for figures in entry["contenders"].values():
            assert figures["process"] >= figures["grown"] >= figures["steps"] >= 0
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "performance-networks.png", "performance-growth.png",
    }  # fmt: skip


@pytest.mark.parametrize("given", [["--peers", "nobody"], ["--only", "nothing"]])
def test_a_wrong_name_is_answered_with_the_right_ones(given, capsys):
    with pytest.raises(SystemExit):
        command.main(given)
    assert "there are" in capsys.readouterr().err


def test_a_contender_that_fails_ends_the_run_with_its_name(monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.peers.by_hand.prepare", lambda network, dropout: 1 / 0)
    with pytest.raises(SystemExit, match="2-16-16-1, by hand: failed: ZeroDivisionError"):
        command.main(["--quick", "--only", "2-16", *ALONE])
    assert "failed: ZeroDivisionError" in capsys.readouterr().out


def test_the_command_of_issue_2():
    command_ = [sys.executable, "benchmarks/eager.py", "--network", "2-16", "--rounds", "1"]
    done = subprocess.run(
        [*command_, "--only", "tinygrad_bp"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    title, head, row = done.stdout.splitlines()
    assert title == "forward + backward, µs"
    assert head.split() == [
        "network", "batch", "by", "hand", "ours", "PyTorch", "ours/hand", "PyTorch/ours",
    ]  # fmt: skip
    cells = row.split()
    assert cells[:3] == ["2-16-16-1", "100", "-"] and cells[4:] == ["-"] * 3
    assert float(cells[3]) > 0


def test_the_module_starts():
    command_ = [sys.executable, "-m", "benchmarks", "--quick", "--only", "2-16", *ALONE]
    pinned = {**os.environ, "OPENBLAS_L2_SIZE": "1024"}
    done = subprocess.run(
        command_, cwd=ROOT, capture_output=True, text=True, check=True, env=pinned
    )
    assert done.stdout.startswith("2-16-16-1, batch 100")


def test_growth_ticks_as_often_as_announced():
    from benchmarks.peers import by_hand, ours

    ticks = []
    found = growth.grow({"tinygrad_bp": ours, "by hand": by_hand}, 1, True, lambda: ticks.append(1))
    assert len(ticks) == growth.work(True)
    assert all(len(times) == 2 for entry in found for times in entry["times"].values())
    assert set(found[-1]["times"]) == {"tinygrad_bp"}  # a network by hand records no graph


def test_adam_has_as_many_parameters_as_it_says(monkeypatch):
    made = []
    real = tgb.optim.Adam
    monkeypatch.setattr(tgb.optim, "Adam", lambda ps, **k: made.append(ps) or real(ps, **k))
    adam.of(tgb, 1000)()
    assert sum(p.numel() for p in made[0]) == 1000


def test_the_floor_reads_and_writes_everything():
    run = adam.once(5)
    held = {
        name: cell.cell_contents
        for name, cell in zip(run.__code__.co_freevars, run.__closure__, strict=True)
    }
    run()
    assert {name: float(array.sum()) for name, array in held.items()} == {
        "g": 5.0, "p": -5.0, "m": -5.0, "v": -5.0,
    }  # fmt: skip


def test_arrays_in_memory_are_taken_in_turn():
    made, ran = iter("abc"), []

    def make():
        name = next(made)
        return lambda: ran.append(name)

    step = adam.in_turn(make, 3)
    for _ in range(4):
        step()
    assert ran == ["a", "b", "c", "a"]


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """Write a small set of the form of MNIST: the class is where the light is."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, n in (("train", 512), ("t10k", 100)):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        images = np.zeros((n, 784), np.uint8)
        for i, label in enumerate(labels.tolist()):
            images[i, 70 * label : 70 * label + 70] = 255
        for kind, values, sizes in (("images", images, (n, 28, 28)), ("labels", labels, (n,))):
            head = bytes([0, 0, 8, len(sizes)]) + b"".join(s.to_bytes(4) for s in sizes)
            path = folder / f"{part}-{kind}-idx{len(sizes)}-ubyte"
            path.write_bytes(head + values.tobytes())
    monkeypatch.setenv("TINYGRAD_BP_DATA", str(tmp_path))


@pytest.mark.usefixtures("mnist")
def test_the_whole_script_learns():
    assert script.available()
    ticks = []
    found, failures = script.compare(["tinygrad_bp"], 3, 2, lambda: ticks.append(1))
    assert failures == []
    assert found["contenders"]["tinygrad_bp"]["accuracy"] > 0.9
    assert found["contenders"]["tinygrad_bp"]["seconds"] > 0
    assert len(ticks) == 2


@pytest.mark.usefixtures("mnist")
def test_a_script_that_fails_is_named(monkeypatch):
    monkeypatch.setenv("TINYGRAD_BP_DATA", "nowhere")
    found, failures = script.compare(["tinygrad_bp"], 1, 1, lambda: None)
    assert found["contenders"] == {}
    assert failures[0].startswith("script, tinygrad_bp: FileNotFoundError")


def test_the_machine_is_described_without_paths():
    text = json.dumps(environment.machine())
    assert "blas" in text and "processor" in text
    assert str(Path.home()) not in text and sys.prefix not in text
