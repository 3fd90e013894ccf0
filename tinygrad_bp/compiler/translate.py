"""From the generated text to LLVM's: a translator for the little Python that kernels are written in.

The language: functions of pointers and numbers; assignment; ``for … in range(…)``; ``return``, also
after ``if``; arithmetic, comparison, ``a if c else b``; elements of pointers. Every number has a
type, and a bare number takes that of the other operand.

Numba reads the same text, but takes 3 seconds for the step of a small network, nearly all of it to
find out types that are known here: this takes milliseconds, and LLVM itself a tenth of a second.
What is translated is what the generator wrote, never a user's code.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import scalar_kernels
from .scalar_kernels import _ODDS

__all__ = ["dialect", "to_llvm"]

TYPES = {
    "float32": "float", "float64": "double", "int64": "i64", "int32": "i32", "int8": "i8",
    "uint8": "i8", "boolean": "i1",
}  # fmt: skip
_RANK = ("boolean", "uint8", "int8", "int32", "int64", "float32", "float64")
_ORDER = {"float32": "f32", "float64": "f64"}

#: Of floats, of integers.
_ARITHMETIC: dict[type, tuple[str, str]] = {
    ast.Add: ("fadd contract", "add nsw"), ast.Sub: ("fsub contract", "sub nsw"),
    ast.Mult: ("fmul contract", "mul nsw"), ast.Div: ("fdiv", ""),
    ast.BitAnd: ("", "and"), ast.BitOr: ("", "or"), ast.RShift: ("", "ashr"),
    ast.LShift: ("", "shl"),
}  # fmt: skip
_COMPARISONS: dict[type, tuple[str, str]] = {
    ast.Lt: ("olt", "slt"), ast.LtE: ("ole", "sle"), ast.Gt: ("ogt", "sgt"),
    ast.GtE: ("oge", "sge"), ast.Eq: ("oeq", "eq"), ast.NotEq: ("une", "ne"),
}  # fmt: skip

#: Functions that LLVM has an instruction for, or a call of the C library.
_INTRINSICS = {
    "sqrt": "sqrt", "fma": "fma", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "sin": "sin", "cos": "cos", "larger": "maximum", "smaller": "minimum",
}  # fmt: skip
_LIBRARY = {"atan", "log1p", "expm1", "tanh", "erf", "exp", "log", "pow"}


class _Val(NamedTuple):
    kind: str  # a type's name, "*" and a type's name for a pointer, or "number"
    text: Any


def _constant(value: Any, kind: str) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind.startswith("float"):
        exact = float(np.float32(value)) if kind == "float32" else float(value)
        return "0x" + struct.pack(">d", exact).hex().upper()
    return str(int(value))


class _Unit:
    """What is declared and defined so far."""

    def __init__(self) -> None:
        self.declared: dict[str, str] = {}
        self.defined: dict[str, str] = {}
        self.kernels: set[str] = set()
        self.notes = ['!0 = !{!"llvm.loop.unroll.disable"}']
        tree = ast.parse(inspect.getsource(scalar_kernels))
        self.helpers = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}

    def helper(self, name: str) -> str:
        """Define a function of numbers, once; its name tells their type."""
        kind = "float32" if name.endswith("32") else "float64"
        if name not in self.defined:
            self.defined[name] = ""
            node = self.helpers[name]
            kinds = [kind] * len(node.args.args)
            self.defined[name] = _Function(self, node, kinds, kind, "alwaysinline").text
        return kind

    def note(self) -> str:
        """Ask for a loop to stay one."""
        n = len(self.notes)
        self.notes.append(f"!{n} = distinct !{{!{n}, !0}}")
        return f", !llvm.loop !{n}"

    def declare(self, name: str, kind: str, arity: int) -> None:
        """Declare what LLVM or the C library has."""
        args = ", ".join([TYPES[kind]] * arity)
        self.declared[name] = f"declare {TYPES[kind]} @{name}({args})"


class _Function:
    """The translation of one function; its variables are memory, which LLVM turns into values."""

    def __init__(self, unit: _Unit, node: ast.FunctionDef, kinds: list[str], result: str,
                 attribute: str) -> None:  # fmt: skip
        self.unit, self.result = unit, result
        self.count = 0
        # Short loops would be unrolled before they become vectors, and then not become any: the
        # step of 2-16-16-1 takes twice the time. Short copies, though, gain by it.
        self.rolled = not node.name.startswith("move")
        self.variables: dict[str, str] = {}
        self.pointers: dict[str, _Val] = {}
        self.top: list[str] = []
        self.lines: list[str] = []
        parameters = []
        for arg, kind in zip(node.args.args, kinds, strict=True):
            if kind.startswith("*"):
                parameters.append(f"ptr noalias nocapture %{arg.arg}")
                self.pointers[arg.arg] = _Val(kind, f"%{arg.arg}")
            else:
                parameters.append(f"{TYPES[kind]} %{arg.arg}")
                self._assign(arg.arg, _Val(kind, f"%{arg.arg}"))
        ended = any([self._statement(s) for s in node.body])
        if not ended:
            self.lines.append(f"ret {TYPES[result]} 0")
        linkage = "" if attribute == "entry" else "internal "
        extra = {"entry": "", "kernel": "noinline "}.get(attribute, "alwaysinline ")
        body = "\n".join(self.top + self.lines)
        self.text = (
            f"define {linkage}{TYPES[result]} @{node.name}({', '.join(parameters)}) "
            f"{extra}nounwind #0 {{\nentry:\n{body}\n}}\n"
        )

    # ------------------------------------------------------------------------------ statements

    def _statement(self, node: ast.stmt) -> bool:
        """Translate a statement; say whether the function ends with it."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                self._assign(name, self._value(node.value))
            case ast.Assign(targets=[ast.Subscript() as target]):
                kind, at = self._element(target)
                text = self._as(self._value(node.value), kind)
                self.lines.append(f"store {TYPES[kind]} {text}, ptr {at}")
            case ast.For(target=ast.Name(id=name)):
                self._loop(name, node)
            case ast.If():
                yes, no = self._label("then"), self._label("else")
                test = self._as(self._value(node.test), "boolean")
                self.lines += [f"br i1 {test}, label %{yes}, label %{no}", f"{yes}:"]
                for s in node.body:
                    self._statement(s)
                self.lines.append(f"{no}:")
            case ast.Return(value=ast.expr() as value):
                text = self._as(self._value(value), self.result)
                self.lines.append(f"ret {TYPES[self.result]} {text}")
                return True
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case _:
                raise NotImplementedError(ast.unparse(node))
        return False

    def _assign(self, name: str, value: _Val) -> None:
        kind = self.variables.get(name)
        if kind is None:
            kind = "int64" if value.kind == "number" else value.kind
            self.variables[name] = kind
            self.top.append(f"%var.{name} = alloca {TYPES[kind]}")
        self.lines.append(f"store {TYPES[kind]} {self._as(value, kind)}, ptr %var.{name}")

    def _loop(self, name: str, node: ast.For) -> None:
        assert isinstance(node.iter, ast.Call)
        bounds = [self._as(self._value(a), "int64") for a in node.iter.args]
        start, stop, step = ("0", *bounds, "1") if len(bounds) == 1 else (*bounds, "1")[:3]
        head, body, end = self._label("head"), self._label("body"), self._label("end")
        self._assign(name, _Val("int64", start))
        self.lines += [f"br label %{head}", f"{head}:"]
        now = self._new(f"load i64, ptr %var.{name}")
        more = self._new(f"icmp slt i64 {now}, {stop}")
        self.lines += [f"br i1 {more}, label %{body}, label %{end}", f"{body}:"]
        for s in node.body:
            self._statement(s)
        now = self._new(f"load i64, ptr %var.{name}")
        after = self._new(f"add nsw i64 {now}, {step}")
        again = f"br label %{head}{self.unit.note() if self.rolled else ''}"
        self.lines += [f"store i64 {after}, ptr %var.{name}", again, f"{end}:"]

    # ----------------------------------------------------------------------------- expressions

    def _label(self, stem: str) -> str:
        self.count += 1
        return f"{stem}.{self.count}"

    def _new(self, instruction: str) -> str:
        self.count += 1
        self.lines.append(f"%v{self.count} = {instruction}")
        return f"%v{self.count}"

    def _as(self, value: _Val, kind: str) -> str:
        """Give a value as one of this type."""
        have, text = value
        if have == "number":
            return _constant(text, kind)
        if have == kind:
            return str(text)
        a, b = TYPES[have], TYPES[kind]
        floats = have.startswith("float"), kind.startswith("float")
        if kind == "boolean":
            return self._new(
                f"fcmp une {a} {text}, 0.0" if floats[0] else f"icmp ne {a} {text}, 0"
            )
        if floats == (True, True):
            return self._new(f"{'fpext' if kind == 'float64' else 'fptrunc'} {a} {text} to {b}")
        if floats == (True, False):
            return self._new(f"fptosi {a} {text} to {b}")
        unsigned = have in ("boolean", "uint8")
        if floats == (False, True):
            return self._new(f"{'uitofp' if unsigned else 'sitofp'} {a} {text} to {b}")
        if a == b:
            return str(text)
        wider = _RANK.index(kind) > _RANK.index(have)
        return self._new(f"{('zext' if unsigned else 'sext') if wider else 'trunc'} {a} {text} to {b}")

    def _pair(self, a: _Val, b: _Val) -> tuple[str, str, str]:
        """Bring two operands to one type."""
        kinds = [v.kind for v in (a, b) if v.kind != "number"]
        if kinds:
            kind = max(kinds, key=_RANK.index)
        else:
            kind = "float64" if isinstance(a.text, float) or isinstance(b.text, float) else "int64"
        return kind, self._as(a, kind), self._as(b, kind)

    def _element(self, node: ast.Subscript) -> tuple[str, str]:
        assert isinstance(node.value, ast.Name)
        pointer = self.pointers[node.value.id]
        kind = pointer.kind[1:]
        index = self._as(self._value(node.slice), "int64")
        return kind, self._new(
            f"getelementptr inbounds {TYPES[kind]}, ptr {pointer.text}, i64 {index}"
        )

    def _value(self, node: ast.expr) -> _Val:
        match node:
            case ast.Constant(value=value):
                return _Val("number", value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub()):
                x = self._value(node.operand)
                if x.kind == "number":
                    return _Val("number", -x.text)
                kind = TYPES[x.kind]
                minus = "fneg {} {}" if x.kind.startswith("float") else "sub {} 0, {}"
                return _Val(x.kind, self._new(minus.format(kind, x.text)))
            case ast.UnaryOp(op=ast.Not()):
                x = _Val("boolean", self._as(self._value(node.operand), "boolean"))
                return _Val("boolean", self._new(f"xor i1 {x.text}, true"))
            case ast.BinOp():
                return self._binary(node)
            case ast.Compare(ops=[op], comparators=[right]):
                kind, a, b = self._pair(self._value(node.left), self._value(right))
                names = _COMPARISONS[type(op)]
                test = f"fcmp {names[0]}" if kind.startswith("float") else f"icmp {names[1]}"
                return _Val("boolean", self._new(f"{test} {TYPES[kind]} {a}, {b}"))
            case ast.IfExp():
                test = self._as(self._value(node.test), "boolean")
                kind, a, b = self._pair(self._value(node.body), self._value(node.orelse))
                t = TYPES[kind]
                return _Val(kind, self._new(f"select i1 {test}, {t} {a}, {t} {b}"))
            case ast.Subscript():
                kind, at = self._element(node)
                return _Val(kind, self._new(f"load {TYPES[kind]}, ptr {at}"))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, [self._value(a) for a in node.args])
            case ast.Call(func=ast.Attribute(attr=name)):  # np.int32
                return self._call(name, [self._value(a) for a in node.args])
        raise NotImplementedError(ast.unparse(node))

    def _name(self, name: str) -> _Val:
        if name in self.pointers:
            return self.pointers[name]
        kind = self.variables.get(name)
        if kind is not None:
            return _Val(kind, self._new(f"load {TYPES[kind]}, ptr %var.{name}"))
        if name in ("inf", "nan"):
            return _Val("number", float(name))
        constant = getattr(scalar_kernels, name)
        return _Val(str(constant.dtype), _constant(constant, str(constant.dtype)))

    def _binary(self, node: ast.BinOp) -> _Val:
        a, b = self._value(node.left), self._value(node.right)
        if isinstance(node.op, ast.Pow):
            return self._call("pow", [a, b])
        kind, x, y = self._pair(a, b)
        name = _ARITHMETIC[type(node.op)][not kind.startswith("float")]
        if kind == "boolean":
            name = name.split()[0]
        return _Val(kind, self._new(f"{name} {TYPES[kind]} {x}, {y}"))

    def _call(self, name: str, args: list[_Val]) -> _Val:
        if name in TYPES:
            return _Val(name, self._as(args[0], name))
        if name.endswith("_at"):
            at = self._as(args[0], "int64")
            return _Val("*" + name[:-3], self._new(f"inttoptr i64 {at} to ptr"))
        if name == "at":  # a pointer further on
            kind = args[0].kind
            index = self._as(args[1], "int64")
            element = TYPES[kind[1:]]
            return _Val(kind, self._new(
                f"getelementptr inbounds {element}, ptr {args[0].text}, i64 {index}"
            ))  # fmt: skip
        if name == "data_of":  # the address of the elements follows an array's header of two words
            at = self._new(f"add i64 {args[0].text}, 16")
            at = self._new(f"inttoptr i64 {at} to ptr")
            return _Val("int64", self._new(f"load i64, ptr {at}"))
        if name in ("sgemm", "dgemm"):
            return self._gemm("float32" if name == "sgemm" else "float64", args)
        if name in self.unit.kernels:
            given = ", ".join(f"ptr {a.text}" for a in args)
            return _Val("int64", self._new(f"call i64 @{name}({given})"))
        if name == "plus":  # of this sum, and of no other, the order is free: so it becomes vectors
            kind, x, y = self._pair(*args)
            return _Val(kind, self._new(f"fadd reassoc nsz contract {TYPES[kind]} {x}, {y}"))
        if name in ("float_of_bits", "bits_of_float"):
            kind = "float32" if name == "float_of_bits" else "int32"
            source = TYPES["int32" if kind == "float32" else "float32"]
            return _Val(kind, self._new(f"bitcast {source} {args[0].text} to {TYPES[kind]}"))
        if name in self.unit.helpers:
            kind = self.unit.helper(name)
            target = name
        else:
            kind = max((a.kind for a in args if a.kind != "number"), key=_RANK.index)
            target = self._known(name, kind, len(args))
            if not target:  # of integers
                return self._integer(name, kind, args)
        given = ", ".join(f"{TYPES[kind]} {self._as(a, kind)}" for a in args)
        return _Val(kind, self._new(f"call {TYPES[kind]} @{target}({given})"))

    def _known(self, name: str, kind: str, arity: int) -> str:
        if kind not in _ORDER:
            return ""
        if name == "abs":
            name = f"llvm.fabs.{_ORDER[kind]}"
        elif name in _INTRINSICS:
            name = f"llvm.{_INTRINSICS[name]}.{_ORDER[kind]}"
        elif name in _LIBRARY:
            name += "f" if kind == "float32" else ""
        else:
            raise NotImplementedError(name)
        self.unit.declare(name, kind, arity)
        return name

    def _integer(self, name: str, kind: str, args: list[_Val]) -> _Val:
        t, x = TYPES[kind], [self._as(a, kind) for a in args]
        if name in ("floor", "ceil", "trunc"):
            return _Val(kind, x[0])
        if name == "abs":
            x.append(self._new(f"sub {t} 0, {x[0]}"))
        sign = "sgt" if name in ("larger", "abs") else "slt"
        test = self._new(f"icmp {sign} {t} {x[0]}, {x[1]}")
        return _Val(kind, self._new(f"select i1 {test}, {t} {x[0]}, {t} {x[1]}"))

    def _gemm(self, kind: str, args: list[_Val]) -> _Val:
        """Call BLAS by its address: the arguments of ``cblas_?gemm``, but for order and α."""
        t = TYPES[kind]
        at = self._new(f"inttoptr i64 {self._as(args[0], 'int64')} to ptr")
        row_major, as_is, turned = 101, 111, 112
        turns = [f"i32 {turned if a.text else as_is}" for a in args[1:3]]
        m, n, k, a, lda, b, ldb, beta, c, ldc = args[3:]
        given = [
            f"i32 {row_major}", *turns, *(f"i64 {x.text}" for x in (m, n, k)),
            f"{t} {_constant(1, kind)}", f"ptr {a.text}", f"i64 {lda.text}", f"ptr {b.text}",
            f"i64 {ldb.text}", f"{t} {self._as(beta, kind)}", f"ptr {c.text}", f"i64 {ldc.text}",
        ]  # fmt: skip
        self.lines.append(f"call void {at}({', '.join(given)})")
        return _Val("number", 0)


@functools.cache
def dialect() -> str:
    """Name the translator and the functions that it knows: with them, the code may change."""
    here = Path(__file__)
    text = here.read_bytes() + here.with_name("machine.py").read_bytes()
    text += inspect.getsource(scalar_kernels).encode()
    return hashlib.sha256(text + repr(_ODDS).encode()).hexdigest()


def to_llvm(source: str) -> str:
    """Translate a generated module."""
    unit = _Unit()
    tree = ast.parse(source)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    texts = []
    for node in functions:
        decorator = node.decorator_list[0]
        if isinstance(decorator, ast.Call):
            kinds = [f"*{ast.literal_eval(a)}" for a in decorator.args]
            texts.append(_Function(unit, node, kinds, "int64", "kernel").text)
            unit.kernels.add(node.name)
        else:
            texts.append(_Function(unit, node, ["*int64"], "int64", "entry").text)
    # Where there are vectors of 512 bits, they pay: LLVM by itself takes half of them.
    attributes = 'attributes #0 = { "no-trapping-math"="true" "prefer-vector-width"="512" }'
    parts = [*unit.declared.values(), *unit.defined.values(), *texts, attributes, *unit.notes]
    return "\n".join(parts) + "\n"
