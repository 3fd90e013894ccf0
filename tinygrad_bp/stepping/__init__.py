"""A backward pass that one can step through: one file of HTML, without a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..derivation import Derivation, explain
from ..recorded.network import Recorded
from ..tensor import Tensor
from .assemble import assemble
from .pictures import pictures
from .walk import Walk

if TYPE_CHECKING:
    from ..derivation.chain import Chain

__all__ = ["page", "write"]

_MOST = 5000  # operations


def page(
    what: Tensor | Derivation,
    *,
    names: Mapping[str, Any] | None = None,
    model: Any = None,
    title: str | None = None,
    max_nodes: int = 1000,
) -> str:
    """Return a page on which one can step through the backward pass of a recorded loss.

    The page is one file that asks for nothing else. The graph is laid out now, at every level of
    open modules; the script of the page only changes what is highlighted. Of a large array it keeps
    a coarser grid, whose cells are means of blocks; norms, histograms and extremes are those of all
    elements.

    Parameters
    ----------
    what : Tensor or Derivation
        The loss; or what :func:`tinygrad_bp.explain` made of it, whose lines are shown then.
    names : mapping of str to Tensor, optional
        As for :func:`tinygrad_bp.explain`; not for a derivation, which has its names.
    model : nn.Module, optional
        Names its parameters; its modules can be closed and opened on the page.
    title : str, optional
        By default it names the loss.
    max_nodes : int
        Leave out levels with more boxes than this.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    ValueError
        No level has so few boxes, or there are more than 5000 operations.
    RuntimeError
        Nothing was recorded; or neither `dot` nor graphviz-pure is there to lay out the graph.
    ImportError
        A package of the extra ``viz`` is missing: the message names it.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.stepping import page
    >>> x = tgb.tensor([1.0, 2.0], requires_grad=True).named("x")
    >>> html = page((x * x).sum().named("L"))
    >>> html.startswith("<!doctype html>"), "The backward pass of L" in html
    (True, True)
    """
    derivation = what if isinstance(what, Derivation) else None
    graph = derivation.graph if derivation is not None else Recorded(what, names, model)
    count = sum(node.op is not None for node in graph.order)
    if count > _MOST:
        raise ValueError(
            f"a page for stepping through {count:,} operations is more than a browser likes; "
            f"the most is {_MOST:,}. Take a shorter sequence or fewer layers, or an earlier tensor"
        )
    chain: Chain | None = None
    note = ""
    size = math.prod(graph.root.shape)
    if derivation is None and size != 1:
        note = f"A backward pass starts from a single number, such as a loss; here are {size:,}."
    try:
        if derivation is None and not note:
            derivation = explain(what, names=names, model=model)
        if derivation is not None:
            graph, chain = derivation.graph, derivation.chain
    except RuntimeError as error:  # what backward has freed: the graph can still be shown
        note = str(error)
    levels = pictures(graph, max_nodes)
    walk = Walk(graph, chain, derivation)
    name = graph.name(graph.root)
    return assemble(graph, walk, levels, title or f"The backward pass of {name}", note)


def write(
    what: Tensor | Derivation,
    path: str | Path,
    *,
    names: Mapping[str, Any] | None = None,
    model: Any = None,
    title: str | None = None,
    max_nodes: int = 1000,
) -> Path:
    """Write the page that :func:`page` makes to a file, and return its path.

    Parameters
    ----------
    what, names, model, title, max_nodes
        As for :func:`page`.
    path : str or Path
        The file, such as ``graph.html``.
    """
    path = Path(path)
    html = page(what, names=names, model=model, title=title, max_nodes=max_nodes)
    path.write_text(html, encoding="utf-8")
    return path
