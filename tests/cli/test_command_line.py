"""Options, exit codes and messages: what is wrong is said in one line that names the option."""

import builtins
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_bp
from tinygrad_bp import cli
from tinygrad_bp.datasets import mnist_idx
from tinygrad_bp.demo import training

from .conftest import run_demo

INSTALL = 'pip install "tinygrad_bp[demo]"'
QUICK = ("--epochs", "1", "--no-draw")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--epochs", "0"], "--epochs"),
        (["--epochs", "many"], "--epochs"),
        (["--hidden", "-3"], "--hidden"),
        (["--batch-size", "1.5"], "--batch-size"),
        (["--lr", "0"], "--lr"),
        (["--lr", "nan"], "--lr"),
        (["--lr", "inf"], "--lr"),
        (["--optimizer", "lbfgs"], "--optimizer"),
        (["--data", "cifar"], "--data"),
        (["--seed", "-1"], "--seed"),
        (["--name", "../elsewhere"], "--name"),
        (["--name", ""], "--name"),
        (["--name", ".."], "--name"),
        (["--name", "two\nlines"], "--name"),
        (["--overwrite"], "--overwrite"),
        (["--epoch", "3"], "--epoch"),  # no abbreviations: they break when options are added
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_options_are_named(options: list[str], named: str, tmp_path: Path) -> None:
    run = run_demo(tmp_path, *options)
    assert run.code == 2 and run.out == ""
    assert named in run.err and "error: " in run.err
    assert re.fullmatch(r"tinygrad-bp.*\(see tinygrad-bp( demo)? --help\)\n", run.err)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("argv", [[], ["fly"]])
def test_a_command_is_needed(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_help_lists_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)
    assert cli.main(["demo", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("data", "epochs", "hidden", "batch-size", "lr", "optimizer", "seed", "name"):
        assert re.search(rf"--{option}\b.*", text)
    assert "Ctrl-C" in text and "default 25 for digits" in text


def test_python_m_runs_the_command(tmp_path: Path) -> None:
    def python(*argv: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "tinygrad_bp", *argv],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        ).stdout  # fmt: skip

    assert python("--version") == f"tinygrad_bp {tinygrad_bp.__version__}\n"
    assert "test accuracy" in python("demo", *QUICK)
    assert (tmp_path / "runs" / "digits-001" / "report.html").is_file()


def test_help_needs_no_extra_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from tinygrad_bp import cli\n"
        "assert cli.main(['demo', '--help']) == 0\n"
        "heavy = {'matplotlib', 'graphviz', 'tqdm', 'pooch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# ------------------------------------------------------------------------------ where it is written


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    assert run_demo(tmp_path, *QUICK, "--name", "mine").code == 0
    again = run_demo(tmp_path, *QUICK, "--name", "mine", "--seed", "1")
    assert again.code == 2 and "--name" in again.err and "--overwrite" in again.err
    replaced = run_demo(tmp_path, *QUICK, "--name", "mine", "--seed", "1", "--overwrite")
    assert replaced.code == 0
    record = json.loads((tmp_path / "runs" / "mine" / "run.json").read_text())
    assert record["settings"]["seed"] == 1


def test_overwrite_takes_away_old_pictures_and_no_other_file(tmp_path: Path) -> None:
    folder = run_demo(tmp_path, *QUICK, "--name", "mine").folder
    (folder / "curves.png").write_bytes(b"old")
    (folder / "thesis.txt").write_text("mine")
    assert run_demo(tmp_path, *QUICK, "--name", "mine", "--overwrite").code == 0
    assert not (folder / "curves.png").exists() and (folder / "thesis.txt").read_text() == "mine"


def test_overwrite_is_for_runs_only(tmp_path: Path) -> None:
    (tmp_path / "runs" / "photos").mkdir(parents=True)
    (tmp_path / "runs" / "photos" / "report.html").write_text("mine")
    run = run_demo(tmp_path, *QUICK, "--name", "photos", "--overwrite")
    assert run.code == 2 and "not the folder of a run" in run.err
    assert (tmp_path / "runs" / "photos" / "report.html").read_text() == "mine"


def test_fresh_names_count_on(tmp_path: Path) -> None:
    (tmp_path / "runs" / "digits-041").mkdir(parents=True)
    assert run_demo(tmp_path, *QUICK).folder.name == "digits-042"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    run = run_demo_into_file(tmp_path)
    assert run[0] == 2 and "--out" in run[1] and run[1].count("\n") == 1


def run_demo_into_file(tmp_path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_bp", "demo", *QUICK, "--out", str(tmp_path / "runs")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


# ------------------------------------------------------------------------------ what may be missing


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let these packages be missing."""
    for name in list(sys.modules):
        if name.split(".")[0] in packages or name == "tinygrad_bp.drawing.render":
            monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def fake(name, globals=None, locals=None, fromlist=(), level=0):
        if level == 0 and name.split(".")[0] in packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", fake)


def test_without_any_extra_it_trains_compares_and_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "matplotlib", "graphviz", "latex2mathml", "tqdm", "pooch")
    run = run_demo(tmp_path, "--epochs", "1")
    assert run.code == 0, run.err
    assert run.out.count(INSTALL) == 1
    assert "no curves.png, misclassified.png: matplotlib is missing" in run.out
    assert "no graph.svg, graph.png: graphviz is missing" in run.out
    assert "no backward.html: " in run.out
    assert "six gradients agree" in run.out
    assert max(len(line) for line in run.out.splitlines()) <= 80
    assert not list(run.folder.glob("*.png"))
    html = (run.folder / "report.html").read_text("utf-8")
    assert "matplotlib is missing" in html and "<img" not in html


def test_a_missing_program_that_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render = pytest.importorskip("tinygrad_bp.drawing.render")
    monkeypatch.setattr(render, "find_pure", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    run = run_demo(tmp_path, "--epochs", "1")
    assert run.code == 0
    assert "a program that draws graphs is missing" in run.out and INSTALL in run.out
    assert max(len(line) for line in run.out.splitlines()) <= 80
    assert (run.folder / "report.html").is_file() and not (run.folder / "graph.svg").exists()


def test_mnist_that_is_nowhere_names_the_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    monkeypatch.setattr(mnist_idx, "_import_pooch", lambda: None)
    run = run_demo(tmp_path, "--data", "mnist")
    assert run.code == 1 and run.out == ""
    assert INSTALL in run.err and "TINYGRAD_BP_DATA" in run.err and run.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


# -------------------------------------------------------------------------------------- interrupted


def interrupt_at(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Let Ctrl-C come in the middle of an epoch."""
    real, calls = training.mini_batch, []

    def interrupted(*args):
        calls.append(args)
        for number, batch in enumerate(real(*args)):
            if len(calls) == epoch and number == 7:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(training, "mini_batch", interrupted)


def test_ctrl_c_leaves_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_demo(tmp_path, "--epochs", "2", "--no-draw")
    interrupt_at(monkeypatch, 3)
    run = run_demo(tmp_path, "--epochs", "9", "--no-draw")
    assert run.code == cli.INTERRUPTED == 130
    assert "stopped by Ctrl-C" in run.out and "after epoch 2" in run.out
    # Of the epoch that was cut off, nothing is left: neither numbers nor half-changed weights.
    for name in ("metrics.jsonl", "weights.npz"):
        assert (run.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert json.loads((run.folder / "run.json").read_text())["ending"] == "interrupted"
    html = (run.folder / "report.html").read_text("utf-8")
    assert "Stopped by Ctrl-C" in html and html.rstrip().endswith("</html>")


def test_ctrl_c_in_the_first_epoch_still_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    interrupt_at(monkeypatch, 1)
    run = run_demo(tmp_path)
    assert run.code == 130 and "before the first epoch" in run.out
    assert (run.folder / "curves.png").read_bytes().endswith(b"IEND\xaeB`\x82")


def test_ctrl_c_before_anything_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_measure", interrupted)
    run = run_demo(tmp_path)
    assert run.code == 130 and run.err == "stopped\n"
    assert list((tmp_path / "runs").iterdir()) == []


def test_ctrl_c_while_writing_leaves_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def interrupted(self: Path, data: bytes) -> int:
        if "report.html" in self.name:
            real(self, data[: len(data) // 2])
            raise KeyboardInterrupt
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    run = run_demo(tmp_path, *QUICK)
    assert run.code == 130
    assert {path.name for path in run.folder.iterdir()} == {
        "metrics.jsonl", "run.json", "weights.npz",
    }  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_a_real_ctrl_c(tmp_path: Path) -> None:
    argv = ["-m", "tinygrad_bp", "demo", "--epochs", "100000", "--no-draw"]
    with subprocess.Popen(
        [sys.executable, *argv],
        cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        try:
            for line in process.stdout:
                if line.split()[:1] == ["1"]:
                    break
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130 and errors == ""
    assert "stopped by Ctrl-C" in rest and "report.html" in rest


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE")
def test_a_reader_that_goes_away_gets_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tinygrad_bp", "demo", "--epochs", "100000", "--no-draw"],
        cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        try:
            process.stdout.readline()
            process.stdout.close()
            errors = process.stderr.read()
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 141 and errors == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_terminal_gets_a_progress_bar_and_the_same_table(tmp_path: Path) -> None:
    pytest.importorskip("tqdm")
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "tinygrad_bp", "demo", "--epochs", "2", "--no-draw"],
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    text = seen.decode()
    assert "epoch 2: " in text and "/90 [" in text
    assert re.findall(r"\r +(\d)  +\d\.\d{4} .*\(\w+\)\r\n", text) == ["0", "1", "2"]
    # The bar is gone at the end: the last line that it was on is wiped.
    assert "updates/s" not in text[text.index("test accuracy") :]
