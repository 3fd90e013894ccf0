"""Parquet files, through pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError, check_size, reading
from .parquet_pages import unpacked_size
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
        limits = {"thrift_string_size_limit": 1 << 26, "thrift_container_size_limit": 1 << 20}
        with pq.ParquetFile(path, **limits) as file:
            kinds = zip(file.schema_arrow.names, file.schema_arrow.types, strict=True)
            is_text = (pa.types.is_string, pa.types.is_large_string)
            texts = [name for name, kind in kinds if any(test(kind) for test in is_text)]
        # A long text that fills a column takes next to nothing in the file: it stays one.
        file = pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True,
                              memory_map=False, pre_buffer=False, **limits)  # fmt: skip
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
            chunks = [g.column(i) for g in groups for i in range(g.num_columns)]
            with open(path, "rb") as raw:
                check_size(path, unpacked_size(raw, chunks), limit, "the table")
            parts: list[list[Array]] = [[] for _ in names]
            known: dict[str, str] = {}  # one text object for equal cells
            for batch in file.iter_batches(batch_size=1 << 16, use_threads=False):
                for i, column in enumerate(batch.columns):
                    parts[i].append(_values(column, pa, known))
                texts_size = 8 * rows * len(names) + sum(map(len, known))
                check_size(path, texts_size, limit, "the table")
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


def _values(column: Any, pa: Any, known: dict[str, str]) -> Array:
    if pa.types.is_dictionary(column.type):
        found = column.dictionary.to_pylist()
        if all(isinstance(text, str) for text in found):
            shared = [known.setdefault(text, text) for text in found]
            index = column.indices.fill_null(len(shared)).to_numpy(zero_copy_only=False)
            texts: Array = np.array([*shared, None], dtype=object)[index]
            return texts
        column = column.dictionary_decode()
    numbers = column.cast(pa.float64(), safe=False)
    values: Array = np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)
    return values
