"""Each ``tinygrad-bp`` line of docs/training.md runs, in the order of the page."""

import shlex

import pytest

from tinygrad_bp import cli

from .test_snippets import ROOT, blocks_of

BLOCKS, _ = blocks_of((ROOT / "docs" / "training.md").read_text(encoding="utf-8"))
LINES = [line for b in BLOCKS if b.language == "sh" for line in b.source.splitlines() if line]
MODELS = [line for b in BLOCKS if b.language == "console"
          for line in b.source.replace("\\\n", "").splitlines()
          if line.startswith("tinygrad-bp")]  # fmt: skip


def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    for line in LINES:
        program, *words = shlex.split(line)
        assert program == "tinygrad-bp" and cli.main(words) == 0, capsys.readouterr().err
    assert len(LINES) >= 5


@pytest.mark.parametrize("line", MODELS)
def test_the_long_commands_run_on_small_data(line, tmp_path, monkeypatch, capsys):
    pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    words[words.index("mnist")] = "digits"
    words[words.index("--epochs") + 1] = "1"
    model = words.index("--model") + 1
    if words[model].endswith(".py"):
        words[model] = str(ROOT / words[model])
    else:
        words[model] = words[model].replace("784", "64")
    assert cli.main([*words, "--no-report"]) == 0, capsys.readouterr().err
