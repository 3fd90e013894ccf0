"""Parquet files, through pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, check_size, reading
from .table import Table, same_names

__all__ = ["read_parquet"]

Array = np.ndarray[Any, Any]


def read_parquet(path: Path, limit: int) -> Table:
    """Read a table whose columns are numbers, texts or truth values."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError('Parquet files need pyarrow: pip install "tinygrad_bp[data]"') from None
    with reading(path, "Parquet", "Write the file again"):
        # Limits of what a header may announce, which has to be believed before anything is read.
        file = pq.ParquetFile(path, thrift_string_size_limit=1 << 26,
                              thrift_container_size_limit=1 << 20, page_checksum_verification=True,
                              memory_map=False, pre_buffer=False)  # fmt: skip
        with file:
            schema = file.schema_arrow
            names = [str(name) for name in schema.names]
            same_names(path, names)
            if not names:
                raise DataError(f"{path}: the table has no columns. Write it again")
            for name, kind in zip(names, schema.types, strict=True):
                _check_type(path, name, kind, pa.types)
            groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
            rows = file.metadata.num_rows
            needed = max(8 * rows * len(names), *(g.total_byte_size for g in groups), 0)
            check_size(path, needed, limit, "the table")
            if not rows:
                raise DataError(f"{path}: the table has no rows. Write it again with data")
            parts: list[list[Array]] = [[] for _ in names]
            for batch in file.iter_batches(batch_size=1 << 16, use_threads=False):
                check_size(path, 8 * batch.nbytes, 8 * limit, "the table")
                for i, column in enumerate(batch.columns):
                    parts[i].append(_values(column, pa))
            columns = {n: np.concatenate(p) for n, p in zip(names, parts, strict=True)}
    return Table(path, columns, None)


def _check_type(path: Path, name: str, kind: Any, types: Any) -> None:
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_temporal(kind):
        raise DataError(
            f"{path}: column {name!r} holds dates or times ({kind}). Turn them into numbers, such "
            f"as days since the first, or leave the column out: drop=[{name!r}]"
        )
    plain = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal,
             types.is_string, types.is_large_string)  # fmt: skip
    if not any(is_kind(kind) for is_kind in plain):
        shown = str(kind) if len(str(kind)) < 60 else str(kind)[:60] + "…"
        raise DataError(
            f"{path}: column {name!r} is of type {shown}, and a cell has to be one number or "
            "text. Write its parts as columns of their own, or write the table without it"
        )


def _values(column: Any, pa: Any) -> Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts: Array = np.array([*column.to_pylist(), None], dtype=object)[:-1]
        return texts
    numbers = column.cast(pa.float64(), safe=False)
    found: Array = np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)
    return found
