"""Finding, downloading and refusing files, with four small stand-ins for those of MNIST."""

import gzip
import hashlib
import http.server
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import pytest

from tinygrad_bp.datasets import mnist, mnist_idx

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = mnist_idx.FILES


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (9, 4, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, 9, dtype=np.uint8)
    images.flat[:2] = 0, 255
    return dict(zip(mnist_idx.FILES, (images[:6], labels[:6], images[6:], labels[6:]), strict=True))


@pytest.fixture
def cache(monkeypatch, tmp_path, arrays, encode_idx):
    """Make `arrays` what MNIST is, clear the environment, and return an empty cache folder."""
    stand_ins = {
        name: (array.shape, hashlib.sha256(encode_idx(array)).hexdigest())
        for name, array in arrays.items()
    }
    monkeypatch.setattr(mnist_idx, "FILES", stand_ins)
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    folder = tmp_path / "user cache"
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder / project)
    return folder / "tinygrad_bp"


@pytest.fixture
def network(monkeypatch, cache):
    """Replace the network: a dict of url -> bytes to serve; what it lacks cannot be reached."""
    served, asked = {}, []

    class Downloader:
        def __call__(self, url, output_file, pooch):
            asked.append(url)
            if url not in served:
                raise ConnectionError("network is unreachable")
            Path(output_file).write_bytes(served[url])

    monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)
    served["asked"] = asked
    return served


@pytest.fixture
def save(arrays, write_idx):
    def save(folder, suffix=".gz", names=tuple(mnist_idx.FILES)):
        for name in names:
            write_idx(folder / f"{name}{suffix}", arrays[name])

    return save


def assert_is(dataset, arrays):
    for found, array in zip(dataset, arrays.values(), strict=True):
        expected = array.reshape(len(array), -1) / 255 if array.ndim == 3 else array
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert dataset.feature_shape == (4, 3)


@pytest.mark.parametrize("place", ["mnist", "MNIST/raw", "."])
@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize("by", ["root", "variable", "cache"])
def test_files_are_found(by, place, suffix, cache, network, save, arrays, tmp_path, monkeypatch):
    folder = cache if by == "cache" else tmp_path / "data"
    save(folder / place, suffix)
    if by == "variable":
        monkeypatch.setenv("TINYGRAD_BP_DATA", str(folder))
    assert_is(mnist(str(folder)) if by == "root" else mnist(), arrays)
    assert network["asked"] == []


def test_root_comes_before_the_variable_and_that_before_the_cache(
    cache, network, save, arrays, write_idx, tmp_path, monkeypatch
):
    root, variable = tmp_path / "root", tmp_path / "variable"
    monkeypatch.setenv("TINYGRAD_BP_DATA", str(variable))
    save(root, names=[TRAIN_IMAGES])
    save(variable, names=[TRAIN_LABELS, TEST_IMAGES])
    save(cache, names=[TEST_LABELS])
    wrong = np.zeros(3, np.uint8)
    write_idx(variable / TRAIN_IMAGES, wrong)
    write_idx(cache / TRAIN_IMAGES, wrong)
    write_idx(cache / TRAIN_LABELS, wrong)
    assert_is(mnist(root, download=False), arrays)
    with pytest.raises(ValueError, match="variable"):
        mnist(download=False)


def test_types_and_dtype(cache, save, tmp_path):
    save(tmp_path)
    data = mnist(tmp_path)
    assert data.X_train.dtype == data.X_test.dtype == np.float32
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert (data.X_train.min(), data.X_train.max()) == (0, 1)
    assert mnist(tmp_path, dtype="float64").X_test.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.uint8, complex, None])
def test_bad_dtype(cache, dtype):
    with pytest.raises(ValueError, match="dtype must be"):
        mnist(dtype=dtype)


def test_download_fills_the_cache_once(cache, network, encode_idx, arrays):
    for name, array in arrays.items():
        network[f"{mnist_idx.MIRRORS[0]}{name}.gz"] = gzip.compress(encode_idx(array))
    assert_is(mnist(), arrays)
    assert len(network["asked"]) == 4
    assert sorted(p.name for p in (cache / "mnist").iterdir()) == sorted(f"{n}.gz" for n in arrays)
    assert_is(mnist(), arrays)
    assert_is(mnist(download=False), arrays)
    assert len(network["asked"]) == 4


def test_download_over_http(cache, monkeypatch, save, arrays, tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    save(tmp_path / "site")
    handler = partial(Quiet, directory=tmp_path / "site")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(mnist_idx, "MIRRORS", (f"{site}nowhere/", site))
        try:
            assert_is(mnist(), arrays)
            (cache / "mnist" / f"{TEST_LABELS}.gz").unlink()
            monkeypatch.setattr(mnist_idx, "MIRRORS", (f"{site}nowhere/",))
            with pytest.raises(FileNotFoundError, match=r"HTTPError: 404"):
                mnist()
        finally:
            server.shutdown()


def test_only_what_is_missing_is_downloaded(cache, network, encode_idx, arrays, save, tmp_path):
    save(tmp_path, names=[TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES])
    url = f"{mnist_idx.MIRRORS[0]}{TEST_LABELS}.gz"
    network[url] = gzip.compress(encode_idx(arrays[TEST_LABELS]))
    assert_is(mnist(tmp_path), arrays)
    assert network["asked"] == [url]


@pytest.mark.parametrize(
    "answer", [None, b"<html>Log in to the hotel</html>", b"\x1f\x8bhalf", b""]
)
def test_the_second_mirror_is_tried(cache, network, encode_idx, arrays, answer):
    first, second = mnist_idx.MIRRORS
    for name, array in arrays.items():
        network[f"{second}{name}.gz"] = gzip.compress(encode_idx(array))
        if answer is not None:
            network[f"{first}{name}.gz"] = answer
    assert_is(mnist(), arrays)
    assert len(network["asked"]) == 8


def test_offline_error_says_what_where_and_how(cache, network, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_BP_DATA", str(tmp_path / "by variable"))
    with pytest.raises(FileNotFoundError) as caught:
        mnist(tmp_path / "by root")
    message = str(caught.value)
    assert f"missing {TRAIN_IMAGES}[.gz]" in message
    assert str(tmp_path / "by variable") in message
    assert str(tmp_path / "by root") in message
    assert str(cache) in message
    for mirror in mnist_idx.MIRRORS:
        assert f"{mirror}{TRAIN_IMAGES}.gz: ConnectionError: network is unreachable" in message
    assert "Remedy: set TINYGRAD_BP_DATA to a folder that holds mnist/" in message
    assert "connect to the network" in message


def test_an_unset_or_empty_variable_is_mentioned(cache, network, monkeypatch):
    with pytest.raises(FileNotFoundError, match="variable TINYGRAD_BP_DATA is not set"):
        mnist()
    monkeypatch.setenv("TINYGRAD_BP_DATA", "")
    with pytest.raises(FileNotFoundError, match="variable TINYGRAD_BP_DATA is not set"):
        mnist()


def test_a_wrong_download_is_refused_and_not_kept(cache, network, encode_idx, arrays):
    other = arrays[TRAIN_IMAGES] ^ 1
    for mirror in mnist_idx.MIRRORS:
        network[f"{mirror}{TRAIN_IMAGES}.gz"] = gzip.compress(encode_idx(other))
    with pytest.raises(FileNotFoundError, match=r"ValueError: .*checksum mismatch"):
        mnist()
    assert list((cache / "mnist").iterdir()) == []


def test_download_false_never_connects(cache, network, save, tmp_path):
    save(tmp_path, names=[TRAIN_IMAGES, TEST_IMAGES])
    with pytest.raises(FileNotFoundError, match=r"download=False was given\.\nRemedy: ") as caught:
        mnist(tmp_path, download=False)
    assert f"missing {TRAIN_LABELS}[.gz], {TEST_LABELS}[.gz]." in str(caught.value)
    assert network["asked"] == []


def test_without_pooch(cache, monkeypatch, save, arrays, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)  # import pooch raises
    with pytest.raises(ImportError, match=r'pip install "tinygrad_bp\[data\]"') as caught:
        mnist(tmp_path)
    assert caught.value.name == "pooch"
    assert "TINYGRAD_BP_DATA" in str(caught.value)
    with pytest.raises(FileNotFoundError, match="no folder: none was given"):
        mnist(download=False)
    save(tmp_path)
    assert_is(mnist(tmp_path), arrays)


BAD = {
    "truncated gzip": (lambda data: gzip.compress(data)[:-20], "truncated or damaged gzip"),
    "truncated": (lambda data: data[:-1], r"72 bytes after the header, found 71: truncated"),
    "more": (lambda data: data + b"\0", "found more"),
    "not IDX": (lambda data: b"\x89PNG" + data, "not an IDX file"),
    "pickle": (lambda data: b"\x80\x04N.", "not an IDX file"),
    "empty": (lambda data: b"", "not an IDX file"),
    "signed": (lambda data: data.replace(b"\x08", b"\x09", 1), r"expected uint8.*found int8"),
    "flipped": (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "checksum mismatch: the SHA-256"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_named_and_never_used(
    bad, cache, network, save, arrays, encode_idx, tmp_path
):
    save(tmp_path)
    damage, message = BAD[bad]
    (tmp_path / f"{TRAIN_IMAGES}.gz").write_bytes(damage(encode_idx(arrays[TRAIN_IMAGES])))
    expected = rf"{TRAIN_IMAGES}\.gz: .*{message}.*Remedy: remove or replace this file"
    with pytest.raises(ValueError, match=expected):
        mnist(tmp_path)
    assert network["asked"] == []


def test_swapped_files_are_noticed(cache, arrays, save, write_idx, tmp_path):
    save(tmp_path)
    write_idx(tmp_path / f"{TRAIN_IMAGES}.gz", arrays[TEST_IMAGES])
    with pytest.raises(
        ValueError, match=r"expected uint8 of shape \(6, 4, 3\), found .*\(3, 4, 3\)"
    ):
        mnist(tmp_path)


def test_the_import_needs_numpy_alone():
    code = (
        "import sys, tinygrad_bp.datasets as d; d.digits(); d.xor();"
        "print(sorted({'pooch', 'requests', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
