"""Pictures of the recorded graph: ``tgb.draw(loss, model=net)``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler import CompiledModule, CompiledStep
from ..recorded.modules import trace
from ..tensor import Tensor
from .collect import collect
from .dot import ATTRIBUTES, body
from .layout import rank_direction
from .scene import Options
from .steps import collect_step

if TYPE_CHECKING:
    from .render import Drawing

__all__ = ["dot_text", "draw", "trace"]


def _is_step(root: Any) -> bool:
    return isinstance(root, CompiledStep | CompiledModule)


def _parts(root: Any, rankdir: str | None, options: Options) -> tuple[dict[str, Any], list[str]]:
    scene = collect_step(root, options.max_nodes) if _is_step(root) else collect(root, options)
    if rankdir not in (None, "TB", "BT", "LR", "RL"):
        raise ValueError(f"rankdir is 'TB', 'BT', 'LR' or 'RL', not {rankdir!r}")
    graph = {**ATTRIBUTES["graph"], "rankdir": rankdir or rank_direction(scene)}
    return {**ATTRIBUTES, "graph": graph}, list(body(scene, options.direction))


def draw(
    root: Tensor | Iterable[Tensor] | CompiledStep | CompiledModule,
    *,
    model: Any = None,
    names: Mapping[str, Tensor] | None = None,
    direction: str = "forward",
    depth: int | None = None,
    max_elements: int | None = None,
    max_nodes: int = 1000,
    rankdir: str | None = None,
    path: Any = None,
) -> Drawing:
    """Draw the graph that a tensor was computed by, or the program of a compiled step.

    A box is an operation, with the name and shape of its result; amber boxes are the leaves that
    collect gradients, grey ones data, the green one is `root`. Small tensors show their values and,
    once there are any, their gradients (in red).

    Of a step a box is a kernel, with the operations that are fused in it; the parameters and
    states that it reads, and those that it writes (→), are amber. An arrow is a buffer, with its
    shape. Layers that repeat are drawn once.

    Parameters
    ----------
    root : Tensor or several, or what :func:`tinygrad_bp.compile` returned
        Where to start: the loss, usually. Of a step the program of the latest call is drawn, and
        only `rankdir`, `max_nodes` and `path` mean something.
    model : nn.Module, optional
        Names its parameters and frames each module. Which operation belongs to which module is told
        from the parameters; run the model inside :func:`trace` to know it exactly.
    names : dict of str to Tensor, optional
        More names; they go before those of :meth:`Tensor.named` and of the model.
    direction : {"forward", "backward", "both"}
        Arrows as the values flow, as the gradients flow, or both. Backward, the arrows tell shapes,
        the boxes what is kept for the rules, and gradients are computed where there are none yet
        (for a `root` of one element; `.grad` is left alone).
    depth : int, optional
        How many levels of modules to open; deeper ones become one box each. With 0
        the model is a box.
    max_elements : int, optional
        Show the numbers of tensors with at most so many elements; with 0, none. By default 12,
        and 1 in a picture of more than 100 boxes.
    max_nodes : int
        Refuse to draw more boxes than this.
    rankdir : {"TB", "LR", "BT", "RL"}, optional
        The direction of the first arrows. By default left to right for short graphs, else downward.
    path : str or Path, optional
        A file to write, too: a picture (``net.svg``, ``net.png``), or with ``graph.html`` a page on
        which one can step through the backward pass of `root`, a single tensor.

    Returns
    -------
    graphviz.Digraph
        Shown by a notebook; ``.render("net", format="png")`` writes a file, ``.pipe(format="svg")``
        returns the bytes, ``.source`` the DOT text. It draws with `dot` if that is on the PATH,
        else with the graphviz-pure package; with neither, it says what to install.

    Raises
    ------
    RuntimeError
        Nothing was recorded for `root`; a step was not called yet.
    ValueError
        There would be more than `max_nodes` boxes, or an argument has no meaning.
    ImportError
        The graphviz package is missing. :func:`dot_text` does without.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> X = tgb.ones(3, 4).named("X")
    >>> W1 = tgb.zeros(2, 3, requires_grad=True).named("W1")
    >>> Z1 = (W1 @ X).named("Z1")
    >>> picture = tgb.draw(Z1.sum())
    >>> "W1 @ X" in picture.source
    True
    >>> picture.pipe(format="svg")[:5]
    b'<?xml'
    """
    options = Options(model, names, direction, depth, max_elements, max_nodes)
    attributes, lines = _parts(root, rankdir, options)
    from .render import Drawing

    drawing = Drawing(
        "graph",
        graph_attr=attributes["graph"],
        node_attr=attributes["node"],
        edge_attr=attributes["edge"],
        body=lines,
    )
    if path is not None:
        _write(drawing, root, Path(path), names, model, max_nodes)
    return drawing


def _write(drawing: Drawing, root: Any, path: Path, names: Any, model: Any, most: int) -> None:
    kind = path.suffix.lower()
    if kind not in (".html", ".htm"):
        drawing.render(outfile=path, cleanup=True)
        return
    if not isinstance(root, Tensor):
        raise TypeError(
            f"draw(…, path={path.name!r}) steps through the backward pass of one tensor, not of a "
            f"{type(root).__name__}: give the loss"
        )
    # The room lies above this one, and is reached when it is asked for.
    stepping = import_module("tinygrad_bp.stepping")
    stepping.write(root, path, names=names, model=model, max_nodes=most)


def dot_text(root: Any, *, rankdir: str | None = None, **options: Any) -> str:
    """Return the picture that :func:`draw` makes as DOT text: needs NumPy alone.

    Parameters
    ----------
    root, rankdir, **options
        As for :func:`draw`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor(3.0, requires_grad=True).named("x")
    >>> print(dot_text(x * 2).splitlines()[0])
    digraph {
    """
    attributes, lines = _parts(root, rankdir, Options(**options))
    heads = [
        f"\t{kind} [" + " ".join(f'{key}="{value}"' for key, value in pairs.items()) + "]\n"
        for kind, pairs in attributes.items()
    ]
    return "".join(["digraph {\n", *heads, *lines, "}\n"])
