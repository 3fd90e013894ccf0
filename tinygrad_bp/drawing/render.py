"""Pictures without a system install: `dot` from the PATH, else the program of graphviz-pure."""

from __future__ import annotations

import os
import shutil
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_INSTALL = 'pip install "tinygrad_bp[viz]"'

try:
    import graphviz
    from graphviz.backend import dot_command
except ImportError as error:
    if error.name is None or error.name.split(".")[0] != "graphviz":
        raise
    raise ImportError(
        f"draw needs the graphviz package: {_INSTALL}. "
        "tgb.drawing.dot_text(…) returns the DOT text without it.",
        name=error.name,
    ) from None

__all__ = ["Drawing", "RendererNotFound", "find_pure"]

_BITMAPS = ("png", "jpg", "jpeg", "jpe", "gif", "bmp")
_lock = threading.RLock()


class RendererNotFound(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """Neither `dot` nor `graphviz-pure` is installed: there is the DOT text, but no picture."""

    def __init__(self, saved: str = "") -> None:
        where = f"is saved in {saved!r}" if saved else "is in .source"
        RuntimeError.__init__(
            self,
            "no program to draw with: neither `dot` on the PATH nor the graphviz-pure package. "
            f"Install it with: {_INSTALL}  (the DOT text {where})",
        )


def find_pure() -> str | None:
    """Return the path of graphviz-pure's program, also in an environment that is not activated."""
    try:
        files = distribution("graphviz-pure").files or []
    except PackageNotFoundError:
        files = []
    places = [Path(str(f.locate())) for f in files if f.stem == "graphviz-pure"]
    places.append(Path(sysconfig.get_path("scripts"), "graphviz-pure"))
    for place in places:
        for path in (place, place.with_suffix(".exe")):
            if path.suffix in ("", ".exe") and path.is_file() and os.access(path, os.X_OK):
                return str(path.resolve())
    return shutil.which("graphviz-pure")


@contextmanager
def _program(saved: str = "") -> Iterator[None]:
    """Let the graphviz package run what there is, in place of a `dot` that is missing."""
    if shutil.which("dot") is not None:
        yield
        return
    pure = find_pure()
    if pure is None:
        raise RendererNotFound(saved)
    with _lock:
        before = dot_command.DOT_BINARY
        dot_command.DOT_BINARY = Path(pure)
        try:
            yield
        except graphviz.CalledProcessError as error:
            error.add_note(
                "drawn by graphviz-pure, which writes svg, png and jpeg; for pdf and others "
                "install Graphviz itself: https://graphviz.org/download/"
            )
            raise
        finally:
            dot_command.DOT_BINARY = before


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A ``graphviz.Digraph`` that draws itself with what is installed.

    ``render("net", format="png")`` and ``render(outfile="net.svg")`` write files,
    ``pipe(format="svg")`` returns bytes, ``save("net.gv")`` writes the DOT text, ``source`` and
    ``str()`` return it. A notebook shows the picture. The format is SVG where none is given.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("format") is None:
            kwargs["format"] = "svg"
        super().__init__(*args, **kwargs)

    @contextmanager
    def _sharp(self, format: str | None) -> Iterator[None]:
        """Draw bitmaps with twice the resolution of a screen of old, unless told otherwise."""
        bitmap = (format or self.format) in _BITMAPS and "dpi" not in self.graph_attr
        if bitmap:
            self.graph_attr["dpi"] = "144"
        try:
            yield
        finally:
            if bitmap:
                del self.graph_attr["dpi"]

    def pipe(self, format: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Return the picture as bytes, or as a string with ``encoding="utf-8"`` for SVG.

        Raises
        ------
        RendererNotFound
            Neither `dot` nor graphviz-pure is there. A RuntimeError that says what to install.
        """
        kwargs.setdefault("quiet", True)  # an error is raised with its message all the same
        with _program(), self._sharp(format):
            return super().pipe(format, *args, **kwargs)

    def render(self, filename: Any = None, *args: Any, **kwargs: Any) -> str:
        """Write the DOT text, and the picture beside it; return the path of the picture.

        Raises
        ------
        RendererNotFound
            Neither `dot` nor graphviz-pure is there. The DOT text is written, and its path named.
        """
        outfile, format = kwargs.get("outfile"), kwargs.get("format")
        if format is None and outfile is not None:
            format = Path(outfile).suffix.lstrip(".").lower() or None
        if shutil.which("dot") is None and find_pure() is None:
            if filename is None and outfile is not None:
                filename = Path(outfile).with_suffix(".gv")
            directory = args[0] if args else kwargs.get("directory")
            saved = self.save(filename, directory=directory)
            raise RendererNotFound(saved)
        kwargs.setdefault("quiet", True)
        with _program(), self._sharp(format):
            return str(super().render(filename, *args, **kwargs))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **kwargs: Any) -> Any:
        try:
            return super()._repr_mimebundle_(include, exclude, **kwargs)
        except RendererNotFound as error:
            return {"text/plain": f"{error}\n\n{self.source}"}
