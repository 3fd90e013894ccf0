"""MNIST from its four IDX files: found on this machine, or downloaded; in either case checked."""

import hashlib
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_bp.datasets import arguments
from tinygrad_bp.datasets.dataset import Dataset
from tinygrad_bp.datasets.idx import read_idx

VARIABLE = "TINYGRAD_BP_DATA"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Shape, and SHA-256 of the *uncompressed* file, as mirrors compress differently; the published MD5
# of the same bytes are in tests/datasets/test_mnist_real.py. Name and shape alone do not suffice:
# the files of Fashion-MNIST have the same.
FILES: dict[str, tuple[tuple[int, ...], str]] = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def mnist(
    root: str | os.PathLike[str] | None = None,
    *,
    dtype: npt.DTypeLike = np.float32,
    download: bool = True,
) -> Dataset:
    """Load MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 x 28 pixels.

    Each of the four files, gzipped or not, is looked for in `root`, in the folder that the
    environment variable ``TINYGRAD_BP_DATA`` names, and in the user's cache folder (through pooch,
    where that is installed). What is in none of them is downloaded into the cache: 11 MB, needs
    ``pip install "tinygrad_bp[data]"``. In a folder, the files may be in ``mnist/``, in
    ``MNIST/raw/`` (torchvision's layout) or directly inside. Every file that is used must have the
    shape and the checksum of the original.

    Parameters
    ----------
    root : str or path-like, optional
        The folder to look in first.
    dtype : dtype, default float32
        The floating-point type of the pixels.
    download : bool, default True
        Whether the network may be used for files that are missing.

    Returns
    -------
    Dataset
        ``X``: (m, 784), pixels from 0 (paper) to 1 (ink); the mean over ``X_train`` is 0.1307, the
        standard deviation 0.3081. ``y``: (m,) int64, 0..9. The split is MNIST's own, in its order.

    Raises
    ------
    FileNotFoundError
        A file is on none of these places and was not downloaded; the message says what to do.
    ImportError
        A download needs pooch, which is not installed.
    ValueError
        A file is damaged or is not MNIST's, or `dtype` is not a floating-point type.

    Examples
    --------
    Where the files are to be had, ``mnist()`` gives
    ``Dataset(train=60000, test=10000, feature_shape=(28, 28), classes=10)``.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (11), 1998. https://doi.org/10.1109/5.726791
    """
    dtype = arguments.floating(dtype)
    paths = _locate(root, download)
    try:
        X_train, y_train, X_test, y_test = (_read(name, path) for name, path in paths.items())
    except ValueError as error:
        raise ValueError(f"{error}. Remedy: remove or replace this file.") from error
    return Dataset(
        X_train=_scale(X_train, dtype),
        y_train=y_train.astype(np.int64),
        X_test=_scale(X_test, dtype),
        y_test=y_test.astype(np.int64),
        feature_shape=X_train.shape[1:],
        classes=tuple(str(digit) for digit in range(10)),
    )


def _scale(images: npt.NDArray[np.uint8], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    X = images.reshape(len(images), -1).astype(dtype)
    X /= 255
    return X


def _read(name: str, path: Path) -> npt.NDArray[np.uint8]:
    """Read the MNIST file `name` from `path`, or raise ValueError where it is another one."""
    shape, expected = FILES[name]
    array = read_idx(path)
    if array.dtype != np.uint8 or array.shape != shape:
        raise ValueError(
            f"{path}: not MNIST's {name}: expected uint8 of shape {shape}, "
            f"found {array.dtype} of shape {array.shape}"
        )
    header = struct.pack(f">HBB{len(shape)}I", 0, 0x08, len(shape), *shape)
    digest = hashlib.sha256(header)
    digest.update(array.data)
    if digest.hexdigest() != expected:
        raise ValueError(
            f"{path}: not MNIST's {name}, or damaged: checksum mismatch: the SHA-256 of the "
            f"uncompressed file is {digest.hexdigest()}, expected {expected}"
        )
    return array


def _locate(root: str | os.PathLike[str] | None, download: bool) -> dict[str, Path]:
    """Return the path of each of `FILES`, after downloading what is nowhere."""
    folders: list[Path] = []
    if root is not None:
        folders.append(Path(root).expanduser())
    if configured := os.environ.get(VARIABLE):
        folders.append(Path(configured).expanduser())
    found = {name: _find(name, folders) for name in FILES}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        # Only here, so that pooch is imported only where a user's own folders do not suffice.
        pooch = _import_pooch()
        if pooch is not None:
            folders.append(Path(pooch.os_cache("tinygrad_bp")).expanduser())
            found |= {name: _find(name, folders[-1:]) for name in missing}
            missing = [name for name, path in found.items() if path is None]
        if missing and not download:
            raise FileNotFoundError(_message(missing, folders, "download=False was given."))
        if missing and pooch is None:
            reason = 'A download needs pooch: pip install "tinygrad_bp[data]".'
            raise ImportError(_message(missing, folders, reason), name="pooch")
        for name in missing:
            found[name] = _download(name, pooch, folders)
    return {name: path for name, path in found.items() if path is not None}


def _find(name: str, folders: list[Path]) -> Path | None:
    for folder in folders:
        for place in (folder / "mnist", folder / "MNIST" / "raw", folder):
            for path in (place / name, place / f"{name}.gz"):
                if path.is_file():
                    return path
    return None


def _import_pooch() -> Any:
    try:
        import pooch
    except ImportError:
        return None
    return pooch


def _download(name: str, pooch: Any, folders: list[Path]) -> Path:
    """Download the file `name` into the last of `folders`, from the first mirror that serves it."""
    cache = folders[-1] / "mnist"
    cache.mkdir(parents=True, exist_ok=True)
    failures = []
    # The cache never holds an unchecked file: a download is moved there, whole, after its check.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        fetched = Path(scratch, f"{name}.gz")
        for mirror in MIRRORS:
            url = mirror + fetched.name
            pooch.get_logger().info("Downloading %s", url)
            try:
                # Not pooch.retrieve: its checksum is that of the compressed bytes, see FILES.
                pooch.HTTPDownloader()(url, str(fetched), None)
                _read(name, fetched)
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                # Of a connection that fails, requests tells the whole way through its layers.
                long = isinstance(error, OSError) and len(str(error)) > 120
                why = "" if long else f": {error}"
                failures.append(f"  {url}: {type(error).__name__}{why}")
            else:
                return fetched.replace(cache / fetched.name)
    reason = "\n".join(["The download failed:", *failures])
    raise FileNotFoundError(_message([name], folders, reason))


def _message(missing: list[str], folders: list[Path], reason: str) -> str:
    looked = [f"  {folder}" for folder in folders] or ["  no folder: none was given"]
    if not os.environ.get(VARIABLE):
        looked.append(f"  (the environment variable {VARIABLE} is not set)")
    return "\n".join(
        [
            f"MNIST: missing {', '.join(f'{name}[.gz]' for name in missing)}. Looked in:",
            *looked,
            reason,
            f"Remedy: set {VARIABLE} to a folder that holds mnist/{next(iter(FILES))}.gz and the "
            "other three files, or pass that folder as root, or connect to the network and call "
            "mnist() again.",
        ]
    )
