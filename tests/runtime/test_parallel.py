"""Work in several threads: the same numbers, errors and settings, whatever the number."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import parallel
from tinygrad_bp.nn import functional as F


class Knob:
    """Stands for OpenBLAS's number of threads."""

    def __init__(self, threads: int) -> None:
        self.threads, self.heard = threads, list[int]()

    def set(self, threads: int) -> None:
        self.heard.append(threads)
        self.threads = threads

    def find(self, verb: str) -> Any:
        return {"get": lambda: self.threads, "set": self.set}[verb]


@pytest.fixture
def knob(monkeypatch: pytest.MonkeyPatch) -> Knob:
    made = Knob(3)
    monkeypatch.setattr(parallel, "_knob", made.find)
    monkeypatch.setattr(parallel, "WORTH", 0)
    return made


def test_parts_cover_the_work_in_order_and_blas_is_held_meanwhile(knob: Knob) -> None:
    seen = parallel.share(8, 1, lambda part: (part.start, part.stop, knob.threads))
    assert seen == [(0, 2, 1), (2, 5, 1), (5, 8, 1)]
    assert knob.heard == [1, 3]


def test_parts_run_in_threads_of_their_own(knob: Knob) -> None:
    together = threading.Barrier(3, timeout=20)  # passed only if all three are there at once
    names = parallel.share(3, 1, lambda part: (together.wait(), threading.get_ident())[1])
    assert len(set(names)) == 3


@pytest.mark.parametrize("count", [0, 1])
def test_what_cannot_be_parted_stays_whole(knob: Knob, count: int) -> None:
    assert parallel.share(count, 1, lambda part: part) == [slice(0, count)]
    assert not knob.heard


def test_one_thread_of_blas_means_one_thread(knob: Knob) -> None:
    knob.threads = 1
    assert parallel.share(4, 1, lambda part: part) == [slice(0, 4)]


def test_little_work_stays_whole(knob: Knob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH", 100)
    assert parallel.share(4, 99, lambda part: part) == [slice(0, 4)]


def test_work_within_work_stays_whole(knob: Knob) -> None:
    inner = parallel.share(3, 1, lambda part: parallel.share(9, 1, lambda p: p))
    assert inner == [[slice(0, 9)]] * 3


@pytest.mark.parametrize("bad", [0, 2])
def test_an_error_arrives_after_all_parts_have_ended(knob: Knob, bad: int) -> None:
    ended = []

    def work(part: slice) -> None:
        if part.start == bad:
            raise ValueError("no")
        time.sleep(0.05)
        ended.append(part.start)

    with pytest.raises(ValueError, match="no"):
        parallel.share(3, 1, work)
    assert sorted(ended) == [i for i in range(3) if i != bad]
    assert knob.threads == 3
    assert len(parallel.share(3, 1, lambda part: part)) == 3


def test_threads_heed_the_callers_errstate(knob: Knob) -> None:
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        parallel.share(3, 1, lambda part: np.ones(1) / (part.start < 1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_threads_of_its_own(knob: Knob) -> None:
    parallel.share(3, 1, lambda part: part)
    child = os.fork()
    if not child:
        os._exit(len(parallel.share(3, 1, lambda part: part)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def _gradients(make: Any) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    tensors = [tgb.tensor(rng.standard_normal(shape), requires_grad=True)
               for shape in ((5, 4, 6, 6), (4, 4, 3, 3), (4,), (4,))]  # fmt: skip
    out = make(*tensors)
    (out * out).sum().backward()
    return [out.numpy(force=True), *(t.grad.numpy() for t in tensors if t.grad is not None)]


LAYERS = {
    "conv": lambda x, w, a, b: F.conv2d(x, w, a, padding=1),
    "conv with a stride": lambda x, w, a, b: F.conv2d(x, w, a, stride=2),
    "conv_transpose": lambda x, w, a, b: F.conv_transpose2d(x, w, a, stride=2),
    "max_pool": lambda x, w, a, b: F.max_pool2d(x, 2),
    "max_pool that overlaps": lambda x, w, a, b: F.max_pool2d(x, 3, 2, 1),
    "batch_norm": lambda x, w, a, b: F.batch_norm(x, None, None, a, b, training=True) * x,
    "group_norm": lambda x, w, a, b: F.group_norm(x, 2, a, b) * x,
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_give_the_same_in_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = _gradients(LAYERS[name])
    made = Knob(3)
    monkeypatch.setattr(parallel, "_knob", made.find)
    monkeypatch.setattr(parallel, "WORTH", 0)
    for found, expected in zip(_gradients(LAYERS[name]), alone, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert made.heard
