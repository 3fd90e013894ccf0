"""Single operations as machine code in steps that are not compiled: when, and what is kept."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.compiler.machine import single
from tinygrad_bp.op import Op
from tinygrad_bp.rules import conv, embedding, gelu, layer_norm, linalg, loss
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import native as door

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def _afresh(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put code in a folder of its own; begin as one who has computed much already."""
    monkeypatch.setenv("TINYGRAD_BP_CACHE", str(tmp_path_factory.getbasetemp() / "code"))
    begin = {
        "_kernels": {},
        "_asked": {},
        "_taken": {},
        "_spent": 0,
        "WORTH": 0,
        "EACH": 0,
        "_made": 0,
    }
    for name, value in begin.items():
        monkeypatch.setattr(door, name, value)
    monkeypatch.setattr(linalg, "SHARED", 0)


def ask(*operands: Any, work: float = 1) -> Any:
    return door.native(ew.add, operands, {}, work)


def normal(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def pulled(op: Op, wanted: list[bool], operands: Any, g: Any, **attrs: Any) -> tuple[Any, Any]:
    """Return what the rules of these inputs give, by machine code and by themselves."""
    plan = op.plan(int("1" + "".join(map(str, map(int, wanted))), 2))
    assert plan is not None
    kept = () if plan.keep is None else plan.keep(operands, op.run(*operands, **attrs))
    by_rules = [pull(g, kept, attrs) for pull in plan.pulls]
    found = plan.pull_all(g, kept, attrs)
    made = [k for key, k in door._kernels.items() if key[:2] == (op, plan.positions)]
    assert made and made[-1] is not None, "NumPy did it"
    return found, by_rules


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [(40,), (5, 8)])
@pytest.mark.parametrize("wanted", [(1, 1, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0)])
def test_the_rules_of_a_layer_at_once(wanted: Any, rows: Any, dtype: Any) -> None:
    operands = normal(*rows, 64, dtype=dtype), normal(48, 64, dtype=dtype), normal(48, dtype=dtype)
    g, turned = normal(*rows, 48, dtype=dtype), normal(48, *rows, dtype=dtype)
    for gradient in (g, np.moveaxis(turned, 0, -1)):
        found, by_rules = pulled(linalg.linear, wanted, operands, gradient)
        for x, y in zip(found, by_rules, strict=True):
            assert x.dtype == y.dtype and x.shape == y.shape
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4)


def _pulls() -> dict[str, Any]:
    x, y = normal(6, 70, 20), np.arange(420) % 11
    stack = normal(3, 4, 30, 20), normal(3, 4, 20, 25)
    turned = stack[0].swapaxes(1, 2), stack[1].swapaxes(-1, -2).copy().swapaxes(-1, -2)
    norm, logits = (x, normal(20), normal(20) + 1), normal(420, 11)
    return {
        "stacks": (linalg.matmul, stack, normal(3, 4, 30, 25)),
        "stacks turned": (linalg.matmul, (turned[0].swapaxes(1, 2), turned[1]),
                          normal(3, 4, 30, 25)),
        "rows of a stack": (linalg.matmul, (x, normal(20, 25)), normal(6, 70, 25)),
        "a matrix for all": (linalg.matmul, (normal(5, 20), normal(6, 20, 70)), normal(6, 5, 70)),
        "gelu": (gelu.gelu, (x,), normal(6, 70, 20)),
        "layer norm": (layer_norm.layer_norm, norm, normal(6, 70, 20), {"eps": 1e-5}),
        "cross entropy": (loss.softmax_cross_entropy, (logits, y), np.float32(0.3)),
    }  # fmt: skip


@pytest.mark.parametrize("name", _pulls())
def test_rules_as_machine_code(name: str) -> None:
    op, operands, g, *attrs = _pulls()[name]
    wanted = [op.rule_for(i) is not None for i in range(len(operands))]
    found, by_rules = pulled(op, wanted, operands, g, **(attrs[0] if attrs else {}))
    for x, y in zip(found, by_rules, strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", _pulls())
def test_forwards_as_machine_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, operands, _, *attrs = _pulls()[name]
    found = op.run(*operands, **(attrs[0] if attrs else {}))
    assert any(op in key for key in door._kernels)
    monkeypatch.setattr(door, "_spent", -1e30)
    expected = op.run(*operands, **(attrs[0] if attrs else {}))
    assert np.shape(found) == np.shape(expected) and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_channels_that_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    x = normal(9, 8, 13, 11)
    found = conv.channel_sums.run(x)
    assert any(conv.channel_sums in key for key in door._kernels)
    monkeypatch.setattr(door, "_spent", -1e30)
    np.testing.assert_allclose(found, conv.channel_sums.run(x), rtol=1e-4, atol=1e-4)


def test_rows_that_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(3, 70, 32), np.arange(210).reshape(3, 70) % 9
    found = embedding.add_rows.run(x, y, count=12)
    assert any(embedding.add_rows in key for key in door._kernels)
    from_the_end = embedding.add_rows.run(x, y - 12, count=12)  # numbers that the kernel refuses
    monkeypatch.setattr(door, "_spent", -1e30)
    expected = embedding.add_rows.run(x, y, count=12)
    for each in (found, from_the_end):
        np.testing.assert_allclose(each, expected, rtol=1e-5, atol=1e-5)


def test_a_layer_learns_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained() -> list[Any]:
        tgb.manual_seed(0)
        net = tgb.nn.Sequential(tgb.nn.Linear(30, 40), tgb.nn.ReLU(), tgb.nn.Linear(40, 3))
        optimizer = tgb.optim.Adam(net.parameters())
        x, y = tgb.randn(50, 30, requires_grad=True), tgb.randint(0, 3, (50,))
        for _ in range(5):
            loss = tgb.nn.functional.cross_entropy(net(x), y)
            (slope,) = tgb.autograd.grad(loss, x, create_graph=True)
            optimizer.zero_grad()
            (loss + (slope * slope).sum()).backward()
            optimizer.step()
        return [p.detach().numpy().copy() for p in net.parameters()]

    native = trained()
    assert any(linalg.linear in key for key in door._kernels)
    monkeypatch.setattr(door, "_spent", -1e30)
    for x, y in zip(native, trained(), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=1e-5)


def numbers(n: int = 5) -> Any:
    return np.arange(n, dtype=np.float32)


def test_the_same_numbers() -> None:
    found = ask(numbers(), numbers())
    assert (found == numbers() * 2).all()
    assert (ask(numbers()[::-1], numbers()) == 4).all()


def views() -> dict[str, Any]:
    x = normal(6, 8, 10)
    return {
        "turned": x.transpose(2, 0, 1), "cut": x[1:5, ::2, 3:9], "repeated": np.broadcast_to(
            x[0, :, :1], (4, 8, 10)), "one": x[:, 3:4, :], "column": x[2, :, 3],
    }  # fmt: skip


@pytest.mark.parametrize("name", views())
def test_operands_are_read_where_they_lie(name: str) -> None:
    x = views()[name]
    for y in (np.ascontiguousarray(x) * 2, x):
        found = ask(x, y)
        assert found is not None and found.flags.c_contiguous
        np.testing.assert_array_equal(found, x + y)


def test_only_what_has_been_asked_for_often_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_spent", door.WORTH - 10)
    monkeypatch.setattr(door, "EACH", 10)
    answers = [ask(numbers(), numbers(), work=10) is not None for _ in range(4)]
    assert answers == [False, False, True, True]
    assert ask(numbers(6), numbers(6), work=9) is None
    assert ask(numbers(6), numbers(6), work=9) is None
    assert ask(numbers(6), numbers(6), work=9) is not None


def test_kernels_and_notes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIMIT", 3)
    for n in range(1, 8):
        assert ask(numbers(n), numbers(n)) is not None
    assert len(door._kernels) == 3
    monkeypatch.setattr(door, "EACH", 10)
    monkeypatch.setattr(door, "_NOTED", 3)
    for n in range(10, 18):
        assert ask(numbers(n), numbers(n)) is None
    assert len(door._asked) <= 3


def test_many_shapes_are_compiled_ever_less(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"EACH": 10, "DOUBLED": 2, "_made": 0}.items():
        monkeypatch.setattr(door, name, value)

    def calls_until_there_is_one(n: int) -> int:
        calls = 1
        while ask(numbers(n), numbers(n), work=10) is None:
            calls += 1
        return calls

    assert [calls_until_there_is_one(n) for n in range(1, 7)] == [2, 2, 3, 3, 5, 5]


def test_nothing_is_kept() -> None:
    ask(numbers(), numbers())
    x = numbers()
    gone, out = weakref.ref(x), ask(x, x)
    result = weakref.ref(out)
    assert (out == x * 2).all()
    del x, out
    assert gone() is None
    assert result() is None


def test_results_stay_what_they_are() -> None:
    first = ask(numbers(), numbers())
    ask(numbers() + 1, numbers())
    assert (first == numbers() * 2).all()


def test_what_is_no_plain_array_is_left_to_numpy() -> None:
    class Other(np.ndarray[Any, Any]):
        pass

    swapped = numbers().astype(numbers().dtype.newbyteorder())
    odd = np.zeros(21, np.uint8)[1:].view(np.float32)
    for x in (1.0, numbers().view(Other), swapped, odd):
        assert ask(x, numbers()) is None
    assert not any(door._kernels.values())


def test_a_compiler_that_fails_is_nobodys_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no such processor")

    with monkeypatch.context() as broken:
        broken.setattr(single, "NativeStep", fail)
        assert ask(numbers(), numbers()) is None
    assert ask(numbers(), numbers()) is None  # nor is it tried again
    assert ask(numbers(6), numbers(6)) is not None


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "find_spec", lambda name: None)
    assert ask(numbers(), numbers()) is None
    assert not door.ready()
    assert ask(numbers(), numbers()) is None


def test_a_call_that_only_numpy_can_do() -> None:
    half = np.ones(4, np.float16)
    expected = ew.add.forward(half, half)
    found = ask(half, half)
    assert found is None or (found == expected).all()
    assert door.native(ew.add, (np.ones(3, complex), np.ones(3, complex)), {}, 1) is None


def test_several_threads() -> None:
    x = np.arange(100_000, dtype=np.float64)
    wrong = []

    def work() -> None:
        for k in range(100):
            found = ask(x, x + k)
            if found is not None and not (found == 2 * x + k).all():
                wrong.append(k)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_goes_on() -> None:
    assert ask(numbers(), numbers()) is not None
    child = os.fork()
    if not child:
        found = ask(numbers(), numbers())
        os._exit(0 if found is not None and (found == numbers() * 2).all() else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert ask(numbers(), numbers()) is not None
