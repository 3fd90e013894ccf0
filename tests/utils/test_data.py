"""Datasets, samplers, collation, and the loader in one process."""

import collections

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.utils import data
from tinygrad_bp.utils.data import DataLoader, TensorDataset
from tinygrad_bp.utils.data._utils.collate import collate


class Squares(data.Dataset):
    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return i * i


class Stream(data.IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


Point = collections.namedtuple("Point", "x y")


def test_tensor_dataset():
    pairs = TensorDataset(tgb.arange(4), tgb.arange(4) * 10)
    assert len(pairs) == 4 and [t.item() for t in pairs[2]] == [2, 20]
    with pytest.raises(AssertionError, match="size mismatch"):
        TensorDataset(tgb.zeros(2), tgb.zeros(3))


def test_a_subclass_of_tensor_dataset_makes_its_own_examples():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            (x,) = super().__getitem__(index)
            return x * 2

    assert next(iter(DataLoader(Doubled(tgb.arange(4)), 4))).tolist() == [0, 2, 4, 6]
    pairs = TensorDataset(tgb.arange(4), tgb.arange(4) * 10)
    for dataset in (pairs, data.Subset(pairs, [3, 1, 0, 2])):
        plain = [[x.tolist(), y.tolist()] for x, y in DataLoader(dataset, 3)]
        own = DataLoader(dataset, 3, collate_fn=lambda batch: [tgb.stack(c) for c in zip(*batch)])  # noqa: B905
        assert [[x.tolist(), y.tolist()] for x, y in own] == plain
    rows = pairs.__getitems__([2, 3])
    assert len(rows) == 2 and rows[-1][1].item() == 30 and len(rows[:1]) == 1
    with pytest.raises(IndexError):
        rows[2]


def test_combined_datasets():
    both = Squares(3) + Squares(2)
    assert len(both) == 5 and [both[i] for i in range(5)] == [0, 1, 4, 0, 1]
    assert both[-1] == 1 and both.cumulative_sizes == [3, 5]
    with pytest.raises(ValueError):
        both[-6]
    with pytest.raises(IndexError):
        both[5]
    side = data.StackDataset(Squares(3), Squares(3))
    assert side[2] == (4, 4) and data.StackDataset(a=Squares(3))[2] == {"a": 4}
    with pytest.raises(ValueError, match="mismatch"):
        data.StackDataset(Squares(3), Squares(2))
    with pytest.raises(ValueError, match="either"):
        data.StackDataset()
    assert list(Stream(2) + Stream(2)) == [0, 1, 0, 1] and len(Stream(2) + Stream(2)) == 4
    assert list(data.Subset(Squares(), [3, 1])) == [9, 1]
    with pytest.raises(AssertionError):
        data.ConcatDataset([])
    with pytest.raises(NotImplementedError):
        data.Dataset()[0]


def test_random_split():
    parts = data.random_split(Squares(10), [7, 3], generator=tgb.Generator().manual_seed(1))
    again = data.random_split(Squares(10), [7, 3], generator=tgb.Generator().manual_seed(1))
    assert [len(p) for p in parts] == [7, 3] and parts[0].indices == again[0].indices
    assert sorted(parts[0].indices + parts[1].indices) == list(range(10))
    assert [len(p) for p in data.random_split(Squares(11), [0.5, 0.25, 0.25])] == [6, 3, 2]
    for lengths in ([5, 4], [0.5, 0.2]):
        with pytest.raises(ValueError, match="do not sum"):
            data.random_split(Squares(10), lengths)
    with pytest.raises(ValueError, match="fractions"):
        data.random_split(Squares(10), [1.5, -0.5])


def test_random_samplers():
    g = lambda: tgb.Generator().manual_seed(0)
    order = list(data.RandomSampler(range(6), generator=g()))
    assert sorted(order) == list(range(6)) and order == list(
        data.RandomSampler(range(6), generator=g())
    )
    longer = list(data.RandomSampler(range(3), num_samples=7))
    assert len(longer) == 7 and sorted(longer[:3]) == [0, 1, 2]
    drawn = list(data.RandomSampler(range(3), True, 50))
    assert len(drawn) == 50 and set(drawn) == {0, 1, 2}
    assert sorted(data.SubsetRandomSampler([4, 7, 9])) == [4, 7, 9]
    weighted = data.WeightedRandomSampler([0.0, 1.0, 3.0], 400, generator=g())
    assert len(weighted) == 400 and 0.6 < list(weighted).count(2) / 400 < 0.9
    assert sorted(data.WeightedRandomSampler([1.0, 1.0], 2, replacement=False)) == [0, 1]
    tgb.manual_seed(4)
    first = list(data.RandomSampler(range(9)))
    tgb.manual_seed(4)
    assert first == list(data.RandomSampler(range(9)))


@pytest.mark.parametrize(("make", "error"), [
    (lambda: data.RandomSampler(range(3), replacement=1), TypeError),
    (lambda: data.RandomSampler(range(3), num_samples=0), ValueError),
    (lambda: data.WeightedRandomSampler([1.0], 0), ValueError),
    (lambda: data.WeightedRandomSampler([[1.0]], 1), ValueError),
    (lambda: data.BatchSampler(range(3), 0, False), ValueError),
    (lambda: data.BatchSampler(range(3), 2, 1), ValueError),
    (lambda: data.DistributedSampler(range(3), 2, 2), ValueError),
    (lambda: DataLoader(Squares(), shuffle=True, sampler=range(3)), ValueError),
    (lambda: DataLoader(Squares(), batch_size=2, batch_sampler=[[1]]), ValueError),
    (lambda: DataLoader(Squares(), batch_size=None, drop_last=True), ValueError),
    (lambda: DataLoader(Stream(3), shuffle=True), ValueError),
    (lambda: DataLoader(Squares(), num_workers=-1), ValueError),
    (lambda: DataLoader(Squares(), timeout=-1), ValueError),
    (lambda: DataLoader(Squares(), prefetch_factor=2), ValueError),
    (lambda: DataLoader(Squares(), persistent_workers=True), ValueError),
    (lambda: len(DataLoader(data.ChainDataset(iter([])), sampler=None).dataset[0]),
     NotImplementedError),
])  # fmt: skip
def test_bad_arguments(make, error):
    with pytest.raises(error):
        make()


def test_distributed_sampler_shares_the_work():
    shares = [list(data.DistributedSampler(range(10), 3, r, shuffle=True)) for r in range(3)]
    assert [len(s) for s in shares] == [4, 4, 4] and {i for s in shares for i in s} == set(
        range(10)
    )
    even = [list(data.DistributedSampler(range(10), 3, r, False, drop_last=True)) for r in range(3)]
    assert even == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    sampler = data.DistributedSampler(range(50), 1, 0)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first and len(sampler) == 50


def test_collate():
    batch = data.default_collate([{"a": 1.5, "b": (1, "x")}, {"a": 2.5, "b": (2, "y")}])
    assert batch["a"].dtype is tgb.float64 and batch["a"].tolist() == [1.5, 2.5]
    assert batch["b"][0].tolist() == [1, 2] and batch["b"][1] == ("x", "y")
    point = data.default_collate(
        [Point(np.float32(1), np.ones(2)), Point(np.float32(2), np.ones(2))]
    )
    assert isinstance(point, Point) and point.x.dtype is tgb.float32 and point.y.shape == (2, 2)
    assert data.default_collate([True, False]).dtype is tgb.bool
    assert data.default_collate([tgb.ones(2), tgb.zeros(2)]).tolist() == [[1, 1], [0, 0]]
    ordered = data.default_collate([collections.OrderedDict(a=1)])
    assert isinstance(ordered, collections.OrderedDict)
    with pytest.raises(RuntimeError, match="equal size"):
        data.default_collate([[1, 2], [1]])
    with pytest.raises(TypeError, match="collate_fn"):
        data.default_collate([object()])
    with pytest.raises(TypeError, match="arrays"):
        data.default_collate([np.array(["a"])])
    upper = {str: lambda batch, *, collate_fn_map: [text.upper() for text in batch]}
    assert collate([("a", 1)], collate_fn_map=upper)[0] == ["A"]


def test_convert():
    found = data.default_convert({"a": np.ones(2), "b": [np.float64(1), "x"], "c": (1,)})
    assert found["a"].shape == (2,) and found["b"][0].dtype is tgb.float64
    assert found["b"][1] == "x" and found["c"] == [1]
    assert isinstance(data.default_convert(Point(np.ones(1), 2)), Point)


def test_loader_batches():
    loader = DataLoader(Squares(5), batch_size=2)
    assert len(loader) == 3 and [b.tolist() for b in loader] == [[0, 1], [4, 9], [16]]
    assert [len(b) for b in DataLoader(Squares(5), 2, drop_last=True)] == [2, 2]
    assert list(DataLoader(Squares(3), batch_size=None)) == [0, 1, 4]
    assert [b.tolist() for b in DataLoader(Squares(5), sampler=[4, 0])] == [[16], [0]]
    assert [b.tolist() for b in DataLoader(Squares(5), batch_sampler=[[4, 0], [1]])] == [
        [16, 0],
        [1],
    ]
    assert list(DataLoader(Squares(4), 2, collate_fn=sum)) == [1, 13]
    iterator = iter(loader)
    assert next(iterator).tolist() == [0, 1] and next(iterator).tolist() == [4, 9]
    assert loader.dataset.n == 5 and isinstance(loader.sampler, data.SequentialSampler)
    assert isinstance(loader.batch_sampler, data.BatchSampler) and loader.batch_size == 2


def test_loader_of_a_stream():
    loader = DataLoader(Stream(5), batch_size=2)
    assert len(loader) == 3 and [b.tolist() for b in loader] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


def test_shuffling_repeats_with_its_seed():
    def epochs(**options):
        loader = DataLoader(Squares(20), 5, shuffle=True, **options)
        return [torch_like.tolist() for _ in range(2) for torch_like in loader]

    tgb.manual_seed(1)
    first = epochs()
    tgb.manual_seed(1)
    assert epochs() == first and first[:4] != first[4:]
    assert sorted(i for batch in first[:4] for i in batch) == [i * i for i in range(20)]
    seeded = [epochs(generator=tgb.Generator().manual_seed(2)) for _ in range(2)]
    assert seeded[0] == seeded[1]


def test_getitems_is_asked_once_for_a_batch():
    class AtOnce(Squares):
        calls = 0

        def __getitems__(self, indices):
            self.calls += 1
            return [self[i] for i in indices]

    dataset = AtOnce(6)
    assert [b.tolist() for b in DataLoader(data.Subset(dataset, [5, 4, 1]), 2)] == [[25, 16], [1]]
    assert dataset.calls == 2


def test_the_modules_are_where_scripts_import_them_from():
    from tinygrad_bp.utils.data.dataloader import DataLoader as FromLoader
    from tinygrad_bp.utils.data.dataloader import default_collate
    from tinygrad_bp.utils.data.dataset import Dataset, random_split
    from tinygrad_bp.utils.data.distributed import DistributedSampler
    from tinygrad_bp.utils.data.sampler import RandomSampler, SubsetRandomSampler

    assert FromLoader is DataLoader and default_collate is data.default_collate
    assert (Dataset, random_split) == (data.Dataset, data.random_split)
    assert DistributedSampler is data.DistributedSampler
    assert (RandomSampler, SubsetRandomSampler) == (data.RandomSampler, data.SubsetRandomSampler)
