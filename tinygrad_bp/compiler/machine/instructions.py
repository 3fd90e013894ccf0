"""Instructions of LLVM, as text: numbers of a type, and how they are brought to another."""

from __future__ import annotations

import ast
import platform
import struct
from typing import Any, NamedTuple

import numpy as np

__all__ = ["ARITHMETIC", "COMPARISONS", "INTRINSICS", "LIBRARY", "ORDER", "RANK", "TYPES", "Text",
           "Val", "constant"]  # fmt: skip

TYPES = {
    "float32": "float", "float64": "double", "int64": "i64", "int32": "i32", "int8": "i8",
    "uint8": "i8", "boolean": "i1",
    **{f"float32x{n}": f"<{n} x float>" for n in (4, 8, 16)},
    **{f"float64x{n}": f"<{n} x double>" for n in (4, 8)},
}  # fmt: skip
RANK = ("boolean", "uint8", "int8", "int32", "int64", "float32", "float64")
ORDER = {"float32": "f32", "float64": "f64"}

#: Of floats, of integers.
ARITHMETIC: dict[type, tuple[str, str]] = {
    ast.Add: ("fadd contract", "add nsw"), ast.Sub: ("fsub contract", "sub nsw"),
    ast.Mult: ("fmul contract", "mul nsw"), ast.Div: ("fdiv", ""),
    ast.BitAnd: ("", "and"), ast.BitOr: ("", "or"), ast.RShift: ("", "ashr"),
    ast.LShift: ("", "shl"),
}  # fmt: skip
COMPARISONS: dict[type, tuple[str, str]] = {
    ast.Lt: ("olt", "slt"), ast.LtE: ("ole", "sle"), ast.Gt: ("ogt", "sgt"),
    ast.GtE: ("oge", "sge"), ast.Eq: ("oeq", "eq"), ast.NotEq: ("une", "ne"),
}  # fmt: skip

#: Functions that LLVM has an instruction for, or a call of the C library.
INTRINSICS = {
    "sqrt": "sqrt", "fma": "fma", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "sin": "sin", "cos": "cos", "larger": "maximum", "smaller": "minimum",
}  # fmt: skip
LIBRARY = {"atan", "log1p", "expm1", "tanh", "erf", "exp", "log", "pow"}


class Val(NamedTuple):
    """A number or a pointer in the code, or a bare number that has no type yet."""

    kind: str  # a type's name, "*" and a type's name for a pointer, or "number"
    text: Any


def constant(value: Any, kind: str) -> str:
    """Write a number of this type, exactly."""
    if kind == "boolean":
        return "true" if value else "false"
    if kind.startswith("float"):
        exact = float(np.float32(value)) if kind == "float32" else float(value)
        return "0x" + struct.pack(">d", exact).hex().upper()
    return str(int(value))


class Text:
    """The lines of a function."""

    def __init__(self) -> None:
        self.count = 0
        self.lines: list[str] = []
        self.top: list[str] = []

    def label(self, stem: str) -> str:
        """Make up a name for a place in the code."""
        self.count += 1
        return f"{stem}.{self.count}"

    def new(self, instruction: str) -> str:
        """Write an instruction; return the name of its result."""
        self.count += 1
        self.lines.append(f"%v{self.count} = {instruction}")
        return f"%v{self.count}"

    def rank(self, value: Val, name: str) -> Val:
        """Give the integer that stands where a float does in order; or turn it back.

        The largest of integers is found in vectors, that of floats is not, for the sake of NaN:
        it comes first or last here (`rank_up`, `rank_down`), so that it is what is found.
        """
        forth = value.kind.startswith("float")
        wide = 32 if value.kind in ("float32", "int32") else 64
        whole, real = f"i{wide}", "float" if wide == 32 else "double"
        bits = value.text
        if forth:
            bits = self.new(f"bitcast {real} {value.text} to {whole}")
        sign = self.new(f"ashr {whole} {bits}, {wide - 1}")
        most = 2 ** (wide - 1) - 1
        flip = self.new(f"and {whole} {sign}, {most}")
        turned = self.new(f"xor {whole} {bits}, {flip}")
        if not forth:
            return Val(f"float{wide}", self.new(f"bitcast {whole} {turned} to {real}"))
        strange = self.new(f"fcmp uno {real} {value.text}, {value.text}")
        end = most if name == "rank_up" else -most - 1
        picked = self.new(f"select i1 {strange}, {whole} {end}, {whole} {turned}")
        return Val(f"int{wide}", picked)

    def flush(self, start: bool) -> None:
        """From here on take numbers below the smallest normal one for zero; or no longer.

        Such numbers cost an Intel processor a hundred times the time of others. Where it has no
        such register, they are cheap.
        """
        if platform.machine().lower() not in ("x86_64", "amd64"):
            return
        for name in ("stmxcsr", "ldmxcsr"):
            self.declare(f"llvm.x86.sse.{name}", "void", ["ptr"])
        if start:
            self.top += ["%mxcsr = alloca i32", "%mxcsr.flush = alloca i32"]
            self.lines.append("call void @llvm.x86.sse.stmxcsr(ptr %mxcsr)")
            was = self.new("load i32, ptr %mxcsr")
            to_zero = self.new(f"or i32 {was}, {0x8040}")  # results, and operands
            self.lines.append(f"store i32 {to_zero}, ptr %mxcsr.flush")
        self.lines.append(f"call void @llvm.x86.sse.ldmxcsr(ptr %mxcsr{'.flush' if start else ''})")

    def vector(self, name: str, n: int, args: list[Val]) -> Val:
        """Load, store, multiply or add up `n` numbers at a time."""
        kind = args[0].kind.removeprefix("*")
        element = kind.split("x")[0]
        row, one = f"<{n} x {TYPES[element]}>", TYPES[element]
        if name in ("load", "store"):
            index = self.as_kind(args[1], "int64")
            at = self.new(f"getelementptr inbounds {one}, ptr {args[0].text}, i64 {index}")
            size = int(element[-2:]) // 8  # it may begin at any element
            if name == "load":
                text = self.new(f"load {row}, ptr {at}, align {size}")
                return Val(f"{element}x{n}", text)
            self.lines.append(f"store {row} {args[2].text}, ptr {at}, align {size}")
            return Val("number", 0)
        if name == "turn":
            self._turn(n, element, args)
            return Val("number", 0)
        if name == "all":
            first = self.new(f"insertelement {row} poison, {one} {args[0].text}, i64 0")
            text = self.new(
                f"shufflevector {row} {first}, {row} poison, <{n} x i32> zeroinitializer"
            )
            return Val(f"{element}x{n}", text)
        if name == "sums":
            return Val(f"{element}x4", self._sums(n, one, [a.text for a in args]))
        suffix = f"v{n}{ORDER[element]}"
        if name == "fma":
            given = ", ".join(f"{row} {a.text}" for a in args)
            self.declare(f"llvm.fma.{suffix}", row, [row] * 3)
            return Val(f"{element}x{n}", self.new(f"call {row} @llvm.fma.{suffix}({given})"))
        self.declare(f"llvm.vector.reduce.fadd.{suffix}", one, [one, row])
        zero = constant(0, element)
        return Val(element, self.new(
            f"call reassoc {one} @llvm.vector.reduce.fadd.{suffix}({one} {zero}, "
            f"{row} {args[0].text})"
        ))  # fmt: skip

    def _sums(self, n: int, one: str, rows: list[str]) -> str:
        """Add up each of four vectors, all at once: by half as many moves as one by one."""

        def halves(a: str, b: str, size: int, low: list[int], high: list[int]) -> str:
            row, mask = f"<{size} x {one}>", f"<{len(low)} x i32>"
            both = [
                self.new(
                    f"shufflevector {row} {a}, {row} {b}, {mask} "
                    f"<{', '.join(f'i32 {i}' for i in places)}>"
                )
                for places in (low, high)
            ]
            return self.new(f"fadd <{len(low)} x {one}> {both[0]}, {both[1]}")

        fours = range(0, n, 4)  # what a processor moves about most quickly
        low = [i + j + k for i in fours for j in (0, 1) for k in (0, n)]
        two = [halves(a, b, n, low, [i + 2 for i in low]) for a, b in (rows[:2], rows[2:])]
        low = [i + j for i in fours for j in (0, 1, n, n + 1)]
        found = halves(two[0], two[1], n, low, [i + 2 for i in low])
        while n > 4:
            n //= 2
            found = halves(found, found, 2 * n, [*range(n)], [*range(n, 2 * n)])
        return found

    def _turn(self, n: int, element: str, args: list[Val]) -> None:
        """Copy n × n elements, rows as columns: ``turn(to, at, step, source, at, step)``.

        In log2 n rounds, each of which swaps blocks that are half as wide (Eklundh, 1972).
        """
        target, to, down, source, begin, across = args
        rows = []
        for i in range(n):
            place = self.new(f"mul i64 {self.as_kind(across, 'int64')}, {i}")
            place = self.new(f"add i64 {self.as_kind(begin, 'int64')}, {place}")
            rows.append(self.vector("load", n, [source, Val("int64", place)]).text)
        row, lanes, wide = f"<{n} x {TYPES[element]}>", range(n), n // 2
        while wide:
            masks = [
                ", ".join(f"i32 {x}" for x in places) for places in (
                    [x if not x & wide else n + x - wide for x in lanes],
                    [x + wide if not x & wide else n + x for x in lanes],
                )
            ]  # fmt: skip
            for i in lanes:
                if not i & wide:
                    rows[i], rows[i + wide] = (
                        self.new(f"shufflevector {row} {rows[i]}, {row} {rows[i + wide]}, "
                                 f"<{n} x i32> <{mask}>") for mask in masks
                    )  # fmt: skip
            wide //= 2
        for i, text in enumerate(rows):
            place = self.new(f"mul i64 {self.as_kind(down, 'int64')}, {i}")
            place = self.new(f"add i64 {self.as_kind(to, 'int64')}, {place}")
            self.vector("store", n, [target, Val("int64", place), Val(f"{element}x{n}", text)])

    def declare(self, name: str, result: str, given: list[str]) -> None:
        """Declare what LLVM has."""
        raise NotImplementedError

    def as_kind(self, value: Val, kind: str) -> str:
        """Give a value as one of this type."""
        have, text = value
        if have == "number":
            return constant(text, kind)
        if have == kind:
            return str(text)
        a, b = TYPES[have], TYPES[kind]
        floats = have.startswith("float"), kind.startswith("float")
        if kind == "boolean":
            return self.new(f"fcmp une {a} {text}, 0.0" if floats[0] else f"icmp ne {a} {text}, 0")
        if floats == (True, True):
            return self.new(f"{'fpext' if kind == 'float64' else 'fptrunc'} {a} {text} to {b}")
        if floats == (True, False):
            return self.new(f"fptosi {a} {text} to {b}")
        unsigned = have in ("boolean", "uint8")
        if floats == (False, True):
            return self.new(f"{'uitofp' if unsigned else 'sitofp'} {a} {text} to {b}")
        if a == b:
            return str(text)
        wider = RANK.index(kind) > RANK.index(have)
        name = "trunc" if not wider else "zext" if unsigned else "sext"
        return self.new(f"{name} {a} {text} to {b}")

    def pair(self, a: Val, b: Val) -> tuple[str, str, str]:
        """Bring two operands to one type."""
        kinds = [v.kind for v in (a, b) if v.kind != "number"]
        if kinds:
            kind = max(kinds, key=RANK.index)
        else:
            kind = "float64" if isinstance(a.text, float) or isinstance(b.text, float) else "int64"
        return kind, self.as_kind(a, kind), self.as_kind(b, kind)
