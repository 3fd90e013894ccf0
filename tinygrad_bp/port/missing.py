"""The names of torch that a script uses and tinygrad_bp does not have."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .rewrite import is_torch

__all__ = ["Missing", "find_missing"]


class Missing(NamedTuple):
    """A name, as in ``torch.nn.Fold``, and the first line of the script that uses it."""

    line: int
    name: str


def find_missing(tree: ast.Module) -> list[Missing]:
    r"""List the names of torch in a script that can't be found here, in the order of their lines.

    Names that are reached through an import are looked up; methods of a tensor that a script
    computes are not, since nobody knows from the text what is a tensor.

    Examples
    --------
    >>> import ast
    >>> from tinygrad_bp.port import find_missing
    >>> find_missing(ast.parse("import torch\ntorch.ones(2)\ntorch.no_such_thing(3)"))
    [Missing(line=3, name='torch.no_such_thing')]
    """
    reader = _Reader()
    reader.visit(tree)
    first: dict[str, int] = {}
    for line, name in sorted(reader.used):
        missing = _first_missing(name)
        if missing is not None:
            first.setdefault(missing, line)
    return sorted(Missing(line, name) for name, line in first.items())


class _Reader(ast.NodeVisitor):
    """Collects the dotted names that begin with an import of torch."""

    def __init__(self) -> None:
        self.used: set[tuple[int, str]] = set()
        #: For each scope, innermost last: name -> torch's dotted name, None for anything else.
        self.scopes: list[dict[str, str | None]] = [{}]

    # ------------------------------------------------------------------------------- bindings

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if not is_torch(alias.name):
                self._bind(alias.asname or alias.name.partition(".")[0], None)
                continue
            self.used.add((node.lineno, alias.name))
            self._bind(alias.asname or "torch", alias.name if alias.asname else "torch")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        ours = not node.level and is_torch(node.module)
        if ours:
            self.used.add((node.lineno, str(node.module)))
        for alias in node.names:
            if alias.name == "*":
                continue
            name = f"{node.module}.{alias.name}" if ours else None
            if name is not None:
                self.used.add((node.lineno, name))
            self._bind(alias.asname or alias.name, name)

    def _bind(self, name: str, dotted: str | None) -> None:
        self.scopes[-1][name] = dotted

    @contextmanager
    def _scope(self, names: Iterator[str]) -> Iterator[None]:
        self.scopes.append(dict.fromkeys(names))
        yield
        self.scopes.pop()

    def _visit_function(self, node: Any) -> None:
        for outside in (
            *getattr(node, "decorator_list", []),
            *node.args.defaults,
            *[d for d in node.args.kw_defaults if d is not None],
        ):
            self.visit(outside)
        body = node.body if isinstance(node.body, list) else [node.body]
        with self._scope(_local_names(node.args, body)):
            for part in (*_annotations(node), *body):
                self.visit(part)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function

    # ----------------------------------------------------------------------------------- uses

    def visit_Name(self, node: ast.Name) -> None:
        self._use(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not self._use(node):
            self.generic_visit(node)

    def _use(self, node: ast.expr) -> bool:
        """Note a dotted name, if it begins with something of torch's."""
        parts: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            return False
        for scope in reversed(self.scopes):
            if inner.id in scope:
                base = scope[inner.id]
                if base is not None:
                    self.used.add((node.lineno, ".".join([base, *reversed(parts)])))
                return True
        return True


def _annotations(node: Any) -> list[ast.expr]:
    if isinstance(node, ast.Lambda):
        return []
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    found = [a.annotation for a in arguments if a.annotation is not None]
    return found if node.returns is None else [*found, node.returns]


def _local_names(arguments: ast.arguments, body: list[Any]) -> Iterator[str]:
    """Yield what a function binds itself, so that it hides an import of that name."""
    for node in ast.walk(arguments):
        if isinstance(node, ast.arg):
            yield node.arg
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _first_missing(dotted: str) -> str | None:
    """Return the shortest beginning of a name of torch's that can't be found here."""
    import tinygrad_bp

    found: Any = tinygrad_bp
    name = "torch"
    for part in dotted.split(".")[1:]:
        name += f".{part}"
        if not (inspect.ismodule(found) or inspect.isclass(found)):
            return None  # of a value, nobody knows before it runs
        try:
            found = getattr(found, part)
        except AttributeError:
            if not inspect.ismodule(found):
                return name
            try:
                found = importlib.import_module(f"{found.__name__}.{part}")
            except ImportError:
                return name
    return None
