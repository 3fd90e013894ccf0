"""What generated code is written in: kernels over pointers, BLAS by its address, one entry.

Everything here disappears in machine code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import cfunc, njit, types
from numba.core.compiler import Compiler
from numba.extending import intrinsic

__all__ = [
    "POINTERS", "data_of", "dgemm", "entry", "float32_at", "float64_at", "int32_at", "int64_at", "int8_at",
    "kernel", "outside", "sgemm", "uint8_at",
]  # fmt: skip

_KINDS = {
    "float32": types.float32, "float64": types.float64, "int64": types.int64,
    "int32": types.int32, "int8": types.int8, "uint8": types.uint8,
}  # fmt: skip

#: dtype -> the name of what its memory is in the code.
POINTERS = {
    "f": "float32", "d": "float64", "q": "int64", "l": "int64", "i": "int32", "b": "int8",
    "?": "uint8",
}  # fmt: skip


class _NoAlias(Compiler):  # type: ignore[misc]
    """Compiles for pointers that never show the same memory: loops become vectors unasked."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


def kernel(*kinds: str) -> Callable[[Any], Any]:
    """Compile a function of pointers to numbers of these types."""
    signature = types.void(*[types.CPointer(_KINDS[k]) for k in kinds])
    return njit(
        signature, pipeline_class=_NoAlias, nogil=True, no_cpython_wrapper=True,
        error_model="numpy",
    )  # fmt: skip


@njit(nogil=True, no_cpython_wrapper=True, error_model="numpy")
def outside(numbers, n, limit):
    """Whether one of n numbers is no index below the limit."""
    bad = 0
    for i in range(n):
        bad |= (numbers[i] < 0) | (numbers[i] >= limit)
    return bad != 0


@intrinsic  # type: ignore[misc]
def data_of(context: Any, array: Any) -> Any:
    """Give the address of the elements of a NumPy array, by the address of the object.

    It follows the object's header, of two words; `native` makes sure of that at run time.
    """

    def code(compiler: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = args[0].type
        at = builder.add(args[0], word(16))
        return builder.load(builder.inttoptr(at, word.as_pointer()))

    return types.intp(types.intp), code


def entry(function: Any) -> Any:
    """Compile the step itself: a C function of the table of addresses."""
    return cfunc(types.int64(types.CPointer(types.intp)), nopython=True)(function)


def _pointer(kind: str) -> Any:
    target = types.CPointer(_KINDS[kind])

    def typed(context: Any, address: Any) -> Any:
        def code(compiler: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], compiler.get_value_type(target))

        return target(types.intp), code

    return intrinsic(typed)


float32_at = _pointer("float32")
float64_at = _pointer("float64")
int64_at = _pointer("int64")
int32_at = _pointer("int32")
int8_at = _pointer("int8")
uint8_at = _pointer("uint8")

_ROW_MAJOR, _AS_IS, _TURNED = 101, 111, 112


def _gemm(kind: Any, number: Any) -> Any:
    """Make ``gemm(address, wide, turn a, turn b, m, n, k, a, lda, b, ldb, beta, c, ldc)``."""
    i = types.intp
    target = types.CPointer(kind)

    def typed(context: Any, function: Any, turn_a: Any, turn_b: Any, m: Any, n: Any, k: Any,
              a: Any, lda: Any, b: Any, ldb: Any, beta: Any, c: Any, ldc: Any) -> Any:  # fmt: skip
        def code(compiler: Any, builder: Any, signature: Any, args: Any) -> Any:
            enum, count = ir.IntType(32), ir.IntType(64)
            pointer = compiler.get_value_type(target)
            shape = ir.FunctionType(
                ir.VoidType(),
                [enum, enum, enum, count, count, count, number, pointer, count, pointer, count,
                 number, pointer, count],
            )  # fmt: skip
            at = builder.inttoptr(args[0], shape.as_pointer())
            turns = [
                builder.select(builder.icmp_signed("!=", x, x.type(0)), enum(_TURNED), enum(_AS_IS))
                for x in args[1:3]
            ]
            builder.call(
                at,
                [enum(_ROW_MAJOR), *turns, *args[3:6], number(1.0), args[6], args[7], args[8],
                 args[9], args[10], args[11], args[12]],
            )  # fmt: skip
            return compiler.get_dummy_value()

        signature = types.void(i, i, i, i, i, i, target, i, target, i, kind, target, i)
        return signature, code

    return intrinsic(typed)


sgemm = _gemm(types.float32, ir.FloatType())
dgemm = _gemm(types.float64, ir.DoubleType())
