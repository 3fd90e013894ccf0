"""The diagnosis itself: every key in the order of the backward pass, each from what came before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.network import Recorded
from .choosing import Choice, Chooser, distinct
from .fits import Base, Fit, Fitter
from .hypotheses import activation, affine, bias, loss, paths, whole
from .hypotheses.change import Array, Change, Ending, fixed
from .hypotheses.factors import Factors
from .hypotheses.loop import all_updated
from .lines import lines_of
from .replay import Replay
from .results import Result
from .roles import Roles
from .rounding import rounding
from .verdicts import Judge

__all__ = ["Engine"]

#: How many places of a mistake are kept in mind for the lines that may inherit it.
_PLACES = 4


class Engine:
    """Diagnoses gradients of a recorded graph.

    Parameters
    ----------
    graph : Recorded
    given : dict of Node to ndarray
        What was handed in.
    """

    def __init__(self, graph: Recorded, given: Mapping[Node, Array]) -> None:
        self.graph, self.given = graph, dict(given)
        self.replay = Replay(graph)
        self.roles = Roles(self.replay)
        keys = [key for key in given if key in self.replay.totals]
        self.rounding = rounding(self.replay, keys, self.replay.eps, self._blur())
        self.fitter = Fitter(self.replay, self.rounding)
        single = self.replay.eps > 1e-12
        self.factors = Factors(self.roles, 3e-5 if single else 1e-8)
        self.lines = lines_of(self.roles)
        self.changes = self._hypotheses()
        self.results: dict[Node, Result] = {}
        self.chooser = Chooser(self.fitter, self.results, self.depth)

    def _blur(self) -> dict[Node, Any]:
        """Return the sizes of what cancels in the formulas that people use, for the tolerance."""
        found: dict[Node, Any] = {}
        for act in self.roles.activated:
            if act.known is None or "ReLU" not in act.known.sign:
                found[act.z] = _size_of(act.a)
        for head in self.roles.heads:
            if head.z in self.replay.totals:
                found[head.z] = fixed(loss.rounded(self.roles, head))
        return found

    def _hypotheses(self) -> list[Change]:
        usable = {
            key: np.asarray(array, np.float64) for key, array in self.given.items()
            if array.shape == tuple(key.shape) and np.all(np.isfinite(array))
        }  # fmt: skip
        keys = [key for key in self.given if key in self.replay.totals]
        found = [
            *whole.multiplied(self.roles, self.factors, keys, self.lines),
            *activation.slopes(self.roles),
            *affine.other_weights(self.roles),
            *affine.own_update(self.roles, usable),
            *paths.contributions(self.roles, self.factors),
            *loss.first_lines(self.roles, self.factors),
            *loss.cut_off(self.roles),
        ]
        found = [c for c in found if c.place in self.replay.totals]
        self.harmless = [c for c in found if c.harmless]
        return [c for c in found if not c.harmless]

    # ---------------------------------------------------------------------------------- the order

    def run(self) -> dict[Node, Result]:
        """Diagnose every key, those nearer to the loss first."""
        for key, array in self.given.items():
            self.results[key] = Result(key, array)
        judged = Judge(self.replay, self.roles, self.fitter, self.factors, self.harmless)
        judged.mark(self.results)
        self.right = Base(self.replay.totals)
        self.bases: list[Base] = []
        wrong = [
            self.results[key] for key in sorted(self.given, key=self.depth)
            if key in self.replay.totals and not self.results[key].right
            and np.all(np.isfinite(self.given[key]))
        ]  # fmt: skip
        for result in wrong:
            self._diagnose(result)
        for result in wrong:
            # What db1 tells of dZ1 may be half of what is wrong with dW1, which came before.
            if not result.fits and result.source is None and len(self.bases):
                self._diagnose(result, combined=False)
        return {key: self.results[key] for key in self.given}

    def depth(self, key: Node) -> tuple[int, int]:
        """Order keys as backward reaches them: a leaf with the layer that reads it."""
        if key.op is not None:
            return -key.number, 0
        vector = 1 + (len(key.shape) < 2 or min(key.shape) == 1)
        layers = [a.out.number for a in self.roles.affine if key in self._parameters(a)]
        consumers = [c.number for c, _ in self.graph.consumers.get(key, ())]
        # A weight that several layers share is complete with the first of them.
        return -(min(layers) if layers else max(consumers, default=0)), vector

    # -------------------------------------------------------------------------------- a wrong key

    def _diagnose(self, result: Result, combined: bool = True) -> None:
        key, given = result.key, np.asarray(result.given, np.float64)
        own = self._own_base(key)
        if own is not None and self._inherits(result, given, own):
            return
        for base in self.bases:
            if self._inherits(result, given, base):
                return
        bases = [self.right, *[b for b in [own, *self.bases[:6]] if b and self._differs(b, key)]]
        best = Choice([], 1, 0)
        base = self.right
        for two in (False, True)[: 1 + combined]:
            for start in bases:
                # What the other keys speak against is taken only if nothing else is found.
                choice = self.chooser.chosen(result, self._search(key, given, start, two), start)
                if choice.fits and choice.better_than(best):
                    best, base = choice, start
                if choice.fits and not choice.against:
                    break
            # A line that is wrong twice is held against what may be wrong in two lines.
            if best.fits and (best.agree or any(len(fit.ids) == 1 for fit in best.fits)):
                break
        result.fits = distinct(best.fits)
        if base is not self.right:
            result.base, result.source = base, base.source or self._nearest(key)
        # The same mistake may have been made here, or nearer to the loss: later keys tell.
        wide = [fit for fit in best.fits if any(change.only is None for change, _ in fit.steps)]
        self.bases[:0] = [
            Base(self.fitter.after(fit, base.totals), fit, key) for fit in wide[:_PLACES]
        ]

    def _own_base(self, key: Node) -> Base | None:
        """Return the gradients computed from the wrong ones that were handed in for values."""
        instead = {
            r.key: np.asarray(r.given, np.float64) for r in self.results.values()
            if r.key.op is not None and r.key is not key and not r.right
            and r.given.shape == tuple(r.key.shape) and np.all(np.isfinite(r.given))
            and r.key in self.replay.totals
        }  # fmt: skip
        if not instead:
            return None
        return Base(self.replay.run_with(instead))

    def _differs(self, base: Base, key: Node) -> bool:
        return key in base.totals and self.fitter.differs(base.totals, self.replay.totals, key)

    def _inherits(self, result: Result, given: Array, base: Base) -> bool:
        """Note that a key is what follows from an earlier mistake, if it is."""
        key = result.key
        if (
            not self._differs(base, key)
            or self.fitter.fits(key, given, base.totals.get(key)) is None
        ):
            return False
        result.base = base
        source = base.source if base.source is not None else self._nearest(key)
        if base.fit is not None and source is not None and self._same_layer(source, key):
            result.fits = [
                f for f in self.results[source].fits if self._explains(f, base, key, given)
            ]
            result.same_as = source
        else:
            result.source = source
        return True

    def _explains(self, fit: Fit, base: Base, key: Node, given: Array) -> bool:
        first = self.results[base.source].base if base.source is not None else None
        start = first.totals if first is not None else self.replay.totals
        made = self.fitter.after(fit, start).get(key)
        return made is not None and self.fitter.fits(key, given, made) is not None

    def _nearest(self, key: Node) -> Node | None:
        """Return the wrong value that was handed in, and that the key is computed from first."""
        above = [
            r.key for r in self.results.values()
            if r.key.op is not None and not r.right and r.key is not key
            and key in self._below(r.key)
        ]  # fmt: skip
        return min(above, key=lambda node: node.number, default=None)

    def _below(self, node: Node) -> set[Node]:
        return {source for _, _, source in self.replay.steps(node, None)}

    def _same_layer(self, a: Node, b: Node) -> bool:
        """Whether two keys are parameters of one affine map: neither inherits from the other."""
        if a.op is not None or b.op is not None:
            return False
        return any({a, b} <= self._parameters(layer) for layer in self.roles.affine)

    def _parameters(self, layer: Any) -> set[Node | None]:
        found = {self.roles.leaf(layer.product.inputs[layer.weight])}
        if layer.bias is not None:
            found.add(self.roles.leaf(layer.bias[0].inputs[layer.bias[1]]))
        return found

    # --------------------------------------------------------------------------------- the search

    def _search(self, key: Node, given: Array, base: Base, combined: bool) -> list[Fit]:
        line = self.lines.get(key, "")
        useful = self.replay.leading_to(key)
        extra = list(affine.other_inputs(self.roles, key, line))
        changes = [
            c for c in [*self.changes, *[e for e in extra if isinstance(e, Change)]]
            if c.place in useful and (c.only is None or c.only is key)
        ]  # fmt: skip
        endings: list[Ending] = [
            *[e for e in extra if isinstance(e, Ending)],
            *whole.turned(self.roles, key, line),
            *bias.wrongly_summed(self.roles, key, line),
        ]
        fitter = self.fitter
        if not combined:
            found = [
                *fitter.single(key, given, base, changes),
                *fitter.ending(key, given, base, endings),
            ]
            if not any(not fit.weak for fit in found):
                found += all_updated(self.roles, fitter, key, given, base, self.given)
            return found
        if given.size < (2 if self.replay.eps < 1e-12 else 3):
            return []
        return list(self._combined(key, given, base, changes, endings))

    def _combined(self, key: Node, given: Array, base: Base, changes: list[Change],
                  endings: list[Ending]) -> Iterable[Fit]:  # fmt: skip
        fitter = self.fitter
        own = [c for c in changes if c.place is key and c.reads == (key,) and c.usual]
        factor = own[0].meanings if own else None
        changes = [c for c in changes if c not in own]
        if factor is not None:
            for ending in endings:
                yield from fitter.scaled(
                    key, given, ending.make(base.totals), factor, ending.meaning
                )
            for change in changes:
                made, direction = fitter.carried(change, base.totals, key)
                if direction is None:
                    for first in change.meanings(0.0):
                        yield from fitter.scaled(key, given, made, factor, first, ((change, 0.0),))
        for first_ending in endings:
            made = np.asarray(first_ending.make(base.totals))
            if made.ndim == 2 and first_ending.meaning.ids != ("transposed",):
                error = fitter.fits(key, given, made.T)
                if error is not None and made.T.shape == given.shape:
                    for turn in whole.turned(self.roles, key, self.lines.get(key, "")):
                        yield Fit(
                            (*first_ending.meaning.ids, "transposed"),
                            (first_ending.meaning.words, turn.meaning.words), error,
                            first_ending.meaning.prior + 20,
                        )  # fmt: skip
                        break
        yield from fitter.pairs(key, given, base, changes, endings)


def _size_of(node: Node) -> Any:
    return lambda totals: np.abs(totals[node])
