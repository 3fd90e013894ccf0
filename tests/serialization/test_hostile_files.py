"""Files made to harm, or damaged: one kind of error, and no more memory than they have."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinygrad_bp as tgb
from tinygrad_bp.serialization import CorruptFileError
from tinygrad_bp.serialization.files import _DTYPES, _sum, encode
from tinygrad_bp.serialization.tree import flatten

BASE = tgb.arange(12.0).reshape(3, 4)
GOOD: dict[str, Any] = {
    "w": BASE, "row": BASE[1], "turned": BASE.t(), "n": 3, "list": [1.5, None, "text"],
    "tuple": (tgb.ones(2, dtype=tgb.int64), {1, 2}), "z": np.array([1 + 2j]), "b": b"bytes",
    "s": slice(1, 2), "kind": tgb.float32, "scalar": np.float64(2.5),
}  # fmt: skip


def load(data: bytes) -> Any:
    return tgb.load(io.BytesIO(data))


def header(text: bytes, length: int | None = None, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + rest


def tensor(**entry: Any) -> bytes:
    whole = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | entry
    return header(json.dumps({"a": whole}).encode(), rest=bytes(8))


HEADERS = {
    "empty header": header(b""),
    "nothing but a length": struct.pack("<Q", 8),
    "longer than the file": header(b"{}", 1000),
    "longer than memory": header(b"{}", 2**63 - 1),
    "the longest": header(b"{}", 2**64 - 1),
    "no JSON": header(b"{]"),
    "a list": header(b"[]"),
    "not UTF-8": header(b'{"\xff":1}'),
    "nested deeply": header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "offsets backwards": tensor(data_offsets=[8, 0]),
    "offsets overlapping": header(json.dumps({
        name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"
    }).encode(), rest=bytes(8)),
    "offsets with a hole": tensor(data_offsets=[4, 12]),
    "offsets outside": tensor(data_offsets=[0, 2**40], shape=[2**38]),
    "offsets negative": tensor(data_offsets=[-8, 0]),
    "a shape that lies": tensor(shape=[3]),
    "a shape that overflows": tensor(shape=[2**62, 2**62]),
    "a shape with nothing": tensor(shape=[0, 2**63], data_offsets=[0, 0]),
    "a shape of floats": tensor(shape=[2.0]),
    "a shape that is negative": tensor(shape=[-2]),
    "ranks without end": tensor(shape=[1] * 200 + [2]),
    "another dtype": tensor(dtype="F128"),
    "cut off": tensor()[:-1],
    "too long": tensor() + b"more",
    "metadata of numbers": header(b'{"__metadata__":{"tinygrad_bp":1}}'),
    "metadata of nothing": header(b'{"__metadata__":{"tinygrad_bp":"1"}}'),
    "a zip archive": b"PK\x03\x04" + bytes(100),
    "a pickle": b"\x80\x02}.",
    "text": b"hello, this is a text and no model at all",
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    with pytest.raises(CorruptFileError, match="the file"):
        load(HEADERS[name])


def forged(change: Callable[[dict[str, Any]], None], value: Any = GOOD) -> bytes:
    """Return a file whose notes were changed, with checksums that fit."""
    arrays, notes = flatten(value)
    notes = json.loads(json.dumps(notes))
    change(notes)
    return encode(arrays, notes)


def set_view(**values: Any) -> Callable[[dict[str, Any]], None]:
    def change(notes: dict[str, Any]) -> None:
        view = next(note for note in notes["tensors"] if "strides" in note)
        view.update(values)

    return change


def set_tree(tree: Any) -> Callable[[dict[str, Any]], None]:
    return lambda notes: notes.update(tree=tree)


LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "strides beyond the end": set_view(strides=[4000, 4]),
    "strides backwards": set_view(strides=[-16, -4]),
    "strides that overflow to something small": set_view(shape=[5, 2], strides=[2**62, 4]),
    "strides of texts": set_view(strides=["16", "4"]),
    "strides that overflow": set_view(strides=[2**62, 2**62]),
    "too few strides": set_view(strides=[4]),
    "an offset before": set_view(offset=-4),
    "an offset behind": set_view(offset=4),
    "an offset far behind": set_view(offset=2**62),
    "an offset of a text": set_view(offset="0"),
    "a larger shape": set_view(shape=[30, 4]),
    "a huge shape": set_view(shape=[2**40, 4]),
    "a negative shape": set_view(shape=[-3, 4]),
    "no such array": set_view(name="another"),
    "no such tensor": set_tree({"tensor": 99}),
    "a tensor called by a text": set_tree({"tensor": "w"}),
    "an unknown kind": set_tree({"system": "true"}),
    "two kinds": set_tree({"tuple": [], "list": []}),
    "no kind": set_tree({}),
    "a dict of no pairs": set_tree({"dict": [1, 2]}),
    "a set of lists": set_tree({"set": [[1], [2]]}),
    "a key that can't be one": set_tree({"dict": [[[1], 2]]}),
    "a number that overflows": set_tree({"number": "int8", "value": 10**30}),
    "a number of no kind": set_tree({"number": "object", "value": 1}),
    "bytes that are none": set_tree({"bytes": "~~~"}),
    "a dtype that is none": set_tree({"dtype": "O"}),
    "a device that is none": set_tree({"device": "moon"}),
    "a slice of too much": set_tree({"slice": [1, 2, 3, 4]}),
    "no tree": lambda notes: notes.pop("tree"),
    "no tensors": lambda notes: notes.pop("tensors"),
    "integers with gradients": lambda notes: notes["tensors"][-1].update(requires_grad=True),
    "pickled, but not there": lambda notes: notes.update(needs="a class"),
}


@pytest.mark.parametrize("name", LIES)
def test_notes_that_lie(name: str) -> None:
    with pytest.raises(CorruptFileError, match="the file"):
        load(forged(LIES[name]))


def test_notes_that_are_nested_without_end() -> None:
    arrays, _ = flatten(GOOD)
    good = encode(arrays, {})
    length = int.from_bytes(good[:8], "little")
    table = json.loads(good[8 : 8 + length])
    text = '{"tree":' + "[" * 200_000 + "]" * 200_000 + "}"
    kinds = {
        name: (_DTYPES[entry["dtype"]], entry["shape"])
        for name, entry in table.items() if name != "__metadata__"
    }  # fmt: skip
    table["__metadata__"].update(tinygrad_bp=text, sum=_sum(text, kinds))
    raw = json.dumps(table).encode()
    with pytest.raises(CorruptFileError, match="the file"):
        load(header(raw, rest=good[8 + length :]))


def test_a_view_sees_its_own_array_alone() -> None:
    found = load(forged(set_view(shape=[2**20, 4], strides=[0, 4])))
    view = next(v for v in (found["w"], found["row"], found["turned"]) if v.shape[0] == 2**20)
    assert view.shape == (2**20, 4) and set(view[::4096].flatten().tolist()) <= {0.0, 1.0, 2.0, 3.0}


WORDS = [b'"sum"', b'"crc32"', b'"tinygrad_bp"', b'"F32"', b'{\\"w\\"']


@pytest.mark.parametrize("word", WORDS, ids=["sum", "crc32", "notes", "dtype", "name"])
def test_words_of_the_header_that_were_altered(word: bytes) -> None:
    place = SAVED.index(word) + len(word) // 2
    for letter in b"IXU":
        with pytest.raises(CorruptFileError, match="the file"):
            load(SAVED[:place] + bytes([letter]) + SAVED[place + 1 :])


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2"])
def test_numbers_that_numpy_lacks(kind: str) -> None:
    with pytest.raises((TypeError, CorruptFileError), match="the file"):
        load(tensor(dtype=kind, shape=[8]))


def test_pickles_that_are_cut_off() -> None:
    with pytest.raises(pickle.UnpicklingError, match="the file"):
        load(encode({"pickle": np.frombuffer(b"\x80\x04]q\x00(K", np.uint8)}, {"needs": "a list"}))


def saved() -> bytes:
    buffer = io.BytesIO()
    tgb.save(GOOD, buffer)
    return buffer.getvalue()


def said(data: bytes) -> Any:
    """Return what a file says: its header as an object, and the rest."""
    length = int.from_bytes(data[:8], "little")
    try:
        return json.loads(data[8 : 8 + length]), data[8 + length :]
    except ValueError:
        return data


SAVED = saved()
EDITS = st.lists(st.tuples(st.integers(0, len(SAVED) - 1), st.integers(0, 255)), max_size=4)


@settings(max_examples=300, deadline=None, derandomize=True)
@example([(len(SAVED) - len(said(SAVED)[1]) - 1, 9)], 0, b"")
@given(EDITS, st.integers(0, len(SAVED)), st.binary(max_size=9))
def test_files_that_were_altered(edits: list[tuple[int, int]], cut: int, more: bytes) -> None:
    data = bytearray(SAVED)
    for place, value in edits:
        data[place] = value
    altered = bytes(data[:cut] if cut % 3 else data) + more * (cut % 2)
    tracemalloc.start()
    try:
        if said(altered) == said(SAVED):  # but for blanks between its words
            assert load(altered)["n"] == 3
        elif not altered:
            with pytest.raises(EOFError):
                load(altered)
        else:
            with pytest.raises(CorruptFileError, match="the file"):
                load(altered)
        assert tracemalloc.get_traced_memory()[1] < 1 << 26
    finally:
        tracemalloc.stop()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from(["tensor", "w", "dict", "state", "number"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["tensor", "array", "dict", "state", "number", "value", "set", "slice",
                         "complex", "dtype", "bytes", "device", "size"]), inner, max_size=2),
    max_leaves=8,
))  # fmt: skip
def test_notes_of_any_kind(tree: Any) -> None:
    data, told = forged(set_tree(tree)), ""
    try:
        load(data)
    except CorruptFileError as error:
        told = str(error)
    assert told == "" or "the file" in told
