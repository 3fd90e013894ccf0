"""What is said while a step is compiled for long; and that nothing is, otherwise."""

from __future__ import annotations

import contextlib
import io
import threading
from typing import Any

import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS
from tinygrad_bp.compiler import progress
from tinygrad_bp.compiler.progress import Progress, at


class Stream(io.StringIO):
    """Standard error, which tells when something new has been written."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal, self.written = terminal, threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def flush(self) -> None:
        self.written.set()

    def wait(self) -> None:
        assert self.written.wait(10)
        self.written.clear()


@pytest.fixture(params=[False, True], ids=["file", "terminal"])
def stream(request: Any, monkeypatch: pytest.MonkeyPatch) -> Stream:
    found = Stream(request.param)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    return found


def test_each_stage_is_named(stream: Stream) -> None:
    # Not by a fixture: pytest puts its own standard error back for the test.
    with contextlib.redirect_stderr(stream), Progress("train"):
        stream.wait()
        for stage in ("fusing", "LLVM"):
            at(stage)
            stream.wait()
    before, end = ("\r\x1b[K", "") if stream.terminal else ("", "\n")
    found = stream.getvalue()
    assert f"{before}tgb.compile: train: fusing …{end}" in found
    assert found.index("fusing") < found.index("LLVM") < found.index("train: compiled in ")
    assert found.endswith(" s\n")


def test_what_fails_is_given_up(stream: Stream) -> None:
    def fail() -> None:
        with Progress("train"):
            stream.wait()
            raise ValueError("no")

    with contextlib.redirect_stderr(stream), pytest.raises(ValueError, match="no"):
        fail()
    assert "tgb.compile: train: given up after " in stream.getvalue()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_that_takes_long_says_so(stream: Stream, backend: str) -> None:
    @tgb.compile(backend=backend)
    def slow(x: Any) -> Any:
        stream.wait()
        return x + 1

    with contextlib.redirect_stderr(stream):
        assert slow(tgb.ones(2)).tolist() == [2, 2]
    assert "tgb.compile: slow: noting its operations …" in stream.getvalue()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_that_takes_no_time_says_nothing(backend: str, capsys: Any) -> None:
    step = tgb.compile(lambda x: x + 1, backend=backend)
    step(tgb.ones(2))
    assert capsys.readouterr() == ("", "")


def test_nothing_is_said_where_nothing_is_compiled(capsys: Any) -> None:
    at("fusing")
    assert capsys.readouterr() == ("", "")


def test_without_standard_error_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0)
    reached = threading.Event()
    say = Progress._say

    def then(*args: Any, **kwargs: Any) -> None:
        say(*args, **kwargs)
        reached.set()

    monkeypatch.setattr(Progress, "_say", then)
    with contextlib.redirect_stderr(None), Progress("train"):
        assert reached.wait(10)
