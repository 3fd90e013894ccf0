"""Killed at random moments and resumed, runs end at the bits of runs that never were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def killing(*arguments: str) -> dict[str, Any]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.train.killing", *arguments], cwd=ROOT, text=True,
        capture_output=True, timeout=300, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_at_fifty_random_moments(tmp_path: Path) -> None:
    found = killing("50", str(tmp_path))
    assert found["kills"] >= 50 and len(found["equal"]) >= 3 and all(found["equal"])


def test_before_each_call_that_writes_a_checkpoint(tmp_path: Path) -> None:
    found = killing("writing", str(tmp_path))
    assert all(found["equal"]) and len(found["places"]) == 20
    assert found["left"] == []
