import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_bp.datasets import read_idx

DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]


def header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def array_or_error(path):
    try:
        return read_idx(path)
    except ValueError as error:
        return error


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
        )
    ),
    zipped=st.booleans(),
)
def test_read_gives_back_what_was_written(array, zipped, folder, encode_idx):
    data = encode_idx(array)
    path = folder / "array"
    path.write_bytes(gzip.compress(data, 1) if zipped else data)
    found = read_idx(path)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


@given(data=st.binary(max_size=64), zipped=st.booleans())
def test_any_bytes_are_an_array_or_a_value_error(data, zipped, folder):
    path = folder / "bytes"
    path.write_bytes(gzip.compress(data, 1) if zipped else data)
    found = array_or_error(path)
    if isinstance(found, ValueError):
        assert str(path) in str(found)
    else:
        assert data[:2] == b"\0\0"
        assert len(data) == 4 + 4 * found.ndim + found.nbytes


@given(rank=st.integers(0, 255), code=st.integers(0, 255), rest=st.binary(max_size=300))
def test_any_header_is_an_array_or_a_value_error(rank, code, rest, folder):
    path = folder / "header"
    path.write_bytes(bytes([0, 0, code, rank]) + rest)
    found = array_or_error(path)
    if isinstance(found, ValueError):
        assert str(path) in str(found)
    else:
        assert found.ndim == rank
        assert 4 * rank + found.nbytes == len(rest)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_are_big_endian_in_the_file_and_native_in_memory(tmp_path, dtype, encode_idx):
    array = np.array([[1, 2, 100]], dtype)
    path = tmp_path / "array"
    path.write_bytes(encode_idx(array))
    assert path.read_bytes()[12:] == array.astype(array.dtype.newbyteorder(">")).tobytes()
    found = read_idx(path)
    assert found.dtype.isnative
    assert found.flags.writeable and found.flags.c_contiguous
    np.testing.assert_array_equal(found, array)


def test_a_hand_written_file(tmp_path):
    path = tmp_path / "int16"
    path.write_bytes(bytes([0, 0, 0x0B, 1, 0, 0, 0, 3, 0, 1, 1, 0, 255, 254]))
    assert read_idx(path).tolist() == [1, 256, -2]


def test_gzip_is_told_by_content_not_by_name(tmp_path, encode_idx):
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    zipped, plain = tmp_path / "zipped", tmp_path / "plain.gz"
    zipped.write_bytes(gzip.compress(encode_idx(array)))
    plain.write_bytes(encode_idx(array))
    np.testing.assert_array_equal(read_idx(zipped), array)
    np.testing.assert_array_equal(read_idx(str(plain)), array)


def test_more_than_one_chunk(tmp_path, write_idx):
    array = np.random.default_rng(0).integers(0, 256, (3, 1 << 20), dtype=np.uint8)
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / "large.gz", array)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "not an IDX file", id="empty"),
        pytest.param(b"\0\0\x08", "not an IDX file", id="three bytes"),
        pytest.param(b"PK\3\4rest", r"not an IDX file.*50 4b 03 04", id="a zip"),
        pytest.param(b"\x80\x04\x95\x0b", "not an IDX file", id="a pickle"),
        pytest.param(b"<!DOCTYPE html>", "not an IDX file", id="a web page"),
        pytest.param(b"\0\0\x0a\x01\0\0\0\0", r"type among \[08 09 0b 0c 0d 0e\]", id="type 0a"),
        pytest.param(b"\0\1\x08\x01\0\0\0\0", "not an IDX file", id="second byte"),
        pytest.param(b"\0\0\x08\x03\0\0\0\1\0", "expected 12 bytes for them, found 5", id="dims"),
        pytest.param(b"\0\0\x08\x41" + bytes(4 * 65), "65 dimensions.*at most 64", id="rank"),
        pytest.param(
            header(0x08, 2, 3) + bytes(5), r"\(2, 3\).*6 bytes.*found 5: truncated", id="short"
        ),
        pytest.param(header(0x08, 2, 3) + bytes(7), r"6 bytes.*found more", id="long"),
        pytest.param(header(0x0E, 2) + bytes(15), r"float64.*16 bytes.*found 15", id="float64"),
        pytest.param(header(0x08, 0xFFFFFFFF) + bytes(9), "4294967295 bytes.*found 9", id="lie"),
        pytest.param(header(0x08, *[0xFFFFFFFF] * 3), "too large for an array", id="huge"),
        pytest.param(header(0x08, 0, *[0xFFFFFFFF] * 3), "too large", id="huge and empty"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_a_bad_file_names_itself_and_what_was_expected(tmp_path, data, message, zipped):
    path = tmp_path / "bad-idx"
    path.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(ValueError, match=rf"bad-idx: .*{message}"):
        read_idx(path)


def truncate(data):
    return data[: len(data) // 2]


def flip_a_checksum_bit(data):
    return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]


def flip_the_block_type(data):
    return data[:10] + bytes([data[10] | 0b110]) + data[11:]


def append(data):
    return data + b"more"


@pytest.mark.parametrize(
    "damage", [truncate, flip_a_checksum_bit, flip_the_block_type, append, lambda data: data[:2]]
)
def test_damaged_gzip(tmp_path, damage, write_idx):
    array = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    path = write_idx(tmp_path / "damaged.gz", array)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"damaged\.gz: truncated or damaged gzip"):
        read_idx(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
