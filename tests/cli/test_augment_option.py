"""``tinygrad-bp train --augment``: kept with the run, repeated by resume; refusals in a line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import cli
from tinygrad_bp.transforms import AUGMENTATIONS

ALL = "rotate:10,shift:1,scale:0.1,shear:5,elastic:0.5,crop:1,noise:0.05,erase,cutout:2,mixup:0.2"
RUN = ("train", "--data", "digits", "--no-report", "--model", "mlp:in-16-out")


def run(capsys: Any, *argv: str) -> tuple[int, str, str]:
    capsys.readouterr()
    try:
        code = cli.main(list(argv))
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)


def weights(name: str) -> dict[str, Any]:
    state: dict[str, Any] = tgb.load(Path("runs", name, "model.safetensors"))
    return state


def test_it_is_said_kept_and_repeated_after_a_kill(capsys: Any) -> None:
    options = (*RUN, "--augment", ALL, "--epochs", "4", "--checkpoint-every", "0")
    code, out, err = run(capsys, *options, "--name", "whole")
    assert code == 0 and err == "" and "augmented  shift 1, rotate 10" in out
    assert max(map(len, out.splitlines())) <= 80
    record = json.loads(Path("runs/whole/run.json").read_text())
    assert record["training"]["augment"].startswith("shift:1,rotate:10,scale:0.1")
    assert "--augment shift:1,rotate:10" in record["command"]

    argv = [sys.executable, "-m", "tinygrad_bp", *options, "--name", "cut"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.split()[:1] == ["2"]:
                break
        os.kill(process.pid, signal.SIGKILL)
    code, out, err = run(capsys, "resume", "runs/cut", "--no-report")
    assert code == 0 and err == "" and "augmented" in out
    whole, cut = weights("whole"), weights("cut")
    assert all(np.array_equal(whole[k].numpy(), cut[k].numpy()) for k in whole)
    assert run(capsys, "evaluate", "runs/cut")[0] == 0

    assert run(capsys, *RUN, "--epochs", "4", "--name", "bare")[0] == 0
    assert not np.array_equal(weights("bare")["1.weight"].numpy(), whole["1.weight"].numpy())


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("turn:3", 2, "no augmentation 'turn': there are flip, vflip, shift"),
        ("shift:lots", 2, "shift:PIXELS takes a number from 0 on, not 'lots'"),
        ("rotate:720", 2, "from 0 to 180, not '720'"),
        ("", 2, "no augmentation ''"),
        ("mixup,cutmix", 2, "take one of them"),
        ("shift:99", 1, "--augment: shift:99 is more than images of 8 x 8 have pixels"),
    ],
)
def test_bad_ones_are_told_in_a_line(capsys: Any, text: str, code: int, words: str) -> None:
    given, out, err = run(capsys, *RUN, "--augment", text)
    assert given == code and out == "" and words in err
    assert len(err.splitlines()) == 1 and not Path("runs").exists()


def test_what_does_not_go_together(capsys: Any) -> None:
    code, _, err = run(capsys, "train", "--data", "moons", "--augment", "flip")
    assert code == 1 and "flip is for images" in err and len(err.splitlines()) == 1
    code, _, err = run(capsys, *RUN, "--augment", "mixup", "--loss", "nll")
    assert code == 1 and "cross_entropy does" in err and not Path("runs").exists()


def test_tables_have_noise_on_their_numbers(capsys: Any) -> None:
    rows = ["size,colour,kind"] + ["1.5,red,a", "2.5,blue,b", "1.7,red,a", "2.2,blue,b"] * 10
    Path("t.csv").write_text("\n".join(rows))
    code, out, err = run(capsys, "train", "--data", "t.csv", "--target", "kind", "--epochs", "2",
                         "--augment", "noise:0.3,mixup", "--no-report")  # fmt: skip
    assert code == 0 and err == "" and "augmented  noise 0.3, mixup 0.2" in out


def test_help_lists_every_name(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, "train", "--help")
    words = out.replace(",", " ").replace("[", " ").replace(":", " ").split()
    assert code == 0 and set(AUGMENTATIONS) <= set(words)
    assert max(map(len, out.splitlines())) <= 80
