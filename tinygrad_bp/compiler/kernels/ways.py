"""Which kernel multiplies two matrices: the quickest for their shapes, and for how they lie.

Loops for small ones; two kinds of tiles that read matrices where they lie, for few rows; panels for
many; BLAS for the rest.
"""

from __future__ import annotations

from .packed import packed_kernel
from .products import Kernel, Product, blas_kernel, small_kernel
from .registers import length_of, register_kernel
from .vectors import lanes

__all__ = ["able", "kernel_of", "way"]

#: Multiplications up to which OpenBLAS copies nothing: there it is as quick as tiles are, but where
#: the second matrix alone lies by columns. Of two matrices that both do.
_UNCOPIED, _UNCOPIED_COLUMNS = 1_000_000, 2_000_000

# Where each is the quickest was measured with both cores of an Intel Xeon with AVX-512 (Sapphire
# Rapids: caches of 48 KB and 2 MB), float32, in turns with OpenBLAS 0.3.31, for m of 16, 32, 64,
# 128, 256, 768; n of 64, 128, 256, 512, 784; k of 64, 128, 256, 512, 784; each matrix by rows and
# by columns. BLAS takes 0.8 to 3.3 times as long as what is chosen, at the median 1.3 times.

#: Along: fewer rows than this. For more, it pays to turn the second matrix around.
_TURNING = 32
#: Across: up to so many rows, if they lie by rows. For more, it pays to copy the second matrix.
_COPYING = 128
#: Across: most elements of the second matrix, and of a first one that lies by columns: a tile reads
#: them row by row, and the lines of both stay in the cache until all of them have been read.
_NEAR, _NEAR_COLUMNS = 512 * 512, 256 * 256
#: Panels: least rows; most that is summed up.
_ROWS, _DEEP = 16, 2048


def able(p: Product) -> set[str]:
    """Name the kernels that can multiply these matrices where they lie, be it slowly."""
    k, n = p.b.shape
    found = {"BLAS"} if p.a.base is p.b.base else {"BLAS", "loop"}
    if p.char != "f" or 1 not in p.a.steps:
        return found
    wide = lanes("float32")
    a_rows, b_rows = p.a.steps[1] == 1, p.b.steps[1] == 1
    if not b_rows and (p.b.steps[0] != 1 or k % wide):
        return found
    if n % wide == 0:
        found.add("panels")
    if all(extent == 1 for extent in p.stack):
        if a_rows and not b_rows and length_of(k, wide):
            found.add("along")
        if b_rows and n % wide == 0:
            found.add("across")
    return found


def way(p: Product) -> str:
    """Name the kernel that multiplies.

    Returns
    -------
    str
        "loop", "along", "across", "panels" or "BLAS".
    """
    (m, k), n = p.a.shape, p.b.shape[1]
    found, a_rows, b_rows = able(p), p.a.steps[1] == 1, p.b.steps[1] == 1
    if p.small and "loop" in found:
        return "loop"
    turning = a_rows and not b_rows and m >= _TURNING and "panels" in found
    if not turning and m * n * k <= (_UNCOPIED if a_rows or b_rows else _UNCOPIED_COLUMNS):
        return "BLAS"
    if "along" in found and m < _TURNING:
        return "along"
    near = k * n <= _NEAR and (a_rows or k * m <= _NEAR_COLUMNS)
    if "across" in found and near and (m <= _COPYING or not a_rows):
        return "across"
    return "panels" if "panels" in found and m >= _ROWS and k <= _DEEP else "BLAS"


def kernel_of(p: Product) -> Kernel:
    """Write the kernel that multiplies."""
    match way(p):
        case "loop":
            return small_kernel(p)
        case "panels":
            return packed_kernel(p)
        case "BLAS":
            return blas_kernel(p)
        case chosen:
            return register_kernel(p, chosen == "along")
