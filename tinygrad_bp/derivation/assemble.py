"""Which values of a graph get a line of the derivation, and what is written into which.

Every recorded operation has its gradient. A textbook shows those of the weights, of the biases and
of what an affine map gives (`dZ`), and writes the steps between into them: ``dZ1 = W2ᵀ dZ2 ⊙
ReLU′(Z1)``, not a line for ``dA1``. A value that several operations read is shown too, with its
paths, unless they meet again before the next layer, as in a softmax written by hand.
"""

from __future__ import annotations

import functools
from typing import Any

from ..expr import Expr, apply, parts, replace, same
from ..graph import Node
from ..recorded.network import ForgottenError, Recorded
from ..rules import elementwise as ew
from .algebra.columns import Columns, roles_of
from .algebra.definitions import Depth
from .algebra.facts import Facts
from .algebra.simplify import simplify
from .chain import ONE, Chain, size
from .folding import Folding
from .legend import legend_of, sizes_of
from .lines import Line, Path, Step
from .notation.formulas import text

__all__ = ["Assembly"]

_LONGEST = 60  # parts of a formula that is still one line
_LONGEST_RAW = 400  # and before it is simplified


class Assembly:
    """Builds the lines of a derivation.

    Parameters
    ----------
    graph : Recorded
    wanted : list of Node, optional
        The values whose gradients are asked for; by default all leaves.
    layout, depth, seed
        See :func:`explain`.
    """

    def __init__(self, graph: Recorded, wanted: list[Node] | None, layout: str | None,
                 depth: int | None, seed: Any) -> None:  # fmt: skip
        self.graph, self.layout, self.depth = graph, layout, depth
        self.chain = Chain(graph, seed)
        self.folding = Folding(graph, depth)
        self.roles = graph.roles
        reached = [leaf for leaf in graph.leaves if leaf in self.chain.totals]
        self.wanted = reached if wanted is None else list(wanted)
        for node in self.wanted:
            if node not in self.chain.totals:
                raise RuntimeError(
                    f"no gradient arrives at {graph.name(node)}: the loss does not depend on it "
                    "in a way that can be differentiated"
                )
        self.useful = self._useful()
        self.shown = {node for node in graph.order if self._has_line(node)}
        self._written: dict[Node, Expr] = {}
        self._lines: dict[Node, Line] = {}
        self.defined: set[Node] = set()  # values in between that a line speaks of
        self.left_out: list[tuple[str, str]] = []  # values whose equation can't be told
        self._cut_long_lines()

    # -------------------------------------------------------------------------- what gets a line

    def _useful(self) -> set[Node]:
        """Return the nodes through which what is wanted is reached."""
        useful = set(self.wanted)
        for node in reversed(self.graph.order):
            if node not in useful and any(s in useful for s in node.inputs):
                useful.add(node)
        return useful

    def _has_line(self, node: Node) -> bool:
        if node not in self.chain.totals or node not in self.useful:
            return False
        if self.folding.is_hidden(node) and self.depth is not None:
            return False
        if node.op is None or node in self.wanted:
            return node in self.wanted
        if node is self.graph.root:
            return False
        leaves_module = self.depth is not None and node in self.folding.inside
        if leaves_module or node in self.roles.affine or self.roles.reads_a_weight(node):
            return True
        if self.graph.named(node) and self.roles.is_activated(node):
            return True
        if self.graph.near_the_loss(node) or node in self.roles.made_of_parameters:
            return False
        several = len(self.chain.arrivals.get(node, ())) > 1
        return several or (bool(self.graph.own_name(node)) and node not in self.roles.activation)

    def _cut_long_lines(self) -> None:
        """Give values lines of their own where one formula would be too long to read."""
        for node in self.graph.order:
            if node not in self.chain.totals or node not in self.useful:
                continue
            # Near the loss much of a formula may vanish: first see what is left of it.
            near = self.graph.near_the_loss(node)
            self._cut(node, _LONGEST_RAW if near else _LONGEST)
            if near and node in self.shown and size(self.gradient_line(node).expr) > _LONGEST:
                del self._lines[node]
                self._cut(node, _LONGEST)

    def _cut(self, node: Node, longest: int) -> None:
        while size(self.written(node)) > longest:
            readers = [c for c, _, _ in self.chain.arrivals.get(node, ()) if self._is_read(c, node)]
            longer = max(readers, key=lambda c: size(self.written(c)), default=None)
            if longer is None or size(self.written(longer)) < 8:
                return
            self.shown.add(longer)
            del self._written[node]

    # ----------------------------------------------------------------------------- the gradients

    def written(self, node: Node) -> Expr:
        """Return the gradient of a value over the symbols of the lines, as the rules give it."""
        # The consumers first, without recursion: a graph may be deep.
        stack = [node]
        while stack:
            at = stack[-1]
            waiting = [
                consumer
                for consumer, _, _ in self.chain.arrivals.get(at, ())
                if self._is_read(consumer, at) and consumer not in self._written
            ]
            if waiting and at not in self._written:
                stack.extend(waiting)
                continue
            stack.pop()
            if at not in self._written:
                arrived = [formula for _, formula in self._arrived(at)]
                total = arrived[0] if arrived else self.chain.totals[at]
                for formula in arrived[1:]:
                    total = ew.add(total, formula)
                self._written[at] = total
        return self._written[node]

    def _is_read(self, consumer: Node, node: Node) -> bool:
        """Whether the gradient of a consumer is written into that of a value."""
        return not self._is_symbol(consumer) and self.folding.closed(consumer, node) is None

    def _arrived(self, node: Node) -> list[tuple[Node, Expr]]:
        """Return (consumer, formula) for each path; those through one closed module are one."""
        found: list[tuple[Node, Expr]] = []
        closed: dict[Any, list[tuple[Node, Expr]]] = {}
        for consumer, _, formula in self.chain.arrivals.get(node, ()):
            group = self.folding.closed(consumer, node)
            if group is None:
                found.append((consumer, self._inlined(formula, [consumer])))
            else:
                closed.setdefault(group, []).append((consumer, formula))
        for group, arrivals in closed.items():
            total = sum(formula.value for _, formula in arrivals)
            leaving = [self.chain.gradient(n) for n in self.folding.outputs(group)
                       if n in self.chain.totals]  # fmt: skip
            found.append((arrivals[0][0], self.folding.pull(group, node, total, leaving)))
        return found

    def _is_symbol(self, node: Node) -> bool:
        return node in self.shown

    def _inlined(self, formula: Expr, consumers: list[Node]) -> Expr:
        """Put the formulas of gradients without a line in place of their symbols."""
        put = {
            id(self.chain.gradient(c)): self._written[c]
            for c in consumers
            if not self._is_symbol(c)
        }
        return replace(formula, put) if put else formula

    def gradient_line(self, node: Node) -> Line:
        """Return the line of the gradient of a value, printed or not."""
        if node not in self._lines:
            self._lines[node] = self._line(node)
        return self._lines[node]

    def _line(self, node: Node) -> Line:
        graph = self.graph
        raw = self.written(node)
        arrived = self._arrived(node)
        name = f"d{graph.name(node)}"
        over: dict[Node, Expr] = {}  # an operation that reads a value twice is one path
        for consumer, formula in arrived:
            over[consumer] = ew.add(over[consumer], formula) if consumer in over else formula
        paths: tuple[Path, ...] = ()
        if len(over) > 1:
            paths = tuple(
                Path(self._through(consumer), self._last(formula, name))
                for consumer, formula in over.items()
            )
        return Line(
            name=name,
            steps=self._simplified(raw, name),
            recorded=self._turned(name, self.chain.totals[node].value),
            node=node,
            paths=paths,
            where=self._slopes(raw),
            source=graph.source(node),
        )

    def _through(self, node: Node) -> str:
        """Return the name of the next value with a line, or at least a name, from a consumer on."""
        seen = {node}
        while not (self.graph.shown(node) or node in self.shown):
            after = [c for c, _ in self.graph.consumers.get(node, ()) if c not in seen]
            if not after:
                break
            node = after[0]
            seen.add(node)
        return self.graph.name(node)

    def _simplified(self, formula: Expr, name: str) -> tuple[Step, ...]:
        """Return what the right-hand side of ``name = …`` becomes, step by step."""
        formula = self._in_sight(formula)
        if self.columns is not None:
            return tuple(self.columns.steps(formula, name, self.facts))
        return tuple(simplify(formula, self.facts))

    def _turned(self, name: str, value: Any) -> Any:
        return value if self.columns is None else self.columns.value(name, value)

    @functools.cached_property
    def columns(self) -> Columns | None:
        """What turns a network with a sample in each row, if that is asked for."""
        roles = roles_of(self.graph) if self.layout == "columns" else {}
        return Columns(roles) if roles else None

    def _in_sight(self, formula: Expr) -> Expr:
        """Write values in between out that no line defines."""
        put = {}
        for part in parts(formula):
            node = self.graph.node_of(part) if part.op is None else None
            if node is not None and node.op is not None and not self._has_equation(node):
                written = self._equation(node)
                if written is not None and same(written.value, part.value):
                    put[id(part)] = written
        return replace(formula, put) if put else formula

    @functools.cached_property
    def facts(self) -> Facts:
        """What simplifying may use: what the symbols stand for, which numbers have a name."""
        graph = self.graph
        definitions = {}
        for node in reversed(graph.order):
            if node.op is None or not self._has_equation(node) or graph.is_laid_out(node):
                continue
            try:
                equation = self._equation(node)
            except ForgottenError:
                continue
            if equation is not None:
                definitions[graph.name(node)] = equation
        facts = Facts(
            definitions=definitions,
            sizes=sizes_of(self.graph),
            ones=frozenset({ONE}),
            data=frozenset(graph.constant_names()),
            taken=frozenset(graph.names()),
        )
        return facts if self.columns is None else self.columns.facts(facts)

    def _last(self, formula: Expr, name: str) -> Expr:
        return self._simplified(formula, name)[-1].formula

    def _slopes(self, formula: Expr) -> tuple[tuple[str, Expr], ...]:
        """Spell out the derivatives that a formula calls by name."""
        found = {}
        for part in parts(formula):
            if (
                part.op is not None
                and part.op.name.endswith("′")
                and isinstance(part.args[0], Expr)
            ):
                node = self.graph.node_of(part.args[0])
                spelled = None if node is None else self.chain.slope(node, part)
                if node is not None and spelled is not None:
                    written = self._last(spelled, self.graph.name(node))
                    if text(written) != text(part):
                        found[text(part)] = written
        return tuple(found.items())

    # ------------------------------------------------------------------------------- all the lines

    def backward(self) -> tuple[Line, ...]:
        """Return the lines of the backward pass: each dZ, then what it gives its weights."""
        lines = []
        done: set[Node] = set()
        for node in self.graph.order:
            if node not in self.shown or node in done:
                continue
            lines.append(self.gradient_line(node))
            # The weight before the bias, once all that arrives at them has been shown.
            for leaf in self._leaves_of(node):
                done.add(leaf)
                lines.append(self.gradient_line(leaf))
        return tuple(lines)

    def _leaves_of(self, node: Node) -> list[Node]:
        """Return the leaves that get their whole gradient from one layer, weight first."""
        layer = self.roles.affine.get(node)
        found = []
        for at in (node,) if layer is None else dict.fromkeys((layer[1], node)):
            for source in at.inputs:
                leaf = self.graph.leaf_behind(source)
                readers = () if leaf is None else self.chain.arrivals.get(leaf, ())
                if leaf in self.shown and len(readers) == 1 and leaf not in found:
                    found.append(leaf)
        return [leaf for leaf in found if leaf is not None]

    def forward(self) -> tuple[Line, ...]:
        """Return the equations of the forward pass, of all values that the backward pass names."""
        for line in self.backward():
            self._define(line.expr)
        lines = []
        for node in reversed(self.graph.order):
            if node.op is None or not self._has_equation(node):
                continue
            try:
                formula = self._equation(node)
            except ForgottenError as gone:
                self.left_out.append((self.graph.name(node), f"not shown: {gone}"))
                continue
            if formula is not None and not same(formula.value, self.graph.value(node)):
                raise ForgottenError(
                    f"what {self.graph.name(node)} was computed from has been changed in place "
                    "since: run the forward pass again, and explain it before the optimizer's step"
                )
            if formula is not None:
                name = self.graph.name(node)
                if self.columns is not None:
                    formula = self.columns.equation(formula, name, self.facts)
                elif node is self.graph.root:  # its divisor may be the number of samples
                    formula = simplify(formula, self.facts, Depth.ALGEBRA)[-1].formula
                lines.append(
                    Line(
                        name=name,
                        steps=(Step(formula),),
                        recorded=self._turned(name, self.graph.value(node)),
                        node=node,
                        source=self.graph.source(node),
                    )
                )
        return tuple(lines)

    def _has_equation(self, node: Node) -> bool:
        graph = self.graph
        if self.depth is not None and self.folding.is_hidden(node):
            return False
        if node in self.roles.made_of_parameters and not graph.own_name(node):
            return False
        if self.depth is not None and node in self.folding.inside:
            return True
        return graph.shown(node) or node in self.shown or node in self.defined

    def _define(self, formula: Expr) -> None:
        """Note which values in between a formula speaks of."""
        for part in parts(formula):
            node = self.graph.node_of(part)
            if node is not None and node.op is not None and part.op is None:
                self.defined.add(node)

    def _equation(self, node: Node) -> Expr | None:
        """Return the operation of a node, with unnamed operands written out."""
        found: dict[Node, Any] = {}
        stack = [node]
        while stack:
            at = stack[-1]
            if at in found:
                stack.pop()
                continue
            inner = [
                s for s in at.inputs
                if s is not None and s.op is not None and not self._has_equation(s)
            ]  # fmt: skip
            waiting = [s for s in inner if s not in found]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if self.depth is not None and at in self.folding.inside:
                found[at] = self.folding.call(at)
                continue
            if type(at) is not Node or at.op is None:
                return None
            operands = tuple(
                found[s] if s in found else self.graph.operand(at, i)
                for i, s in enumerate(at.inputs)
            )
            if not any(isinstance(o, Expr) for o in operands):
                return None
            found[at] = apply(at.op, operands, at.attrs)
        return found[node]  # type: ignore[no-any-return]

    def legend(self) -> tuple[tuple[str, str], ...]:
        """Return what short names stand for, and which equations can't be told."""
        used = {part.name for line in self.backward() for part in parts(line.expr)}
        return (*legend_of(self.graph, used), *self.left_out)
