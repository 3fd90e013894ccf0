"""Saving and loading: what comes back, what is shared, what is refused, what is damaged."""

import io
import os
import pickle
import subprocess
import sys
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.serialization import CorruptFileError

safetensors = pytest.importorskip("safetensors.numpy")


def back(obj, **options):
    file = io.BytesIO()
    tgb.save(obj, file)
    file.seek(0)
    return tgb.load(file, **options)


VALUES = [
    None, True, 3, 10**30, 2.5, float("inf"), "text", b"bytes", 1 + 2j, [1, [2, (3,)]], (), {},
    {1: "a", "b": None, (1, 2): 3, None: 4}, {1, 2}, frozenset({3}), slice(1, None, 2),
    OrderedDict(b=1, a=2), tgb.float64, tgb.device("cuda:1"), tgb.Size([2, 3]), np.float32(1.5),
    np.int8(3),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_come_back_with_their_types(value):
    found = back({"inside": [value]})["inside"][0]
    assert found == value and type(found) is type(value)
    assert back(value) == value


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128"]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3)])
def test_tensors_and_arrays(dtype, shape):
    array = np.arange(np.prod(shape), dtype=float).reshape(shape).astype(dtype)
    tensor, same = back([tgb.tensor(array), array])
    assert type(same) is np.ndarray
    for found in (np.asarray(tensor), same):
        assert found.dtype == array.dtype and found.shape == shape and (found == array).all()
        assert found.flags.writeable
    turned = back(tgb.tensor(array.reshape(shape[::-1])).permute(*range(len(shape))[::-1]))
    assert turned.shape == shape


def test_a_bare_array_and_a_bare_tensor():
    assert back(np.arange(3)).tolist() == [0, 1, 2] == back(tgb.arange(3)).tolist()


def test_parameters_and_gradients():
    weight, leaf = back([tgb.nn.Parameter(tgb.ones(2)), tgb.ones(2, requires_grad=True)])
    assert type(weight) is tgb.nn.Parameter and weight.requires_grad
    assert type(leaf) is tgb.Tensor and leaf.requires_grad and leaf.is_leaf


def test_shared_memory_is_shared_again():
    base = tgb.arange(6.0).reshape(2, 3)
    found = back({"base": base, "row": base[1], "turned": base.t(), "again": base})
    assert found["again"] is found["base"] and found["turned"].shape == (3, 2)
    found["base"][1, 0] = 99
    assert found["row"].tolist() == [99, 4, 5] and found["turned"][0, 1] == 99
    alone = back(base[1])
    assert alone.untyped_storage().nbytes() == 12  # a part alone does not carry the whole


def test_state_dicts_of_everything(tmp_path):
    net = tgb.nn.Sequential(tgb.nn.Linear(3, 2), tgb.nn.Linear(2, 1))
    optimizer = tgb.optim.Adam(net.parameters(), lr=0.1)
    net(tgb.ones(4, 3)).sum().backward()
    optimizer.step()
    path = tmp_path / "all.pt"
    tgb.save({"epoch": 3, "net": net.state_dict(), "opt": optimizer.state_dict()}, path)
    found = tgb.load(path, map_location=tgb.device("cpu"))
    other = tgb.nn.Sequential(tgb.nn.Linear(3, 2), tgb.nn.Linear(2, 1))
    other.load_state_dict(found["net"])
    x = tgb.randn(5, 3)
    assert found["epoch"] == 3 and tgb.equal(net(x), other(x))
    again = tgb.optim.Adam(other.parameters())
    again.load_state_dict(found["opt"])
    for a, b in ((net, optimizer), (other, again)):
        b.zero_grad()
        a(tgb.ones(4, 3)).sum().backward()
        b.step()
    assert tgb.equal(net(x), other(x)) and again.param_groups[0]["betas"] == (0.9, 0.999)


def test_other_programs_read_a_state_dict(tmp_path):
    net = tgb.nn.Linear(3, 2)
    tgb.save(net.state_dict(), tmp_path / "net.safetensors")
    from safetensors.numpy import load_file, save_file

    arrays = load_file(tmp_path / "net.safetensors")
    assert sorted(arrays) == ["bias", "weight"] and arrays["weight"].shape == (2, 3)
    save_file(arrays, tmp_path / "theirs.safetensors", metadata={"format": "pt"})
    theirs = tgb.load(tmp_path / "theirs.safetensors")
    tgb.nn.Linear(3, 2).load_state_dict(theirs)
    assert tgb.equal(theirs["weight"], net.weight)


def test_bfloat16_of_others_becomes_float32():
    header = b'{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    data = len(header).to_bytes(8, "little") + header + b"\x80\x3f\x00\xc0"
    found = tgb.load(io.BytesIO(data))["x"]
    assert found.dtype is tgb.float32 and found.tolist() == [1, -2]


Point = namedtuple("Point", "x")


@pytest.mark.parametrize("thing", [tgb.nn.Linear(2, 1), Point(tgb.ones(2)), len], ids=type)
def test_what_needs_code_loads_only_on_demand(thing, monkeypatch):
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False"):
        back(thing)
    with pytest.raises(pickle.UnpicklingError, match="pickled"):
        back([thing], weights_only=True)
    assert type(back(thing, weights_only=False)) is type(thing)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert type(back(thing)) is type(thing)
    with pytest.raises(pickle.UnpicklingError):
        back(thing, weights_only=True)


def test_a_container_inside_itself_is_pickled():
    loop = [1]
    loop.append(loop)
    found = back(loop, weights_only=False)
    assert found[1] is found


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "w.pt"
    tgb.save({"w": tgb.ones(2)}, path)
    path.chmod(0o640)

    def fail(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="no space"):
            tgb.save({"w": tgb.zeros(2)}, path)
    assert tgb.load(path)["w"].tolist() == [1, 1] and list(tmp_path.iterdir()) == [path]
    tgb.save({"w": tgb.zeros(2)}, str(path))
    assert tgb.load(path)["w"].tolist() == [0, 0] and path.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.pt"
    link.symlink_to(path)
    tgb.save(5, link)
    assert link.is_symlink() and tgb.load(path) == 5
    tgb.save(1, os.devnull)
    with pytest.raises(RuntimeError, match="does not exist"):
        tgb.save(1, tmp_path / "nowhere" / "w.pt")


def test_damage_is_noticed():
    file = io.BytesIO()
    tgb.save({"w": tgb.ones(50)}, file)
    data = file.getvalue()
    broken = [data[:20], data[:-1], data + b"x", b"hello world", b"PK\x03\x04 a zip file",
              data[:-1] + bytes([data[-1] ^ 1])]  # fmt: skip
    for bad in broken:
        with pytest.raises(CorruptFileError):
            tgb.load(io.BytesIO(bad))
    assert issubclass(CorruptFileError, RuntimeError)
    assert issubclass(CorruptFileError, pickle.UnpicklingError)
    with pytest.raises(EOFError):
        tgb.load(io.BytesIO())
    with pytest.raises(FileNotFoundError):
        tgb.load("no-such-file.pt")


def test_map_location():
    for location in ("cpu", tgb.device("cpu"), lambda storage, where: storage, {"cuda:0": "cpu"}):
        assert back(tgb.ones(1), map_location=location).item() == 1
    with pytest.raises(RuntimeError, match="no device"):
        back(tgb.ones(1), map_location="cuda")


def test_without_the_extra_the_error_names_it():
    code = """
import sys
sys.modules["safetensors"] = None
import tinygrad_bp as tgb
try:
    tgb.save(1, "never")
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tinygrad_bp[safetensors]" in done.stdout


def test_pickling_and_copying_a_view_takes_its_numbers_only():
    row = tgb.arange(6.0).reshape(2, 3)[1]
    assert pickle.loads(pickle.dumps(row)).tolist() == [3, 4, 5]


class Net(tgb.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.activation, self.kind = tgb.nn.Linear(2, 1), tgb.tanh, tgb.float64

    def forward(self, x):
        return self.activation(self.layer(x))


def test_safe_globals():
    allowed = [Net, tgb.nn.Linear]
    net = Net()
    with pytest.raises(pickle.UnpicklingError, match=r"Net, which was not allowed"):
        back(net)
    with tgb.serialization.safe_globals(allowed):
        assert tgb.serialization.get_safe_globals() == allowed
        found = back(net)
    assert tgb.equal(found(tgb.ones(1, 2)), net(tgb.ones(1, 2))) and found.kind is tgb.float64
    assert tgb.serialization.get_safe_globals() == []
    tgb.serialization.add_safe_globals([(Net, f"{Net.__module__}.Net"), tgb.nn.Linear])
    assert isinstance(back(net), Net)
    tgb.serialization.clear_safe_globals()


class Evil:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("call", [
    (os.system, ("false",)), (eval, ("1",)),
    (tgb.op._found_op, ("os", "system")), (getattr, ("text", "upper")),
], ids=["system", "eval", "op", "getattr"])  # fmt: skip
def test_code_is_not_run(call):
    with pytest.raises(pickle.UnpicklingError, match="Weights only"):
        back(Evil(*call))
