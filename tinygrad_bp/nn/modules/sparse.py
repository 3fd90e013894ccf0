"""Tables of vectors, looked up by number."""

from __future__ import annotations

from typing import Any, Self

from ...creation import empty
from ...mode import no_grad
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What looking up rows one by one and in bags have in common."""

    weight: Parameter

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None,
                 max_norm: float | None, norm_type: float, scale_grad_by_freq: bool, sparse: bool,
                 given: Any, freeze: bool, device: Any, dtype: Any) -> None:  # fmt: skip
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    f"Padding_idx must be within num_embeddings: {padding_idx} for "
                    f"{num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        self.padding_idx, self.max_norm, self.norm_type = padding_idx, max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if given is None:
            table = empty((num_embeddings, embedding_dim), device=device, dtype=dtype)
            self.weight = Parameter(table, requires_grad=not freeze)
            self.reset_parameters()
        else:
            if tuple(given.shape) != (num_embeddings, embedding_dim):
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim: "
                    f"{tuple(given.shape)}, not {(num_embeddings, embedding_dim)}"
                )
            self.weight = Parameter(given, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the table anew, normal with deviation 1; the row of padding is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    #: What `from_pretrained` takes by place, after `freeze`.
    _SETTINGS: tuple[str, ...]

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, *settings: Any,
                        **options: Any) -> Self:  # fmt: skip
        """Make the layer over a given table, of shape (num_embeddings, embedding_dim).

        Parameters
        ----------
        embeddings : Tensor
            Shared, not copied.
        freeze : bool
            Do not learn it.
        *settings, **options
            As for the class: `padding_idx`, `max_norm`, `norm_type`, …

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> layer = tgb.nn.Embedding.from_pretrained(tgb.tensor([[1.0, 2.0], [3.0, 4.0]]))
        >>> layer(tgb.tensor([1]))
        tensor([[3., 4.]])
        """
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        options |= dict(zip(cls._SETTINGS, settings, strict=False))
        layer = cls(rows, columns, _weight=embeddings, **options)  # type: ignore[call-arg]
        layer.weight.requires_grad = not freeze
        return layer


class Embedding(_Table):
    """Give the rows of a learned table that indices name, see :func:`F.embedding`.

    The table starts normal with deviation 1.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The shape (V, D) of the table.
    padding_idx : int, optional
        This row starts as 0 and gets no gradient.
    max_norm : float, optional
        Rows that are used and longer are first shrunk to this norm, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by how often it occurs.
    sparse : bool
        Accepted; the gradient is a dense array here all the same.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (V, D)

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Embedding(10, 3)(tgb.tensor([[1, 2], [3, 1]])).shape
    tinygrad_bp.Size([2, 2, 3])
    """

    _SETTINGS = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
                 max_norm: float | None = None, norm_type: float = 2.0,
                 scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Any = None,
                 _freeze: bool = False, device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, _freeze, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any) -> Any:
        """Look indices of any shape up: (…) to (…, D)."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the shape, and the settings that are not the usual ones."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text + (", sparse=True" if self.sparse else "")


class EmbeddingBag(_Table):
    """Give the sum, mean or maximum of the rows of each bag, see :func:`F.embedding_bag`.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        The shape (V, D) of the table, which starts normal with deviation 1.
    max_norm, norm_type, scale_grad_by_freq, sparse
        As in :class:`Embedding`.
    mode : {"mean", "sum", "max"}
    include_last_offset : bool
        The offsets have one number more: where the last bag ends.
    padding_idx : int, optional
        Indices of this value are left out; the row starts as 0.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (V, D)

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> bags = tgb.nn.EmbeddingBag(10, 3, mode="sum")
    >>> bags(tgb.tensor([1, 2, 4, 5]), tgb.tensor([0, 1])).shape
    tinygrad_bp.Size([2, 3])
    """

    _SETTINGS = (
        "max_norm", "norm_type", "scale_grad_by_freq", "mode", "sparse", "include_last_offset",
        "padding_idx",
    )  # fmt: skip

    def __init__(self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None,
                 norm_type: float = 2.0, scale_grad_by_freq: bool = False, mode: str = "mean",
                 sparse: bool = False, _weight: Any = None, include_last_offset: bool = False,
                 padding_idx: int | None = None, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, False, device, dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """Look bags up: (B, L), or flat indices with the offsets of B bags, to (B, D)."""
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the shape, and the settings that are not the usual ones."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        return text + (f", padding_idx={self.padding_idx}" if self.padding_idx is not None else "")
