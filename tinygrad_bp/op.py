"""What an operation is: a forward function and, for every input, its chain rule.

An operation is declared in one place, its rules beside its forward::

    multiply = elementwise(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)
    exp      = elementwise(np.exp, x=lambda g, out: g * out)

Read a rule as mathematics. The keyword names the input whose gradient it is, ``g`` is the gradient
that arrives at the output, and the parameters after ``g`` name exactly what has to be kept alive
from the forward pass until then:

========================  ==========================================================
``x``, ``y``, …           an input, by its name
``out``                   the output
``x_shape``, ``x_dtype``  only the shape or the dtype of an input
``xs``, ``xs_shape``      all arrays of a variadic input ``*xs`` (or their shapes)
``i``                     which of the variadic inputs the gradient is for
``shared``                what several rules need, computed once: see below
after ``*``               attributes: the static, keyword-only arguments of the forward
========================  ==========================================================

Where the rules of several inputs begin alike, ``shared=lambda g, …: …`` is declared beside them, a
function of the same grammar; it runs once before the rules that name ``shared``, and not at all if
none of them does.

A rule is a pure function over anything that speaks NumPy. The engine runs it on arrays for a
gradient, on Tensors for a gradient that can be differentiated again, on formulas for an
explanation. Hence: NumPy functions, operators and other operations of the table only; no branch on
a value; nothing in place.

Rules are checked when they are declared: a name that means nothing fails at import, not in
backward.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pickle import PicklingError, UnpicklingError
from types import CodeType, MethodType
from typing import Any, overload

import numpy as np

__all__ = ["SPEAKERS", "Op", "Plan", "constant", "elementwise", "primitive"]

#: Types that run an operation in their own way (record it, say) -> the function that does so.
SPEAKERS: dict[type, Callable[..., Any]] = {}

#: PyTorch's names of the operands, in order, and of where the result goes.
_OPERANDS = ("input", "other")
_KEYWORDS = frozenset((*_OPERANDS, "out"))

_VARARGS = 0x04  # the flag of a code object with a `*args` parameter (CPython's CO_VARARGS)


class Plan:
    """How one pattern of inputs that want a gradient is recorded and pulled back.

    ``keep(values, out)`` gathers what those rules name; ``kept`` says which places of the gathered
    tuple hold an array, and of which input (-1: the output); ``positions`` are those of the inputs
    that get a gradient, ``pulls`` their rules, bound: ``pull(g, saved, attrs)``; ``pull_all`` runs
    them in one call.
    """

    __slots__ = ("keep", "kept", "positions", "pull_all", "pulls")

    def __init__(
        self,
        keep: Callable[[Any, Any], tuple[Any, ...]] | None,
        kept: tuple[tuple[int, int], ...],
        positions: tuple[int, ...],
        pulls: tuple[Callable[..., Any], ...],
        pull_all: Callable[..., Any],
    ) -> None:
        self.keep, self.kept, self.pull_all = keep, kept, pull_all
        self.positions, self.pulls = positions, pulls


class Op:
    """One line of the table: a named operation, callable on arrays and on everything that records.

    Attributes
    ----------
    name : str
        The name in messages, pictures and derivations.
    forward : callable
        ``forward(*arrays, **attributes) -> array``, in NumPy.
    inputs : tuple of str
        Names of the positional array arguments; a trailing ``*xs`` is ``variadic``.
    attributes : tuple of str
        Names of the static, keyword-only arguments.
    rules : dict
        Input name -> chain rule. An input without a rule has no gradient.
    shared : callable or None
        What several rules begin with.
    broadcasts : bool
        Elementwise with NumPy's broadcasting: the engine sums each gradient back to its input.
    promotion : {"", "same", "float", "ordered"}
        Whether inputs are first brought to one dtype, and whether that has to be a floating one,
        or one of numbers that have an order: no complex one.
    quiet : bool
        Inf and NaN are ordinary answers of this operation (log 0): NumPy's warning is not shown.
    view : bool
        The output may share memory with the first input.
    holomorphic : bool
        The rules are derivatives as of real numbers. For complex ones the engine conjugates the
        gradient before a rule and after it: that gives PyTorch's gradient, ∂L/∂x + i ∂L/∂y.
    door : callable or None
        ``door(positions, rules)`` gives what runs the rules of these inputs, at once: as they are,
        or as machine code that is made of them.
    """

    __slots__ = (
        "attributes", "broadcasts", "door", "first_promoted", "forward", "holomorphic", "inputs",
        "lane", "laned", "name", "plans", "promotion", "quiet", "rules", "run", "shared",
        "variadic", "view",
    )  # fmt: skip

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: dict[str, Callable[..., Any]],
        *,
        name: str | None = None,
        broadcasts: bool = False,
        promotion: str = "",
        quiet: bool = False,
        view: bool = False,
        holomorphic: bool = False,
    ) -> None:
        rules = dict(rules)
        self.shared = rules.pop("shared", None)
        self.forward, self.rules = forward, rules
        #: The forward as it is run on a user's numbers.
        self.run = np.errstate(all="ignore")(forward) if quiet else forward
        self.name = name or getattr(forward, "__name__", type(forward).__name__).strip("_")
        self.broadcasts, self.promotion, self.quiet, self.view = broadcasts, promotion, quiet, view
        self.holomorphic = holomorphic
        self.door: Callable[..., Callable[..., Any]] | None = None
        self.inputs, self.variadic, self.attributes = _signature(forward, rules)
        if taken := _KEYWORDS.intersection(self.attributes):
            raise TypeError(
                f"{self.name}: {', '.join(sorted(taken))} can't be an attribute: every operation "
                "has these keywords"
            )
        self.plans: dict[int, Plan | None] = {}
        #: A faster way of recording, made by who records; False until it was looked for.
        self.lane: Any = False
        #: The speaker whose types may take the lane.
        self.laned: Callable[..., Any] | None = None
        # Leading inputs without a rule (the condition of `where`) take no part in the result's
        # dtype.
        self.first_promoted = 0
        while (
            rules
            and self.inputs[self.first_promoted :]
            and self.rule_for(self.first_promoted) is None
        ):
            self.first_promoted += 1
        known = self._known_names()
        together = {"shared": self.shared} if self.shared else {}
        for target, rule in {**rules, **together}.items():
            if target not in (*self.inputs, self.variadic, *together):
                raise TypeError(
                    f"{self.name}: a rule is given for {target!r}, which is no input; "
                    f"the inputs are {', '.join([*self.inputs, self.variadic or '']).strip(', ')}"
                )
            needs, attrs = _parameters(rule)
            strange = [n for n in needs if n not in known] + [
                n for n in attrs if n not in self.attributes
            ]
            if strange:
                raise TypeError(
                    f"{self.name}: the rule for {target!r} names {', '.join(map(repr, strange))}; "
                    f"a rule may name {', '.join(sorted(known))}"
                    f" and, after *, {', '.join(self.attributes) or 'nothing'}"
                )

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        """Run on arrays; or let the first operand that records run it in its way.

        PyTorch's keywords serve too: `input`, `other` for the operands, `out` for a tensor that
        takes the result.
        """
        for arg in args:
            kind = type(arg)
            if kind in SPEAKERS:
                if attrs and not _KEYWORDS.isdisjoint(attrs):
                    return self._with_keywords(args, attrs)
                speak = SPEAKERS[kind]
                if speak is self.laned and (fast := self.lane(self, args, attrs)) is not None:
                    return fast
                return speak(self, args, attrs)
        if attrs and not args:
            return self._with_keywords(args, attrs)
        return self.forward(*args, **attrs)

    def _with_keywords(self, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        out = attrs.pop("out", None)
        # The names of the table serve too: PyTorch's special functions say `x`.
        for place, theirs in enumerate(_OPERANDS):
            name = next((n for n in (theirs, *self.inputs[place : place + 1]) if n in attrs), None)
            if name is not None:
                if place != len(args):
                    raise TypeError(
                        f"{self.name}: {name!r} is operand {place}, and {len(args)} operand(s) "
                        "stand before it"
                    )
                args = (*args, attrs.pop(name))
        result = self(*args, **attrs) if args else self.forward(**attrs)
        return result if out is None else out._receive(result)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # An operation in a class body is a method, as a function would be.
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Pickle by name, as functions are: an operation is a variable of some module."""
        homes = [getattr(f, "__module__", None) for f in (*self.rules.values(), self.forward)]
        homes += [name for name in sys.modules if name.startswith(f"{__package__}.rules.")]
        for home in homes:
            for name, value in vars(sys.modules[home]).items() if home in sys.modules else ():
                if value is self:
                    return _found_op, (home, name)
        raise PicklingError(f"{self!r} is no variable of a module, so that it can't be pickled")

    @property
    def __name__(self) -> str:
        """The name, as a function has one: scripts print that of their activation."""
        return self.name

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join([*self.inputs, *self.attributes])})>"

    def plan(self, mask: int) -> Plan | None:
        """Return the plan for the inputs that want a gradient; None if no rule serves any of them.

        The mask has a leading 1, then a bit for each input, the first input highest; a negative one
        asks for complex numbers' gradients by a real rule.
        """
        plan = self._bind([bit == "1" for bit in f"{abs(mask):b}"[1:]])
        if plan is not None and mask < 0:
            pulls, pull_all = plan.pulls, plan.pull_all
            plan.pulls = tuple(_conjugated(pull) for pull in pulls)
            plan.pull_all = lambda g, s, a: tuple(
                np.conjugate(x) for x in pull_all(np.conjugate(g), s, a)
            )
        self.plans[mask] = plan
        return plan

    def rule_for(self, position: int) -> Callable[..., Any] | None:
        """Return the rule of the input at `position`, or None where it has no gradient."""
        return self.rules.get(self._input_name(position))

    # ------------------------------------------------------------------ binding, once a pattern

    def _input_name(self, position: int) -> str:
        return self.inputs[position] if position < len(self.inputs) else self.variadic or ""

    def _known_names(self) -> set[str]:
        names = [*self.inputs, *([self.variadic] if self.variadic else [])]
        known = {"out", *names, *(f"{n}_shape" for n in names), *(f"{n}_dtype" for n in names)}
        if self.variadic:
            known.add("i")
        return known | {"shared"} if self.shared else known

    def _bind(self, wanted: list[bool]) -> Plan | None:
        """Compile `keep` and the pulls for this pattern: no name is looked up per call."""
        first = len(self.inputs)  # where the variadic inputs begin
        slots: dict[str, str] = {}  # rule parameter -> its expression over the saved tuple `s`
        gathered: list[str] = []  # the expressions over `v` (inputs) and `out` that make up `s`
        kept: list[tuple[int, int]] = []
        calls: dict[int, str] = {}  # position -> the call of its rule, over `g`, `s`, `a`
        begin = ""  # the call of `shared`, if one of the rules names it

        def gather(expressions: list[str], sources: list[int | None]) -> str:
            start = len(gathered)
            for expression, source in zip(expressions, sources, strict=True):
                if source is not None:
                    kept.append((len(gathered), source))
                gathered.append(expression)
            return f"s[{start}:{len(gathered)}]"

        def slot(name: str) -> str:
            if name == "out":
                return gather(["out"], [-1]).split(":")[0] + "]"
            base, suffix = name, ""
            for ending in ("_shape", "_dtype"):
                if name.endswith(ending) and name.removesuffix(ending) in (
                    *self.inputs,
                    self.variadic,
                ):
                    base, suffix = name.removesuffix(ending), f".{ending[1:]}"
            many = base == self.variadic
            places = range(first, len(wanted)) if many else [self.inputs.index(base)]
            text = gather(
                [f"v[{p}]{suffix}" for p in places], [None if suffix else p for p in places]
            )
            return text if many else text.split(":")[0] + "]"

        def call(name: str, rule: Callable[..., Any], position: int) -> str:
            nonlocal begin
            needs, attrs = _parameters(rule)
            arguments = ["g"]
            for need in needs:
                if need == "i":
                    arguments.append(str(position - first))
                elif need == "shared" and self.shared is not None:
                    begin = begin or call("shared", self.shared, -1)
                    arguments.append("shared")
                else:
                    if need not in slots:
                        slots[need] = slot(need)
                    arguments.append(slots[need])
            # An attribute that the call left out has its default.
            arguments += [f"{name}=a.get({name!r}, d.get({name!r}))" for name in attrs]
            return f"rule_{name}({', '.join(arguments)})"

        for position, wants in enumerate(wanted):
            rule = self.rule_for(position) if wants else None
            if rule is not None:
                calls[position] = call(self._input_name(position), rule, position)
        if not calls:
            return None

        def body(text: str) -> str:
            if ", shared" in text:
                text = f"(lambda shared: {text})({begin})"
            return f"lambda g, s, a: {text}"

        names: dict[str, Any] = {f"rule_{name}": rule for name, rule in self.rules.items()}
        names["rule_shared"] = self.shared
        names["d"] = getattr(self.forward, "__kwdefaults__", None) or {}
        keep = _function(f"lambda v, out: ({', '.join(gathered)},)", {}) if gathered else None
        pulls = [_function(body(text), names) for text in calls.values()]
        together = _function(body(f"({', '.join(calls.values())},)"), names)
        if self.door is not None:
            together = self.door(tuple(calls), together)
        return Plan(keep, tuple(kept), tuple(calls), tuple(pulls), together)


def _found_op(module: str, name: str) -> Op:
    found = getattr(import_module(module), name)
    if not isinstance(found, Op):
        raise UnpicklingError(f"{module}.{name} is no operation, but was pickled as one")
    return found


def _function(source: str, names: dict[str, Any]) -> Callable[..., Any]:
    # Built from this file's own words only (input names were checked to be the rules' parameters).
    return eval(source, names)  # type: ignore[no-any-return]


def _conjugated(pull: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, s, a: np.conjugate(pull(np.conjugate(g), s, a))


def _parameters(rule: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a rule names after ``g``: the kept values, and the attributes after ``*``."""
    code: CodeType = rule.__code__
    names, count = code.co_varnames, code.co_argcount
    if count < 1 or names[0] != "g":
        raise TypeError("the first parameter of a rule is `g`, the gradient of the output")
    return names[1:count], names[count : count + code.co_kwonlyargcount]


def _signature(
    forward: Callable[..., Any], rules: dict[str, Callable[..., Any]]
) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """Return (inputs, variadic input, attributes) of a forward function."""
    if isinstance(forward, np.ufunc):
        return tuple(rules) or ("x", "y", "z")[: forward.nin], None, ()
    if not hasattr(forward, "__code__"):
        raise TypeError(
            f"{forward!r} does not tell its arguments: write the forward as a Python function, "
            "def f(x, *, attribute=...): return ..."
        )
    code: CodeType = forward.__code__
    names, count, only = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    variadic = names[count + only] if code.co_flags & _VARARGS else None
    return names[:count], variadic, names[count : count + only]


# ------------------------------------------------------------------ the three ways to declare a
# line


_Forward = Callable[..., Any]
_Declare = Callable[[_Forward], Op]


@overload
def primitive(forward: _Forward, *, name: str | None = ..., promotion: str = ...,
              quiet: bool = ..., view: bool = ..., **rules: _Forward) -> Op: ...  # fmt: skip
@overload
def primitive(forward: None = ..., *, name: str | None = ..., promotion: str = ...,
              quiet: bool = ..., view: bool = ..., **rules: _Forward) -> _Declare: ...  # fmt: skip
def primitive(forward: _Forward | None = None, *, name: str | None = None,
              promotion: str = "", quiet: bool = False, view: bool = False,
              **rules: _Forward) -> Op | _Declare:  # fmt: skip
    """Declare an operation with its rules; also a decorator on the forward function.

    Parameters
    ----------
    forward : callable
        ``forward(x, y, …, *, attribute=…) -> array``: positional inputs, keyword-only attributes.
    name : str, optional
        The forward's own name by default.
    promotion, quiet, view
        See :class:`Op`.
    **rules : callable
        ``x=lambda g, …: …``, the gradient that flows into the input ``x``.

    Returns
    -------
    Op
        The operation: call it on arrays or on Tensors.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.op import primitive
    >>> @primitive(x=lambda g, x: 3 * g * x**2)
    ... def cube(x):
    ...     return x * x * x
    >>> x = tgb.tensor([1.0, 2.0], requires_grad=True)
    >>> cube(x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """
    if forward is None:
        return lambda function: primitive(
            function, name=name, promotion=promotion, quiet=quiet, view=view, **rules
        )
    return Op(forward, rules, name=name, promotion=promotion, quiet=quiet, view=view)


@overload
def elementwise(forward: _Forward, *, name: str | None = ..., promotion: str = ...,
                quiet: bool = ..., **rules: _Forward) -> Op: ...  # fmt: skip
@overload
def elementwise(forward: None = ..., *, name: str | None = ..., promotion: str = ...,
                quiet: bool = ..., **rules: _Forward) -> _Declare: ...  # fmt: skip
def elementwise(forward: _Forward | None = None, *, name: str | None = None,
                promotion: str = "same", quiet: bool = False,
                **rules: _Forward) -> Op | _Declare:  # fmt: skip
    """Declare an operation that acts on each element, broadcasting its inputs as NumPy does.

    As :func:`primitive`; and a rule may return a gradient of the broadcast shape: the engine sums
    it back to the input's. `promotion` is "same" (one common dtype) or "float" (a floating one).
    """
    if forward is None:
        return lambda function: elementwise(
            function, name=name, promotion=promotion, quiet=quiet, **rules
        )
    return Op(forward, rules, name=name, broadcasts=True, promotion=promotion, quiet=quiet,
              holomorphic=True)  # fmt: skip


@overload
def constant(forward: _Forward, *, name: str | None = ..., promotion: str = ...,
             broadcasts: bool = ..., quiet: bool = ...) -> Op: ...  # fmt: skip
@overload
def constant(forward: None = ..., *, name: str | None = ..., promotion: str = ...,
             broadcasts: bool = ..., quiet: bool = ...) -> _Declare: ...  # fmt: skip
def constant(forward: _Forward | None = None, *, name: str | None = None, promotion: str = "",
             broadcasts: bool = False, quiet: bool = False) -> Op | _Declare:  # fmt: skip
    """Declare an operation without a gradient, such as a comparison or ``argmax``."""
    if forward is None:
        return lambda function: constant(
            function, name=name, promotion=promotion, broadcasts=broadcasts, quiet=quiet
        )
    return Op(forward, {}, name=name, promotion=promotion, broadcasts=broadcasts, quiet=quiet)
