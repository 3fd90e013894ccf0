"""One run with the defaults, which most tests look at; and readers for what a run prints."""

import contextlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from tinygrad_bp import cli


class Run(NamedTuple):
    code: int
    out: str
    err: str
    folder: Path


def run_demo(where: Path, *options: str) -> Run:
    """Run ``tinygrad-bp demo`` inside the folder `where`; `folder` is its newest run."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(where)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(["demo", *options])
    finally:
        os.chdir(before)
    runs = sorted((where / "runs").glob("*"), key=lambda folder: folder.stat().st_mtime_ns)
    return Run(code, out.getvalue(), err.getvalue(), runs[-1] if runs else where / "runs")


@pytest.fixture(scope="session")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_demo(tmp_path_factory.mktemp("defaults"))
