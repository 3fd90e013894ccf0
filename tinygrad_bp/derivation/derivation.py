"""Derivation: the equations of a recorded network, forward and backward, as a textbook has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.network import Recorded
from .assemble import Assembly
from .chain import Chain
from .lines import Line

__all__ = ["Derivation", "explain"]


class Derivation:
    """What :func:`explain` returns: lines of formulas, each with its value.

    Attributes
    ----------
    forward, backward : tuple of Line
        The equations of the forward pass; and the chain rule, from the loss to the parameters.
    legend : tuple of (str, str)
        What short names stand for: ``("m", "6, the samples of the batch")``.
    title : str
        The last value: what is differentiated.
    graph : Recorded
        The graph: its values, names and symbols.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> W = tgb.ones(2, 3, requires_grad=True).named("W")
    >>> x = tgb.ones(3, 1).named("x")
    >>> d = tgb.explain((W @ x).sum())
    >>> d["W"].shape, d["W"].value.tolist()
    ((2, 3), [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self.graph = assembly.graph
        self.forward: tuple[Line, ...] = assembly.forward()
        self.backward: tuple[Line, ...] = assembly.backward()
        self.legend: tuple[tuple[str, str], ...] = assembly.legend()
        self.title = self.graph.name(self.graph.root)

    @property
    def chain(self) -> Chain:
        """The gradient of every value, and what adds up to it, printed or not."""
        return self._assembly.chain

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines: forward, then backward."""
        return self.forward + self.backward

    def __getitem__(self, key: Any) -> Line:
        """Return the line of the gradient of a value: by its name, the gradient's, or the tensor.

        Raises
        ------
        KeyError
            If there is no such value: the message lists the names.
        """
        with np.errstate(all="ignore"):
            return self._assembly.gradient_line(self._node(key))

    def _node(self, key: Any) -> Node:
        for line in self.backward:
            if line.name == key and line.node is not None:
                return line.node
        if isinstance(key, str) and key.startswith("d"):
            try:
                return self.graph.find(key[1:])
            except KeyError:
                pass
        return self.graph.find(key)

    def __contains__(self, key: Any) -> bool:
        try:
            self._node(key)
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    # ---------------------------------------------------------------------------------- documents

    def to_text(self, *, width: int = 80, sources: bool = False) -> str:
        """Return the derivation for a terminal, as ``print`` shows it.

        Parameters
        ----------
        width : int
            The columns of the terminal.
        sources : bool
            Say where in the user's code each value was computed.
        """
        from .documents.terminal import derivation_text

        return derivation_text(self, width=width, sources=sources)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return str(self)

    def to_latex(self, document: bool = False) -> str:
        """Return the derivation in TeX: an ``align*``, or a whole document for ``pdflatex``."""
        from .documents.pages import to_latex

        return to_latex(self, document=document)

    def to_markdown(self) -> str:
        """Return the derivation in Markdown, formulas between ``$$``."""
        from .documents.pages import to_markdown

        return to_markdown(self)

    def to_html(self, path: Any = None, *, interactive: bool = False) -> str:
        """Return the derivation as a page that needs no network, and write it where asked for.

        Parameters
        ----------
        path : str or Path, optional
            The file to write.
        interactive : bool
            The graph beside the formulas, and the backward pass to step through.

        Raises
        ------
        ImportError
            If the extra ``viz`` is missing: the message names it.
        """
        if interactive:
            # It draws: the room lies above this one, and is reached when it is asked for.
            from importlib import import_module

            html: str = import_module("tinygrad_bp.stepping").page(self)
        else:
            from .documents.pages import to_html

            html = to_html(self)
        if path is not None:
            FilePath(path).write_text(html, encoding="utf-8")
        return html

    def _repr_latex_(self) -> str:
        from .documents.pages import repr_latex

        return repr_latex(self)

    def _repr_html_(self) -> str:
        from .documents.pages import repr_html

        return repr_html(self)


def explain(
    loss: Any,
    wrt: Any = None,
    names: Mapping[str, Any] | None = None,
    *,
    model: Any = None,
    layout: str | None = None,
    depth: int | None = None,
    gradient: Any = None,
) -> Derivation:
    """Derive the gradients of a recorded loss as a textbook would, by the rules that backward runs.

    Parameters
    ----------
    loss : Tensor
        What is differentiated, a single number; its graph not yet freed by backward.
    wrt : tensors or names, optional
        What to differentiate by; by default all leaves that want a gradient.
    names : dict of str to Tensor, optional
        Names for tensors, ``locals()`` will do. Else those of :meth:`Tensor.named` are used, and
        for what has none, those of the notes: X, W1, b1, Z1, A1, …, L.
    model : nn.Module, optional
        Tells which parameter is which; by default the largest module among `names`.
    layout : {"columns"}, optional
        Turn a network that has a sample in each row into the notes' convention, a sample in each
        column.
    depth : int, optional
        How many levels of modules to open, as in :func:`tinygrad_bp.draw`; needs a model.
    gradient : array_like, optional
        What arrives at `loss`, if that is not a single number.

    Returns
    -------
    Derivation
        ``print(d)`` writes it; ``d["W2"].formula``, ``.latex``, ``.value`` and ``.paths`` say the
        same of one gradient; ``d.to_latex()``, ``d.to_markdown()``, ``d.to_html(path)``.

    Raises
    ------
    RuntimeError
        Nothing was recorded, or what backward freed can't be computed again.
    KeyError
        There is no such name in `wrt`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> X = tgb.randn(3, 5).named("X")
    >>> W1 = tgb.randn(2, 3, requires_grad=True).named("W1")
    >>> Z1 = (W1 @ X).named("Z1")
    >>> d = tgb.explain(Z1.relu().sum())
    >>> print(d["W1"].name, "=", d["W1"].formula)
    dW1 = dZ1 Xᵀ
    """
    if layout not in (None, "columns"):
        raise ValueError(f"layout is None (as the code has it) or 'columns', not {layout!r}")
    graph = Recorded(loss, names, model)
    if depth is not None and (graph.model is None or depth < 0):
        raise ValueError(
            "depth= says how many levels of modules are opened: 0, 1, …, and needs model=…"
        )
    wanted = None
    if wrt is not None:
        keys = [wrt] if isinstance(wrt, str) or hasattr(wrt, "_array") else list(wrt)
        wanted = [graph.find(key) for key in keys]
    seed = None if gradient is None else getattr(gradient, "_array", gradient)
    with np.errstate(all="ignore"):  # a derivation at infinity is one, too
        return Derivation(Assembly(graph, wanted, layout, depth, seed))
