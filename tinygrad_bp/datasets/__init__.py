"""Data to learn with: files of yours, and sets that are known by name.

``read`` takes a CSV or Parquet table, an ``.npz`` file, a folder of images, or a name of
``CATALOGUE``. ``digits`` is shipped, and ``moons``, ``spirals`` and ``xor`` are generated: they
need no network. ``mnist`` reads the four IDX files from a folder of yours, or downloads them, and
checks them. Everything is a NumPy array whose rows are samples; nothing here knows of tensors.
"""

from tinygrad_bp.datasets.catalogue import CATALOGUE
from tinygrad_bp.datasets.dataset import Dataset
from tinygrad_bp.datasets.encoding import Column, Encoding
from tinygrad_bp.datasets.errors import DataError
from tinygrad_bp.datasets.examples import Examples
from tinygrad_bp.datasets.idx import read_idx
from tinygrad_bp.datasets.mnist_idx import mnist
from tinygrad_bp.datasets.optdigits import digits
from tinygrad_bp.datasets.reader import read
from tinygrad_bp.datasets.synthetic import moons, spirals, xor

__all__ = [
    "CATALOGUE", "Column", "DataError", "Dataset", "Encoding", "Examples", "digits", "mnist",
    "moons", "read", "read_idx", "spirals", "xor",
]  # fmt: skip
