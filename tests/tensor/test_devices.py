"""Devices, layouts, memory, and legacy types: what a script asks for before it computes."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb


def test_device_objects():
    cpu, second = tgb.device("cpu"), tgb.device("cuda:1")
    assert (cpu.type, cpu.index) == ("cpu", None) and (second.type, second.index) == ("cuda", 1)
    assert str(second) == "cuda:1" and repr(second) == "device(type='cuda', index=1)"
    assert tgb.device("cuda", 1) == second == tgb.device(1) == tgb.device(second)
    assert cpu != "cpu" and len({cpu, tgb.device("cpu"), second}) == 2
    assert pickle.loads(pickle.dumps(second)) == second == copy.deepcopy(second)
    for wrong in ("gpu", "cuda:x", "cpu "):
        with pytest.raises(RuntimeError, match="no name of a device"):
            tgb.device(wrong)
    with cpu:
        assert tgb.zeros(1).device == cpu == tgb.get_default_device()
    tgb.set_default_device("cpu")


ABSENT = {
    "tensor": lambda d: tgb.tensor(1, device=d),
    "zeros": lambda d: tgb.zeros(2, device=d),
    "rand": lambda d: tgb.rand(2, device=d),
    "randn_like": lambda d: tgb.randn_like(tgb.ones(2), device=d),
    "arange": lambda d: tgb.arange(3, device=d),
    "new_zeros": lambda d: tgb.ones(2).new_zeros(2, device=d),
    "to": lambda d: tgb.zeros(2).to(d),
    "Generator": lambda d: tgb.Generator(d),
    "default": lambda d: tgb.set_default_device(d),
    "with": lambda d: tgb.device(d).__enter__(),
}


@pytest.mark.parametrize("use", ABSENT.values(), ids=ABSENT)
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_other_devices_raise_what_pytorch_raises(use, name):
    with pytest.raises(AssertionError, match=f"no device '{name}'"):
        use(name)
    with pytest.raises(RuntimeError, match="is_available"):
        use(tgb.device(name))


def test_a_tensor_says_where_it_is():
    x = tgb.ones(2, 3)
    assert x.device == tgb.device("cpu") and x.layout is tgb.strided and x.is_cpu
    assert not (x.is_cuda or x.is_sparse or x.is_meta or x.is_quantized) and x.get_device() == -1
    assert x.cpu() is x is x.to("cpu") is x.pin_memory() and x.to(x.device, tgb.float32) is x
    assert x.to("cpu", tgb.float64, True).dtype is tgb.float64
    assert x.to(tgb.float32, False, True) is not x and x.to(tgb.float32, True) is x
    assert x.contiguous(memory_format=tgb.contiguous_format) is x
    with pytest.raises(AssertionError):
        x.cuda()
    with pytest.raises(NotImplementedError, match="strided"):
        tgb.zeros(2, layout=tgb.sparse_coo)


def test_memory():
    x = tgb.arange(6, dtype=tgb.float32).reshape(2, 3)
    row = x[1]
    assert (x.nbytes, x.itemsize, x.element_size()) == (24, 4, 4)
    assert row.storage_offset() == 3 and row.untyped_storage() == x.untyped_storage()
    assert x.storage().tolist() == [0, 1, 2, 3, 4, 5] and len(x.untyped_storage()) == 24
    assert x.storage().dtype is tgb.float32 and tgb.is_storage(x.storage())
    assert not x.is_shared() and x.share_memory_() is x and x.is_shared()
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_dlpack_both_ways():
    x = tgb.arange(3)
    array = np.from_dlpack(x)
    array[0] = 7
    y = tgb.from_dlpack(array)
    assert x.tolist() == y.tolist() == [7, 1, 2] and x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="detach"):
        np.from_dlpack(tgb.ones(2, requires_grad=True))


def test_legacy_types():
    assert tgb.FloatTensor(2, 3).shape == (2, 3) and tgb.LongTensor([1, 2]).dtype is tgb.int64
    assert tgb.Tensor(2, 3).tolist() == [[0, 0, 0]] * 2 and tgb.Tensor([2, 3]).tolist() == [2, 3]
    assert tgb.Tensor(tgb.ones(2).shape).shape == (2,) and tgb.Tensor().shape == (0,)
    x = tgb.ones(2)
    assert isinstance(x, tgb.FloatTensor) and not isinstance(x, tgb.DoubleTensor)
    assert x.type() == "tinygrad_bp.FloatTensor" == tgb.typename(x)
    assert x.type(tgb.LongTensor).dtype is tgb.int64 is x.type("torch.LongTensor").dtype
    assert x.type(tgb.float64).dtype is tgb.float64 and x.type(tgb.FloatTensor) is x
    with pytest.raises(TypeError, match="lengths or a sequence"):
        tgb.FloatTensor(1.5)
    with pytest.raises(ValueError, match="invalid type"):
        x.type("torch.OddTensor")


def test_cuda_types_can_be_named_but_not_made():
    chosen = tgb.cuda.FloatTensor if tgb.cuda.is_available() else tgb.FloatTensor
    assert chosen is tgb.FloatTensor and not isinstance(tgb.ones(1), tgb.cuda.FloatTensor)
    with pytest.raises(TypeError, match="no such device"):
        tgb.cuda.FloatTensor(2)
    with pytest.raises(TypeError):
        tgb.ones(1).type(tgb.cuda.FloatTensor)


def test_default_tensor_type():
    try:
        tgb.set_default_tensor_type("torch.DoubleTensor")
        assert tgb.zeros(1).dtype is tgb.float64
        tgb.set_default_tensor_type(tgb.FloatTensor)
        assert tgb.zeros(1).dtype is tgb.float32
    finally:
        tgb.set_default_dtype(tgb.float32)
    with pytest.raises(TypeError, match="floating"):
        tgb.set_default_tensor_type(tgb.LongTensor)


def test_siblings():
    x = tgb.ones(2, dtype=tgb.float64, requires_grad=True)
    assert x.new_zeros(2, 3).dtype is tgb.float64 and x.new_ones((2,)).tolist() == [1, 1]
    assert x.new_full((2,), 7, dtype=tgb.int64).tolist() == [7, 7]
    assert x.new_empty(size=(3,)).shape == (3,) and x.new(2, 2).shape == (2, 2)
    assert x.new([1, 2]).tolist() == [1, 2] and x.new_tensor([3]).dtype is tgb.float64
    assert not x.new_zeros(2).requires_grad and x.new_zeros(1, requires_grad=True).requires_grad
    assert tgb.arange(3).apply_(lambda n: n * n).tolist() == [0, 1, 4]
    assert tgb.ones(2).map_(tgb.tensor([3.0, 4.0]), lambda a, b: a + b).tolist() == [4, 5]
    with pytest.raises(RuntimeError, match="no gradient"):
        x.apply_(lambda n: n)


def test_bfloat16_is_a_name_only():
    assert tgb.bfloat16 != tgb.float16 and tgb.bfloat16.itemsize == 2
    assert tgb.finfo(tgb.bfloat16).bits == 16 and {tgb.bfloat16: 1}[tgb.bfloat16] == 1
    for use in (lambda: tgb.zeros(1, dtype=tgb.bfloat16), lambda: tgb.ones(1).bfloat16()):
        with pytest.raises(TypeError, match="NumPy has no bfloat16"):
            use()


def test_limits():
    assert tgb.finfo(tgb.float32).eps == np.finfo(np.float32).eps
    assert isinstance(tgb.finfo(tgb.float32).min, float) and tgb.iinfo(tgb.uint8).max == 255
    with pytest.raises(TypeError):
        tgb.finfo(tgb.int64)
    with pytest.raises(TypeError):
        tgb.iinfo(tgb.float32)


def test_unsigned_types():
    x = tgb.tensor([1, 2], dtype=tgb.uint16)
    assert (x + x).dtype is tgb.uint16 and x.to(tgb.int64).tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="no common integer type"):
        tgb.promote_types(tgb.uint64, tgb.int64)


def test_sizes_stay_sizes():
    size = tgb.zeros(2, 3, 4).shape
    assert isinstance(size[1:], tgb.Size) and size[1:].numel() == 12 and size[0] == 2
    assert isinstance(size + (1,), tgb.Size) and isinstance((1,) + size, tgb.Size)  # noqa: RUF005
    assert size[:-1] == (2, 3) and tgb.Size([2, 3]) * 2 == (2, 3, 2, 3)
