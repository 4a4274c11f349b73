"""Two things that plain Numba code cannot say: copy a block at once, and prefetch a row.

Numba cannot promise LLVM that source and target do not overlap, so a plain loop of 16 becomes 16
loads and stores. Here the block is loaded whole, widened to 32 bits, and stored whole. A prefetch
asks for a cache line without waiting for it.
"""

import numba
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from datagen.kernels.tables import COPY_BLOCK


def _pointer(context, builder, array_type, array, indices):  # noqa: ANN001, ANN202
    view = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, array_type, view, indices)


@intrinsic
def _copy_block(typing_context, source, row, column, target, at):  # noqa: ANN001, ANN202
    """Copy COPY_BLOCK unsigned integers from source[row, column:] to int32 target[at:]."""
    signature = types.void(source, row, column, target, at)

    def generate(context, builder, signature, arguments):  # noqa: ANN001, ANN202
        source_type, row_type, column_type, target_type, at_type = signature.args
        block, word = COPY_BLOCK, source_type.dtype.bitwidth
        index = [
            context.cast(builder, value, kind, types.intp)
            for value, kind in zip(
                (arguments[1], arguments[2], arguments[4]),
                (row_type, column_type, at_type),
                strict=True,
            )
        ]
        read = _pointer(context, builder, source_type, arguments[0], index[:2])
        write = _pointer(context, builder, target_type, arguments[3], index[2:])
        narrow = ir.VectorType(ir.IntType(word), block)
        wide = ir.VectorType(ir.IntType(32), block)
        loaded = builder.load(builder.bitcast(read, narrow.as_pointer()))
        loaded.align = word // 8
        value = loaded if word == 32 else builder.zext(loaded, wide)
        stored = builder.store(value, builder.bitcast(write, wide.as_pointer()))
        stored.align = 4
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _prefetch(typing_context, table, row, column):  # noqa: ANN001, ANN202
    """Ask for the cache line of table[row, column]."""
    signature = types.void(table, row, column)

    def generate(context, builder, signature, arguments):  # noqa: ANN001, ANN202
        table_type, row_type, column_type = signature.args
        index = [
            context.cast(builder, value, kind, types.intp)
            for value, kind in zip(arguments[1:], (row_type, column_type), strict=True)
        ]
        byte = ir.IntType(8).as_pointer()
        flag = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag]),
            "llvm.prefetch.p0",
        )  # fmt: skip
        place = builder.bitcast(_pointer(context, builder, table_type, arguments[0], index), byte)
        builder.call(function, [place, flag(0), flag(3), flag(1)])  # read, keep, data
        return context.get_dummy_value()

    return signature, generate


if numba.config.DISABLE_JIT:

    def _copy_block(source, row, column, target, at):  # noqa: ANN001, ANN202, F811
        start = row * source.shape[1] + column
        target[at : at + COPY_BLOCK] = source.reshape(-1)[start : start + COPY_BLOCK]

    def _prefetch(table, row, column):  # noqa: ANN001, ANN202, F811
        pass


@njit(cache=True, nogil=True, forceinline=True)
def copy_block(
    source: NDArray[np.unsignedinteger], row: int, column: int, target: NDArray[np.int32], at: int
) -> None:
    """Copy COPY_BLOCK integers from source[row, column:], running into the next rows."""
    _copy_block(source, row, column, target, at)


@njit(cache=True, nogil=True, forceinline=True)
def prefetch(table: NDArray[np.integer], row: int, column: int) -> None:
    """Ask for the cache line of table[row, column], without waiting for it."""
    _prefetch(table, row, column)


@njit(cache=True, nogil=True, forceinline=True)
def write_range(target: NDArray[np.int32], at: int, start: int, length: int) -> None:
    """Write start, start + 1, ... to target[at : at + length]."""
    for i in range(length):
        target[at + i] = start + i
