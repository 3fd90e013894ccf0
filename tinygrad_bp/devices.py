"""Where and how elements lie: devices, layouts and memory formats.

There is one device, the CPU. The names of the others exist, so that a script can ask for them and
compare; what would put elements there raises.
"""

from __future__ import annotations

from typing import Any, Self

__all__ = [
    "AcceleratorError", "NoDeviceError", "OutOfMemoryError", "channels_last", "channels_last_3d",
    "contiguous_format", "device", "get_default_device", "layout", "memory_format", "on_cpu",
    "preserve_format", "set_default_device", "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc",
    "sparse_csr", "strided",
]  # fmt: skip

_TYPES = ("cpu", "cuda", "hpu", "ipu", "meta", "mps", "mtia", "vulkan", "xla", "xpu")


class NoDeviceError(AssertionError, RuntimeError):
    """A device that is not there: an AssertionError for PyTorch's scripts, a RuntimeError too."""


class AcceleratorError(RuntimeError):
    """A failure of a device; never raised here, for scripts that catch it."""


class OutOfMemoryError(RuntimeError):
    """No memory left on a device; never raised here, for scripts that catch it."""


class device:  # noqa: N801  PyTorch's name
    """The name of a place for tensors: a type, and a number where there are several.

    Parameters
    ----------
    type : str, int or device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, …; an int is the number of a CUDA device.
    index : int, optional

    Raises
    ------
    RuntimeError
        For a name that PyTorch does not know either.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.device("cuda:1").index, tgb.device("cpu") == tgb.zeros(2).device
    (1, True)
    >>> tgb.device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: Any = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
        kind, _, number = str(type).partition(":")
        if kind not in _TYPES or (number and not number.isdigit()):
            raise RuntimeError(
                f"{type!r} is no name of a device: write 'cpu', or one of {', '.join(_TYPES)} "
                "with an index, as in 'cuda:0'"
            )
        if number and index is not None:
            raise RuntimeError(f"the device {type!r} has an index already; index={index} is odd")
        self.type = kind
        self.index = int(number) if number else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{number})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)

    def __enter__(self) -> Self:
        """Make new tensors here: on the CPU, they are made there anyway."""
        on_cpu(self)
        return self

    def __exit__(self, *error: Any) -> None:
        return None


CPU = device("cpu")


def on_cpu(where: Any) -> None:
    """Refuse every device but the CPU; None is the CPU.

    Raises
    ------
    AssertionError, RuntimeError
        As one error, for a device that is not there.
    """
    if where is not None and where is not CPU and where != "cpu":
        asked = device(where)
        if asked.type != "cpu":
            raise NoDeviceError(
                f"there is no device {str(asked)!r}: tensors live on 'cpu'. Choose with "
                "device = 'cuda' if tgb.cuda.is_available() else 'cpu'"
            )


def get_default_device() -> device:
    """Return the device on which tensors are made: the CPU."""
    return CPU


def set_default_device(device: Any) -> None:
    """Choose the device on which tensors are made; there is only the CPU.

    Raises
    ------
    AssertionError, RuntimeError
        As one error, for another device.
    """
    on_cpu(device)


class _Word:
    """A constant that is nothing but a name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"tinygrad_bp.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Word):  # noqa: N801  PyTorch's name
    """How elements are stored: `strided` is the one that there is."""

    __slots__ = ()


class memory_format(_Word):  # noqa: N801  PyTorch's name
    """The order of the axes in memory.

    Accepted wherever PyTorch takes one; no result depends on it.
    """

    __slots__ = ()


strided, sparse_coo = layout("strided"), layout("sparse_coo")
sparse_csr, sparse_csc = layout("sparse_csr"), layout("sparse_csc")
sparse_bsr, sparse_bsc = layout("sparse_bsr"), layout("sparse_bsc")
contiguous_format, preserve_format = (
    memory_format("contiguous_format"), memory_format("preserve_format"),
)  # fmt: skip
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")


def place(device: Any, layout: Any) -> None:
    """Refuse what is not strided on the CPU: called only where either was given.

    Raises
    ------
    AssertionError, RuntimeError
        As one error, for another device.
    NotImplementedError
        For a sparse layout.
    """
    on_cpu(device)
    if layout is not None and layout is not strided:
        raise NotImplementedError(
            f"there are no tensors of layout {layout!r}: elements are stored strided; leave "
            "`layout` away, or convert with scipy.sparse outside of the graph"
        )
