"""Data to learn with: two sets of handwritten digits, and three toy problems in the plane.

``digits`` is shipped, and ``moons``, ``spirals`` and ``xor`` are generated: they need no network.
``mnist`` reads the four IDX files from a folder of yours, or downloads them, and checks them.
Everything is a NumPy array whose rows are samples; nothing here knows of tensors.
"""

from tinygrad_bp.datasets.dataset import Dataset
from tinygrad_bp.datasets.idx import read_idx
from tinygrad_bp.datasets.mnist_idx import mnist
from tinygrad_bp.datasets.optdigits import digits
from tinygrad_bp.datasets.synthetic import moons, spirals, xor

__all__ = ["Dataset", "digits", "mnist", "moons", "read_idx", "spirals", "xor"]
