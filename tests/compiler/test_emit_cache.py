"""Machine code on disk: found again, and never run if it is not what was saved."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinygrad_bp as tgb
from tests.compiler.building import Building, agree
from tinygrad_bp.compiler.machine import cache
from tinygrad_bp.rules import elementwise as ew

posix = pytest.mark.skipif(os.name != "posix", reason="the modes of files are POSIX's")


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache"
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(path))
    return path


def test_what_was_saved_is_found(where: Path) -> None:
    assert cache.load("a") is None
    cache.save("a", b"code")
    assert cache.load("a") == b"code"
    assert cache.load("b") is None


@posix
def test_nobody_else_may_read_or_write(where: Path) -> None:
    cache.save("a", b"code")
    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    (entry,) = where.iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    entry.chmod(0o666)
    assert cache.load("a") is None
    entry.chmod(0o600)
    assert cache.load("a") == b"code"
    where.chmod(0o777)
    assert cache.load("a") is None


@pytest.mark.parametrize("cut", [0, 5, 30, 60, 62])
def test_a_torn_entry_is_ignored(where: Path, cut: int) -> None:
    cache.save("a", b"code")
    (entry,) = where.iterdir()
    entry.write_bytes(entry.read_bytes()[:cut])
    assert cache.load("a") is None
    cache.save("a", b"code")
    assert cache.load("a") == b"code"


def test_an_altered_entry_is_ignored(where: Path) -> None:
    cache.save("a", b"code")
    (entry,) = where.iterdir()
    data = bytearray(entry.read_bytes())
    data[-1] ^= 1
    entry.write_bytes(bytes(data))
    assert cache.load("a") is None


def test_an_entry_under_another_name_is_ignored(where: Path) -> None:
    cache.save("a", b"code")
    (first,) = where.iterdir()
    cache.save("b", b"other")
    (second,) = set(where.iterdir()) - {first}
    first.replace(second)
    assert cache.load("b") is None


@posix
def test_a_link_is_not_followed(where: Path, tmp_path: Path) -> None:
    cache.save("a", b"code")
    (entry,) = where.iterdir()
    elsewhere = tmp_path / "elsewhere"
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)
    assert cache.load("a") is None


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYGRAD_BP_CACHE", "")
    cache.save("a", b"code")
    assert cache.folder() is None
    assert cache.load("a") is None


def test_the_oldest_go(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 1000)
    for i in range(5):
        cache.save(f"{i}", bytes(300))
        (where / cache._name(f"{i}")).touch()
        os.utime(where / cache._name(f"{i}"), (i, i))
    assert sum(f.stat().st_size for f in where.iterdir()) <= 1000
    assert cache.load("4") is not None


_WRITER = """
import sys
from tinygrad_bp.compiler.machine import cache
print("ready", flush=True)
while True:
    for i in range(8):
        cache.save(str(i), bytes([i]) * 200_000)
"""


def test_a_writer_that_is_killed_leaves_whole_entries(where: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        writers = [
            subprocess.Popen([sys.executable, "-c", _WRITER], env=environment,
                             stdout=subprocess.PIPE)
            for _ in range(2)
        ]  # fmt: skip
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        for _ in range(200):
            for i in range(8):
                assert cache.load(str(i)) in (None, bytes([i]) * 200_000)
        for writer in writers:
            writer.kill()
            writer.communicate()
    for i in range(8):
        assert cache.load(str(i)) in (None, bytes([i]) * 200_000)


_COMPILING = """
import tinygrad_bp as tgb
print("ready", flush=True)
from tinygrad_bp.compiler.machine import cache
while True:
    for n in range(1, 5):
        step = tgb.compile(lambda x: (tgb.tanh(x) * 2).sum(0))
        for _ in range(2):
            step(tgb.ones(n, 3))
    for entry in cache.folder().glob("*.o"):
        entry.unlink()
"""


def test_whoever_comes_after_a_killed_process_computes_right(where: Path) -> None:
    pytest.importorskip("llvmlite")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    moments = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", _COMPILING], env=environment,
                                   stdout=subprocess.PIPE)  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0.05, 0.4))
        process.kill()
        process.communicate()
        for n in range(1, 5):
            x = tgb.arange(3.0 * n).reshape(n, 3) / 10
            step = tgb.compile(lambda x: (tgb.tanh(x) * 2).sum(0))
            for _ in range(3):
                tgb.testing.assert_close(step(x), (tgb.tanh(x) * 2).sum(0))


def test_what_a_killed_process_left_unfinished_goes(where: Path) -> None:
    cache.save("a", b"code")
    torn = where / "new-torn"
    torn.write_bytes(b"half")
    os.utime(torn, (0, 0))
    cache.save("b", b"code")
    assert not torn.exists()
    assert len(list(where.iterdir())) == 2


@pytest.mark.parametrize("broken", ["os.replace", "os.fdopen", "tempfile.mkstemp"])
def test_a_full_disk_is_no_error(where: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    pytest.importorskip("llvmlite")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def check() -> None:
        step = tgb.compile(lambda x: x * 5 - 1)
        for _ in range(3):
            assert step(tgb.ones(3, 2)).tolist() == [[4, 4]] * 3

    with monkeypatch.context() as patch:
        patch.setattr(broken, full)
        check()
    assert not list(where.iterdir())
    check()
    assert len(list(where.iterdir())) == 1


def test_a_folder_that_can_not_be_made_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path / "file" / "cache"))
    assert cache.folder() is None
    assert tgb.compile(lambda x: x * 7)(tgb.ones(2)).tolist() == [7, 7]


def test_a_program_is_compiled_once(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    from tinygrad_bp.compiler.machine import native

    built = Building()
    x = built.input(built.normal(3, 4))
    built.output(built(ew.tanh, x))
    agree(built, "native")
    assert len(list(where.iterdir())) == 1

    def refuse(text: str) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(native, "compiled", refuse)
    agree(built, "native")
