"""Machine code without LLVM in the process: another one compiles, the loader loads."""

from __future__ import annotations

import ctypes
import gc
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llvmlite")

from tinygrad_bp.compiler.machine import helper, library, loader
from tinygrad_bp.compiler.machine.helper import AbsentError, Helper
from tinygrad_bp.compiler.machine.loader import Loaded, UnfamiliarError

posix = pytest.mark.skipif(os.name != "posix", reason="elsewhere LLVM runs in the process itself")
linux = pytest.mark.skipif(not loader.familiar(), reason="the loader is for Linux on x86-64")

#: What is called outside, constants of 32 bytes, a call of one function by another.
TEXT = """
declare double @exp(double)

define double @plus_one(double %x) noinline {
  %y = fadd double %x, 1.0
  ret double %y
}

define double @f(double %x) {
  %y = call double @plus_one(double %x)
  %z = call double @exp(double %y)
  ret double %z
}

define void @scale(ptr %x) {
  %v = load <4 x double>, ptr %x, align 8
  %w = fmul <4 x double> %v, <double 1.5, double 2.5, double 3.5, double 4.5>
  store <4 x double> %w, ptr %x, align 8
  ret void
}
"""


def call(library: Any, x: float) -> float:
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(library.address("f"))
    result: float = function(x)
    return result


@pytest.fixture(scope="module")
def code() -> bytes:
    return library.compiled(TEXT)


@linux
def test_the_loader_does_as_llvm(code: bytes) -> None:
    from tinygrad_bp.compiler.machine.llvm import Engine

    ours, theirs = Loaded(code), Engine(code)
    assert call(ours, 1.0) == call(theirs, 1.0) == pytest.approx(2.718281828**2)
    for loaded in (ours, theirs):
        numbers = (ctypes.c_double * 4)(1, 2, 3, 4)
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loaded.address("scale"))(numbers)
        assert list(numbers) == [1.5, 5.0, 10.5, 18.0]
        assert loaded.address("other") == 0


@linux
def test_code_goes_with_its_library(code: bytes) -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("r-xp")

    gc.collect()
    before = mapped()
    held = [Loaded(code) for _ in range(20)]
    assert mapped() > before
    held.clear()
    assert mapped() == before


@linux
@pytest.mark.parametrize(
    ("at", "bytes_"), [(0, b"\xcf\xfa\xed\xfe"), (4, b"\x01"), (18, struct.pack("<H", 183))],
    ids=["of another system", "of 32 bits", "for another processor"],
)  # fmt: skip
def test_a_file_of_another_kind_is_left_to_llvm(code: bytes, at: int, bytes_: bytes) -> None:
    with pytest.raises(UnfamiliarError):
        Loaded(code[:at] + bytes_ + code[at + len(bytes_) :])


@linux
def test_a_function_that_is_nowhere_is_left_to_llvm() -> None:
    code = library.compiled(TEXT.replace("@exp", "@nowhere_at_all"))
    with pytest.raises(UnfamiliarError, match="nowhere_at_all"):
        Loaded(code)


@linux
def test_an_unknown_relocation_is_left_to_llvm(code: bytes) -> None:
    (start,) = struct.unpack_from("<Q", code, 40)
    (count,) = struct.unpack_from("<H", code, 60)
    changed = bytearray(code)
    for i in range(count):
        kind, at = struct.unpack_from("<4xI16xQ", code, start + 64 * i)
        if kind == 4:
            changed[at + 8] = 42
    with pytest.raises(UnfamiliarError, match="42"):
        Loaded(bytes(changed))


@linux
def test_variables_are_left_to_llvm() -> None:
    text = (
        "@n = global i64 1\n"
        "define i64 @f() {\n  %x = load i64, ptr @n\n  store i64 2, ptr @n\n  ret i64 %x\n}"
    )
    code = library.compiled(text)
    with pytest.raises(UnfamiliarError, match="written"):
        Loaded(code)
    loaded = library.Library(code)
    function = ctypes.CFUNCTYPE(ctypes.c_int64)(loaded.address("f"))
    assert [function(), function()] == [1, 2]


def test_what_llvm_does_not_take_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="expected"):
        library.compiled("nonsense")
    assert len(library.compiled(TEXT)) > 0


@posix
def test_a_helper_that_has_ended_is_started_again(code: bytes) -> None:
    ours = Helper()
    assert ours.compiled(TEXT) == code
    assert ours._process is not None
    first = ours._process
    first.kill()
    first.wait()
    assert ours.compiled(TEXT) == code
    assert ours._process is not first
    assert first.returncode is not None
    ours.end()
    assert ours._process is None


@posix
@pytest.mark.parametrize("command", ["/nowhere/python", "/bin/false", "/bin/cat"])
def test_without_a_helper_the_process_compiles_itself(
    command: str, monkeypatch: pytest.MonkeyPatch, code: bytes
) -> None:
    monkeypatch.setattr(sys, "executable", command)
    monkeypatch.setattr(helper, "_helper", Helper())
    monkeypatch.setattr(helper, "PATIENCE", 0.2)
    with pytest.raises(AbsentError):
        helper.compiled_elsewhere(TEXT)
    assert library.compiled(TEXT) == code


#: Compiles, and says which of its modules were loaded; then again in a fork, and in its parent.
_TRAIN = """
import os, sys
import tinygrad_bp as tgb

def step(n):
    compiled = tgb.compile(lambda x: (tgb.tanh(x) * n).sum())
    for _ in range(3):
        assert compiled(tgb.ones(n)).item() > 0

step(3)
print("llvmlite.binding" in sys.modules, flush=True)
child = os.fork()
step(4)
if not child:
    os._exit(0)
print(os.waitpid(child, 0)[1])
step(5)
"""


@linux
def test_a_process_that_trains_loads_no_llvm_and_may_fork() -> None:
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TINYGRAD_BP_CACHE": "",
    }  # fmt: skip
    out = subprocess.run([sys.executable, "-W", "error", "-c", _TRAIN], env=environment, check=True,
                         capture_output=True, text=True, timeout=120)  # fmt: skip
    assert out.stdout.split() == ["False", "0"]
    # On a busy machine it says that it takes long.
    assert all(line.startswith("tgb.compile: ") for line in out.stderr.splitlines())
