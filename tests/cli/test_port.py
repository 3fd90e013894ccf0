"""``tinygrad-bp port``: the rewritten imports, and the names that are missing."""

import ast
import io
import sys

import pytest

from tinygrad_bp import cli
from tinygrad_bp.port import find_missing, rewrite

LINES = [
    ("import torch", "import tinygrad_bp as torch"),
    ("import torch as T", "import tinygrad_bp as T"),
    ("import torch.nn as nn", "import tinygrad_bp.nn as nn"),
    ("import torch.nn", "import tinygrad_bp.nn, tinygrad_bp as torch"),
    ("import os, torch, sys as s", "import os, tinygrad_bp as torch, sys as s"),
    ("from torch import nn", "from tinygrad_bp import nn"),
    (
        "from  torch.nn import (\n    Linear as L,\n)",
        "from  tinygrad_bp.nn import (\n    Linear as L,\n)",
    ),
    ("from \\\n  torch import nn", "from \\\n  tinygrad_bp import nn"),
    ("import torch, \\\n  os", "import \\\ntinygrad_bp as torch, os"),
    ("é = 1; import torch; x = 2", "é = 1; import tinygrad_bp as torch; x = 2"),
    ("if 1:\n\timport torch  # why", "if 1:\n\timport tinygrad_bp as torch  # why"),
    ("import torchvision", "import torchvision"),
    ("from torchvision import torch", "from torchvision import torch"),
    ("from .torch import nn", "from .torch import nn"),
    ("'import torch'", "'import torch'"),
    ("import torch\r\nx = 1\r\n", "import tinygrad_bp as torch\r\nx = 1\r\n"),
]


@pytest.mark.parametrize(("before", "after"), LINES)
def test_import_lines(before, after):
    assert rewrite(before) == after
    assert before.count("\n") == after.count("\n")
    ast.parse(after)


def missing(source):
    return [(m.line, m.name) for m in find_missing(ast.parse(source))]


def test_names_are_followed_through_imports():
    source = """\
import torch
import torch.nn as nn, torch.nn.functional as F
from torch import optim as O, no_such_name
from torch.no_such_room import thing
torch.ones(2).no_such_method()
nn.Linear(2, torch.missing_one(3)); nn.MissingLayer()
F.missing_function
O.SGD; O.MissingOptimizer
torch.Tensor.missing_method
class Net(nn.Module):
    x: torch.MissingType = nn.MissingLayer
"""
    assert missing(source) == [
        (3, "torch.no_such_name"), (4, "torch.no_such_room"), (6, "torch.missing_one"),
        (6, "torch.nn.MissingLayer"), (7, "torch.nn.functional.missing_function"),
        (8, "torch.optim.MissingOptimizer"), (9, "torch.Tensor.missing_method"),
        (11, "torch.MissingType"),
    ]  # fmt: skip


def test_names_that_a_function_binds_hide_imports():
    source = """\
from torch import nn
import torch.nn.functional as F
def f(nn, *, F=F.missing_default):
    return nn.missing + F.missing
def g():
    F = 1
    return F.missing
def h():
    import torch as t
    return t.missing_here
lambda nn: nn.missing
nn = 3
"""
    assert missing(source) == [
        (3, "torch.nn.functional.missing_default"), (10, "torch.missing_here"),
    ]  # fmt: skip


def test_everyday_names_are_there():
    source = """\
import torch, torch.nn as nn, torch.utils.data
from torch.utils.data import DataLoader, Dataset
from torch.autograd import Variable
from torch.cuda.amp import autocast, GradScaler
import torch.backends.cudnn as cudnn
cudnn.benchmark = True
torch.device('cuda' if torch.cuda.is_available() else 'cpu')
torch.save, torch.load, torch.manual_seed, torch.utils.checkpoint.checkpoint, torch.func.vmap
"""
    assert missing(source) == []


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_bytes(b"# -*- coding: latin-1 -*-\nimport torch\nx = '\xe9'\n")
    return path


def test_the_command_prints_the_script(script, capsys):
    assert cli.main(["port", str(script)]) == 0
    out, err = capsys.readouterr()
    assert out == "# -*- coding: latin-1 -*-\nimport tinygrad_bp as torch\nx = 'é'\n" and not err


def test_the_command_writes_a_file_in_the_encoding_of_the_script(script, tmp_path, capsys):
    target = tmp_path / "ported.py"
    assert cli.main(["port", str(script), "--output", str(target)]) == 0
    assert target.read_bytes() == script.read_bytes().replace(
        b"import torch", b"import tinygrad_bp as torch"
    )
    assert capsys.readouterr().out == ""


def test_what_is_missing_goes_to_standard_error(tmp_path, capsys):
    path = tmp_path / "script.py"
    path.write_text("import torch\ntorch.no_such_name(1)\n")
    assert cli.main(["port", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("import tinygrad_bp as torch")
    assert err == f"{path}:2: torch.no_such_name is missing in tinygrad_bp\n"


def test_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"import torch\n")))
    assert cli.main(["port", "-"]) == 0
    assert capsys.readouterr().out == "import tinygrad_bp as torch\n"


@pytest.mark.parametrize("content", [b"print 'python 2'\n", b"\xff\xfe\x00", b"import torch\0\n"])
def test_what_can_not_be_read(tmp_path, capsys, content):
    path = tmp_path / "script.py"
    path.write_bytes(content)
    assert cli.main(["port", str(path)]) == 2
    assert "no Python 3 script" in capsys.readouterr().err
    assert cli.main(["port", str(tmp_path / "nothing.py")]) == 2
    assert "can't read" in capsys.readouterr().err
