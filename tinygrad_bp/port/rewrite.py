"""The import lines of a script, with tinygrad_bp in the place of torch; nothing else changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

__all__ = ["is_torch", "rewrite"]

_FROM = re.compile(rb"from(?:\s|\\\r?\n)+(torch)(?![\w])")


def is_torch(name: str | None) -> bool:
    """Whether a dotted name is torch's."""
    return name is not None and (name == "torch" or name.startswith("torch."))


def rewrite(source: str, tree: ast.Module | None = None) -> str:
    """Return a script that imports tinygrad_bp where it imported torch.

    Line numbers stay. What was bound to the name ``torch`` is bound to it again.

    Parameters
    ----------
    source : str
    tree : ast.Module, optional
        What `source` was parsed to, if that is known already.

    Raises
    ------
    SyntaxError
        If it is no Python.

    Examples
    --------
    >>> from tinygrad_bp.port import rewrite
    >>> rewrite("import torch, math")
    'import tinygrad_bp as torch, math'
    >>> rewrite("from torch.nn import Linear")
    'from tinygrad_bp.nn import Linear'
    """
    text = source.encode()
    starts = [0]  # where each line begins: columns are counted in bytes of UTF-8
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source) if tree is None else tree
    for start, end, new in sorted(_edits(tree, text, starts), reverse=True):
        text = text[:start] + new + text[end:]
    return text.decode()


def _edits(tree: ast.Module, text: bytes, starts: list[int]) -> Iterator[tuple[int, int, bytes]]:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        if isinstance(node, ast.Import):
            if any(is_torch(alias.name) for alias in node.names):
                # A statement over several lines goes on over as many.
                lines = "\\\n" * text.count(b"\n", start, end)
                yield start, end, f"import {lines}{', '.join(_parts(node))}".encode()
        elif not node.level and is_torch(node.module):
            found = _FROM.match(text, start, end)
            if found:
                yield found.start(1), found.end(1), b"tinygrad_bp"


def _parts(node: ast.Import) -> Iterator[str]:
    """Yield what an import statement names, with ours for torch's."""
    for alias in node.names:
        own = "tinygrad_bp" + alias.name.removeprefix("torch")
        if not is_torch(alias.name):
            yield alias.name + (f" as {alias.asname}" if alias.asname else "")
        elif alias.asname:
            yield f"{own} as {alias.asname}"
        else:
            if alias.name != "torch":  # `import torch.nn` loads that, and binds `torch`
                yield own
            yield "tinygrad_bp as torch"
