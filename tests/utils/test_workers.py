"""The loader's worker processes: order, seeds, failures, the end."""

import os
import time

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.utils import data
from tinygrad_bp.utils.data import DataLoader


class Numbers(data.Dataset):
    def __len__(self):
        return 11

    def __getitem__(self, i):
        return i


class Draws(Numbers):
    def __getitem__(self, i):
        return tgb.rand(1).item(), np.random.rand(), os.getpid(), data.get_worker_info().id


class Fails(Numbers):
    def __getitem__(self, i):
        if i == 5:
            raise KeyError("five")
        return i


class Slow(Numbers):
    def __getitem__(self, i):
        time.sleep(30)


class Dies(Numbers):
    def __getitem__(self, i):
        os._exit(7)


class Share(data.IterableDataset):
    def __iter__(self):
        info = data.get_worker_info()
        return iter(range(info.id, 7, info.num_workers))


class Unpicklable(Numbers):
    def __getitem__(self, i):
        return lambda: i


def test_batches_come_in_order():
    loader = DataLoader(Numbers(), 2, num_workers=3, prefetch_factor=3)
    for _ in range(2):
        assert [b.tolist() for b in loader] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]
    tensor = next(iter(DataLoader(data.TensorDataset(tgb.ones(4, 3)), 4, num_workers=1)))[0]
    assert isinstance(tensor, tgb.Tensor) and tensor.shape == (4, 3)


def test_out_of_order_batches_are_all_there():
    batches = [b.tolist() for b in DataLoader(Numbers(), 1, num_workers=2, in_order=False)]
    assert sorted(batches) == [[i] for i in range(11)]


def test_seeds_differ_by_worker_and_repeat():
    def run():
        tgb.manual_seed(3)
        loader = DataLoader(Draws(), 1, num_workers=2, collate_fn=lambda batch: batch[0])
        return list(loader)

    first, second = run(), run()
    assert [row[:2] for row in first] == [row[:2] for row in second]
    assert len({row[0] for row in first}) == len({row[1] for row in first}) == 11
    assert {row[3] for row in first} == {0, 1} and os.getpid() not in {row[2] for row in first}
    assert data.get_worker_info() is None


def test_worker_init_fn_is_called_in_the_worker():
    def init(worker):
        np.random.seed(0)

    loader = DataLoader(Draws(), 1, num_workers=2, worker_init_fn=init,
                        collate_fn=lambda batch: batch[0])  # fmt: skip
    rows = list(loader)
    assert rows[0][1] == rows[1][1]


def test_persistent_workers_stay():
    loader = DataLoader(Draws(), 1, num_workers=1, persistent_workers=True,
                        collate_fn=lambda batch: batch[0][2])  # fmt: skip
    first, second = set(loader), set(loader)
    assert first == second and len(first) == 1
    iterator = iter(loader)
    next(iterator)
    assert set(loader) == first  # begun anew in the middle of a pass
    fresh = DataLoader(Draws(), 1, num_workers=1, collate_fn=lambda batch: batch[0][2])
    assert set(fresh) != set(fresh)


def test_streams_are_divided_by_the_dataset():
    loader = DataLoader(Share(), 2, num_workers=2)
    assert sorted(i for b in loader for i in b.tolist()) == list(range(7))
    assert [b.tolist() for b in loader][:2] == [[0, 2], [1, 3]]


def test_an_exception_comes_with_its_traceback():
    loader = DataLoader(Fails(), 2, num_workers=2)
    with pytest.raises(KeyError, match=r"worker process 0[\s\S]*five"):
        list(loader)
    with pytest.raises(AttributeError, match="pickle"):
        list(DataLoader(Unpicklable(), num_workers=1, collate_fn=lambda batch: batch[0]))


def test_a_failing_init_is_reported():
    def init(worker):
        raise ZeroDivisionError("at the start")

    with pytest.raises(ZeroDivisionError, match="at the start"):
        list(DataLoader(Numbers(), num_workers=1, worker_init_fn=init))


def test_timeout_and_death():
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2"):
        list(DataLoader(Slow(), num_workers=1, timeout=0.2))
    with pytest.raises(RuntimeError, match="exited unexpectedly, with exit code 7"):
        list(DataLoader(Dies(), num_workers=1))


def test_workers_end_with_their_iterator():
    iterator = iter(DataLoader(Numbers(), num_workers=2))
    next(iterator)
    processes = list(iterator._pool.processes)
    assert all(p.is_alive() for p in processes) and len(iterator) == 11
    del iterator
    assert not any(p.is_alive() for p in processes)


def test_spawned_workers():
    loader = DataLoader(data.TensorDataset(tgb.arange(4)), 2, num_workers=1,
                        multiprocessing_context="spawn")  # fmt: skip
    assert [b[0].tolist() for b in loader] == [[0, 1], [2, 3]]
