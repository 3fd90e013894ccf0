"""From the generated text to LLVM's: a translator for the little Python of the kernels.

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
import re
from collections.abc import Iterator
from pathlib import Path

from . import scalar_kernels
from .instructions import (
    ARITHMETIC,
    COMPARISONS,
    INTRINSICS,
    LIBRARY,
    ORDER,
    RANK,
    TYPES,
    Text,
    Val,
    constant,
)
from .sharing import calling

__all__ = ["dialect", "to_llvm"]

#: Operations on so many neighbouring numbers at once.
_VECTORS = re.compile(r"(load|store|all|fma|sums?|turn)(\d+)")


class _Unit:
    """What is declared and defined so far; and whether each operation is rounded by itself."""

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.declared: dict[str, str] = {}
        self.defined: dict[str, str] = {}
        self.kernels: set[str] = set()
        self.shares = False
        self.notes = ['!0 = !{!"llvm.loop.unroll.disable"}']
        tree = ast.parse(scalar_kernels.SOURCE)
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

    def part(self, kernel: str, count: int) -> str:
        """Define the function by which threads call a kernel: its pointers lie in memory."""
        name = f"{kernel}.part"
        if name not in self.defined:
            lines, given = [], []
            for i in range(count):
                lines += [f"%a{i} = getelementptr ptr, ptr %a, i64 {i}",
                          f"%p{i} = load ptr, ptr %a{i}"]  # fmt: skip
                given.append(f"ptr %p{i}")
            given += ["i64 %part", "i64 %lo", "i64 %hi"]
            body = "\n".join([*lines, f"%out = call i64 @{kernel}({', '.join(given)})", "ret void"])
            self.defined[name] = (
                f"define internal void @{name}(ptr %a, i64 %part, i64 %lo, i64 %hi) nounwind "
                f"#0 {{\n{body}\n}}\n"
            )
        return name


class _Function(Text):
    """The translation of one function; its variables are memory, which LLVM turns into values."""

    def __init__(self, unit: _Unit, node: ast.FunctionDef, kinds: list[str], result: str,
                 attribute: str) -> None:  # fmt: skip
        super().__init__()
        self.unit, self.result = unit, result
        # Short loops would be unrolled before they become vectors, and then not become any: the
        # step of 2-16-16-1 takes twice the time. Short copies, though, gain by it.
        self.rolled = not node.name.startswith("move")
        self.variables: dict[str, str] = {}
        self.pointers: dict[str, Val] = {}
        self.given = 0  # the most pointers that are given to a kernel in parts
        parameters = []
        for arg, kind in zip(node.args.args, kinds, strict=True):
            if kind.startswith("*"):
                parameters.append(f"ptr noalias nocapture %{arg.arg}")
                self.pointers[arg.arg] = Val(kind, f"%{arg.arg}")
            else:
                parameters.append(f"{TYPES[kind]} %{arg.arg}")
                self._assign(arg.arg, Val(kind, f"%{arg.arg}"))
        ended = [self._statement(s) for s in node.body]
        if not any(ended):
            self.lines.append(f"ret {TYPES[result]} 0")
        if self.given:
            self.top.append(f"%given = alloca [{self.given} x ptr]")
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
                text = self.as_kind(self._value(node.value), kind)
                self.lines.append(f"store {TYPES[kind]} {text}, ptr {at}")
            case ast.For(target=ast.Name(id=name)):
                self._loop(name, node)
            case ast.If():
                yes, no = self.label("then"), self.label("else")
                test = self.as_kind(self._value(node.test), "boolean")
                self.lines += [f"br i1 {test}, label %{yes}, label %{no}", f"{yes}:"]
                for s in node.body:
                    self._statement(s)
                self.lines.append(f"{no}:")
            case ast.Return(value=ast.expr() as value):
                text = self.as_kind(self._value(value), self.result)
                self.lines.append(f"ret {TYPES[self.result]} {text}")
                return True
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case _:
                raise NotImplementedError(ast.unparse(node))
        return False

    def _assign(self, name: str, value: Val) -> None:
        kind = self.variables.get(name)
        if kind is None:
            kind = "int64" if value.kind == "number" else value.kind
            self.variables[name] = kind
            self.top.append(f"%var.{name} = alloca {TYPES[kind]}")
        self.lines.append(f"store {TYPES[kind]} {self.as_kind(value, kind)}, ptr %var.{name}")

    def _loop(self, name: str, node: ast.For) -> None:
        assert isinstance(node.iter, ast.Call)
        bounds = [self.as_kind(self._value(a), "int64") for a in node.iter.args]
        start, stop, step = ("0", *bounds, "1") if len(bounds) == 1 else (*bounds, "1")[:3]
        head, body, end = self.label("head"), self.label("body"), self.label("end")
        self._assign(name, Val("int64", start))
        self.lines += [f"br label %{head}", f"{head}:"]
        now = self.new(f"load i64, ptr %var.{name}")
        more = self.new(f"icmp slt i64 {now}, {stop}")
        self.lines += [f"br i1 {more}, label %{body}, label %{end}", f"{body}:"]
        for s in node.body:
            self._statement(s)
        now = self.new(f"load i64, ptr %var.{name}")
        after = self.new(f"add nsw i64 {now}, {step}")
        again = f"br label %{head}{self.unit.note() if self.rolled else ''}"
        self.lines += [f"store i64 {after}, ptr %var.{name}", again, f"{end}:"]

    # ----------------------------------------------------------------------------- expressions

    def _element(self, node: ast.Subscript) -> tuple[str, str]:
        assert isinstance(node.value, ast.Name)
        pointer = self.pointers[node.value.id]
        kind = pointer.kind[1:]
        index = self.as_kind(self._value(node.slice), "int64")
        return kind, self.new(
            f"getelementptr inbounds {TYPES[kind]}, ptr {pointer.text}, i64 {index}"
        )

    def _value(self, node: ast.expr) -> Val:
        match node:
            case ast.Constant(value=value):
                return Val("number", value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub()):
                x = self._value(node.operand)
                if x.kind == "number":
                    return Val("number", -x.text)
                kind = TYPES[x.kind]
                minus = "fneg {} {}" if x.kind.startswith("float") else "sub {} 0, {}"
                return Val(x.kind, self.new(minus.format(kind, x.text)))
            case ast.UnaryOp(op=ast.Not()):
                x = Val("boolean", self.as_kind(self._value(node.operand), "boolean"))
                return Val("boolean", self.new(f"xor i1 {x.text}, true"))
            case ast.BinOp():
                return self._binary(node)
            case ast.Compare(ops=[op], comparators=[right]):
                kind, a, b = self.pair(self._value(node.left), self._value(right))
                names = COMPARISONS[type(op)]
                test = f"fcmp {names[0]}" if kind.startswith("float") else f"icmp {names[1]}"
                return Val("boolean", self.new(f"{test} {TYPES[kind]} {a}, {b}"))
            case ast.IfExp():
                test = self.as_kind(self._value(node.test), "boolean")
                kind, a, b = self.pair(self._value(node.body), self._value(node.orelse))
                t = TYPES[kind]
                return Val(kind, self.new(f"select i1 {test}, {t} {a}, {t} {b}"))
            case ast.Subscript():
                kind, at = self._element(node)
                return Val(kind, self.new(f"load {TYPES[kind]}, ptr {at}"))
            case ast.Call(func=ast.Name(id="share")):
                return self._share(node)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, [self._value(a) for a in node.args])
            case ast.Call(func=ast.Attribute(attr=name)):  # np.int32
                return self._call(name, [self._value(a) for a in node.args])
        raise NotImplementedError(ast.unparse(node))

    def _name(self, name: str) -> Val:
        if name in self.pointers:
            return self.pointers[name]
        kind = self.variables.get(name)
        if kind is not None:
            return Val(kind, self.new(f"load {TYPES[kind]}, ptr %var.{name}"))
        if name in ("inf", "nan"):
            return Val("number", float(name))
        number = getattr(scalar_kernels, name)
        return Val(str(number.dtype), constant(number, str(number.dtype)))

    def _binary(self, node: ast.BinOp) -> Val:
        a, b = self._value(node.left), self._value(node.right)
        if isinstance(node.op, ast.Pow):
            return self._call("pow", [a, b])
        kind, x, y = self.pair(a, b)
        name = ARITHMETIC[type(node.op)][not kind.startswith("float")]
        if kind == "boolean" or self.unit.exact:
            name = name.removesuffix(" nsw").removesuffix(" contract")
        return Val(kind, self.new(f"{name} {TYPES[kind]} {x}, {y}"))

    def _call(self, name: str, args: list[Val]) -> Val:
        if name in TYPES:
            return Val(name, self.as_kind(args[0], name))
        if name.endswith("_at"):
            at = self.as_kind(args[0], "int64")
            return Val("*" + name[:-3], self.new(f"inttoptr i64 {at} to ptr"))
        if name == "at":  # a pointer further on
            kind = args[0].kind
            index = self.as_kind(args[1], "int64")
            element = TYPES[kind[1:]]
            return Val(kind, self.new(
                f"getelementptr inbounds {element}, ptr {args[0].text}, i64 {index}"
            ))  # fmt: skip
        if name == "data_of":  # the address of the elements follows an array's header of two words
            at = self.new(f"add i64 {args[0].text}, 16")
            at = self.new(f"inttoptr i64 {at} to ptr")
            return Val("int64", self.new(f"load i64, ptr {at}"))
        if vectors := _VECTORS.fullmatch(name):
            return self.vector(vectors[1], int(vectors[2]), args)
        if name in ("flush", "unflush"):
            self.flush(name == "flush")
            return Val("number", 0)
        if name in ("begin", "end"):
            self.unit.shares = True
            given = self.as_kind(args[0], "int64")
            if name == "begin":
                return Val("int64", self.new(f"call i64 @begin(i64 {given})"))
            self.lines.append(f"call void @end(i64 {given})")
            return Val("number", 0)
        if name in ("sgemm", "dgemm"):
            return self._gemm("float32" if name == "sgemm" else "float64", args)
        if name in self.unit.kernels:
            given = ", ".join(f"ptr {a.text}" for a in args)
            return Val("int64", self.new(f"call i64 @{name}({given})"))
        if name == "horner":
            variable, total, *others = args
            for coefficient in others:
                total = self._call("fma", [total, variable, coefficient])
            return total
        if name == "plus":  # of this sum, and of no other, the order is free: so it becomes vectors
            kind, x, y = self.pair(*args)
            return Val(kind, self.new(f"fadd reassoc nsz contract {TYPES[kind]} {x}, {y}"))
        if name in ("rank_up", "rank_down", "ranked"):
            return self.rank(args[0], name)
        if name in ("float_of_bits", "bits_of_float"):
            kind = "float32" if name == "float_of_bits" else "int32"
            source = TYPES["int32" if kind == "float32" else "float32"]
            return Val(kind, self.new(f"bitcast {source} {args[0].text} to {TYPES[kind]}"))
        if name in self.unit.helpers:
            kind = self.unit.helper(name)
            target = name
        else:
            kind = max((a.kind for a in args if a.kind != "number"), key=RANK.index)
            target = self._known(name, kind, len(args))
            if not target:  # of integers
                return self._integer(name, kind, args)
        given = ", ".join(f"{TYPES[kind]} {self.as_kind(a, kind)}" for a in args)
        return Val(kind, self.new(f"call {TYPES[kind]} @{target}({given})"))

    def _share(self, node: ast.Call) -> Val:
        """Let threads do parts of a kernel: ``share(pool, kernel, extent, parts, *pointers)``."""
        pool, kernel, *rest = node.args
        assert isinstance(kernel, ast.Name)
        at, extent, parts, *pointers = [self._value(a) for a in (pool, *rest)]
        self.given = max(self.given, len(pointers))
        for i, pointer in enumerate(pointers):
            place = self.new(f"getelementptr ptr, ptr %given, i64 {i}")
            self.lines.append(f"store ptr {pointer.text}, ptr {place}")
        counts = ", ".join(f"i64 {self.as_kind(v, 'int64')}" for v in (extent, parts))
        name = self.unit.part(kernel.id, len(pointers))
        self.lines.append(f"call void @share(i64 {at.text}, ptr @{name}, ptr %given, {counts})")
        return Val("number", 0)

    def _known(self, name: str, kind: str, arity: int) -> str:
        if kind not in ORDER:
            return ""
        if name == "abs":
            name = f"llvm.fabs.{ORDER[kind]}"
        elif name in INTRINSICS:
            name = f"llvm.{INTRINSICS[name]}.{ORDER[kind]}"
        elif name in LIBRARY:
            name += "f" if kind == "float32" else ""
        else:
            raise NotImplementedError(name)
        self.declare(name, TYPES[kind], [TYPES[kind]] * arity)
        return name

    def declare(self, name: str, result: str, given: list[str]) -> None:
        """Declare what LLVM or the C library has."""
        self.unit.declared[name] = f"declare {result} @{name}({', '.join(given)})"

    def _integer(self, name: str, kind: str, args: list[Val]) -> Val:
        t, x = TYPES[kind], [self.as_kind(a, kind) for a in args]
        if name in ("floor", "ceil", "trunc"):
            return Val(kind, x[0])
        if name == "abs":
            x.append(self.new(f"sub {t} 0, {x[0]}"))
        sign = "sgt" if name in ("larger", "abs") else "slt"
        test = self.new(f"icmp {sign} {t} {x[0]}, {x[1]}")
        return Val(kind, self.new(f"select i1 {test}, {t} {x[0]}, {t} {x[1]}"))

    def _gemm(self, kind: str, args: list[Val]) -> Val:
        """Call BLAS by its address: the arguments of ``cblas_?gemm``, but for order and α."""
        t = TYPES[kind]
        at = self.new(f"inttoptr i64 {self.as_kind(args[0], 'int64')} to ptr")
        row_major, as_is, turned = 101, 111, 112
        turns = [f"i32 {turned if a.text else as_is}" for a in args[1:3]]
        m, n, k, a, lda, b, ldb, beta, c, ldc = args[3:]
        counts = [f"i64 {self.as_kind(x, 'int64')}" for x in (m, n, k)]
        given = [
            f"i32 {row_major}", *turns, *counts,
            f"{t} {constant(1, kind)}", f"ptr {a.text}", f"i64 {lda.text}", f"ptr {b.text}",
            f"i64 {ldb.text}", f"{t} {self.as_kind(beta, kind)}", f"ptr {c.text}",
            f"i64 {ldc.text}",
        ]  # fmt: skip
        self.lines.append(f"call void {at}({', '.join(given)})")
        return Val("number", 0)


@functools.cache
def dialect() -> str:
    """Name the translator and the functions that it knows: with them, the code may change."""
    here = Path(__file__)
    names = ("instructions", "scalar_kernels", "library", "llvm", "sharing")
    files = (here.with_name(f"{name}.py") for name in names)
    text = b"".join(f.read_bytes() for f in (here, *files)) + repr(scalar_kernels.ODDS).encode()
    return hashlib.sha256(text).hexdigest()


def _functions(source: str) -> Iterator[ast.FunctionDef]:
    """Parse one function after the other: the tree of all takes a hundred times the text."""
    for text in re.split(r"^(?=@)", source, flags=re.MULTILINE):
        yield from (n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef))


def to_llvm(source: str, exact: bool = False) -> str:
    """Translate a generated module.

    Parameters
    ----------
    source : str
    exact : bool
        Round each operation by itself, as NumPy does; else a product and a sum may become one.
    """
    unit = _Unit(exact)
    texts = []
    for node in _functions(source):
        decorator = node.decorator_list[0]
        if isinstance(decorator, ast.Call):
            kinds = [f"*{a.value!s}" for a in decorator.args if isinstance(a, ast.Constant)]
            if ast.unparse(decorator.func) == "shared":  # and which part it is, from where to where
                kinds += ["int64"] * 3
            texts.append(_Function(unit, node, kinds, "int64", "kernel").text)
            unit.kernels.add(node.name)
        else:
            texts.append(_Function(unit, node, ["*int64"], "int64", "entry").text)
    # Where there are vectors of 512 bits, they pay: LLVM by itself takes half of them.
    attributes = 'attributes #0 = { "no-trapping-math"="true" "prefer-vector-width"="512" }'
    parts = [*unit.declared.values(), *unit.defined.values(), *texts, attributes, *unit.notes]
    if unit.shares:
        parts.append(calling())
    return "\n".join(parts) + "\n"
