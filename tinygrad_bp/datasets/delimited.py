"""CSV and TSV files, read in blocks with Python's own parser: each error knows its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import DataError, check_size, reading
from .table import Table, same_names

__all__ = ["read_delimited"]

Array = np.ndarray[Any, Any]

#: What stands for a value that is missing.
MISSING = frozenset(["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"])

_BLOCK = 1 << 18  # cells that are texts at the same time
_LONGEST = 1 << 24  # characters of a line
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK\x03\x04": "a zip archive or workbook",
          b"\x1f\x8b": "gzip", b"PAR1": "Parquet", b"\x89PNG": "a PNG image",
          b"\xff\xd8\xff": "a JPEG image", b"%PDF": "a PDF"}  # fmt: skip


def read_delimited(path: Path, delimiter: str | None, encoding: str, limit: int,
                   texts: frozenset[str] = frozenset(),
                   mixed: frozenset[str] = frozenset()) -> Table:  # fmt: skip
    """Read a table of texts.

    Parameters
    ----------
    delimiter : str, optional
        By default a tab in ``.tsv``, else the one of ``, ; tab |`` that the first line has most.
    texts : set of str
        Columns that are known to be texts, even if they look like numbers.
    mixed : set of str
        Columns that were found to be numbers first and texts further down.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"'):
        raise ValueError(f"delimiter is a single character, not {delimiter!r}")
    with reading(path, "CSV", "Save it as CSV in UTF-8"), path.open("rb") as binary:
        head = binary.read(4)
        for mark, kind in _MARKS.items():
            if head.startswith(mark) and (kind != "UTF-16" or encoding == "utf-8"):
                remedy = "pass encoding='utf-16'" if kind == "UTF-16" else "name it by what it is"
                raise DataError(f"{path}: this is no CSV in UTF-8 but {kind}. Save it as CSV in "
                                f"UTF-8, or {remedy}")  # fmt: skip
        binary.seek(0)
        name = "utf-8-sig" if encoding == "utf-8" else encoding
        with io.TextIOWrapper(binary, encoding=name, errors="surrogateescape", newline="") as file:
            table, found = _parse(path, file, delimiter, limit, texts | mixed)
    if found:  # once more, as texts from the start
        return read_delimited(path, delimiter, encoding, limit, texts, frozenset(found))
    for column, values in table.columns.items():
        if values.dtype == object and column not in texts:
            _check_typing(table, column, values)
    return table


def _lines(path: Path, file: IO[str]) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST:
            raise DataError(f"{path}, line {number}: longer than {_LONGEST} characters. Is it a "
                            "CSV file?")  # fmt: skip
        if "\0" in line:
            raise DataError(f"{path}, line {number}: holds a zero byte: this is no text. Save the "
                            "table as CSV in UTF-8")  # fmt: skip
        try:
            line.isascii() or line.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{path}, line {number}: not in UTF-8. Save the file in UTF-8, or name its "
                "encoding: text_encoding='latin-1'"
            ) from None
        yield line


def _parse(path: Path, file: IO[str], delimiter: str | None, limit: int,
           texts: frozenset[str]) -> tuple[Table, set[str]]:  # fmt: skip
    lines = _lines(path, file)
    first = ""
    skipped = 0
    for first in lines:
        if first.strip():
            break
        skipped += 1
    if not first.strip():
        raise DataError(f"{path}: the file is empty. A table has a line of names, and rows below")
    delimiter = delimiter or ("\t" if path.suffix.lower() == ".tsv" else _delimiter(first))
    rows = csv.reader(_chain(first, lines), delimiter=delimiter, strict=True)
    names, body = _header(path, rows, skipped)
    same_names(path, names)
    blocks: list[list[Array | None]] = [[] for _ in names]
    raw: list[dict[int, list[str]]] = []
    numbers: list[int] = []
    taken = 0
    for block, at in _blocks(path, body, len(names)):
        numbers += at
        taken += 8 * len(block) * len(names)
        check_size(path, taken, limit, "the table")
        raw.append(_convert(block, names, blocks, texts))
    if not numbers:
        raise DataError(f"{path}: there is no row below the line of names. Add the data")
    columns, mixed = _columns(names, blocks, raw, len(numbers))
    return Table(path, columns, np.array(numbers) + skipped), mixed


def _chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _delimiter(line: str) -> str:
    return max(",;\t|", key=line.count)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.strip() in MISSING
    return True


def _header(path: Path, rows: Any, skipped: int) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    body = _body(path, rows, skipped)
    number, first = next(body)
    if len(first) == 1 and not first[0].strip():
        raise DataError(f"{path}: the first line has no name. Name the columns there")
    if all(_number(cell) for cell in first) and any(cell.strip() for cell in first):
        names = [f"column {i + 1}" for i in range(len(first))]  # there is no line of names
        return names, _with(number, first, body)
    names = [cell.strip() or f"column {i + 1}" for i, cell in enumerate(first)]
    return names, body


def _with(number: int, row: Any, body: Any) -> Iterator[tuple[int, Any]]:
    yield number, row
    yield from body


def _body(path: Path, rows: Any, skipped: int) -> Iterator[tuple[int, Any]]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, line {rows.line_num + skipped}: {error}. Look at the quotation marks "
                "there: one in a text is written twice"
            ) from None
        if row:
            yield rows.line_num, row


def _blocks(path: Path, body: Any, width: int) -> Iterator[tuple[list[Any], list[int]]]:
    block: list[Any] = []
    numbers: list[int] = []
    rows = max(1, _BLOCK // width)
    for number, row in body:
        if len(row) != width:
            cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
            raise DataError(
                f"{path}, line {number}: {cells}, and the first line has {width}. Make them "
                "equal, or put a text that has the delimiter in it into quotation marks"
            )
        block.append(row)
        numbers.append(number)
        if len(block) == rows:
            yield block, numbers
            block, numbers = [], []
    if block:
        yield block, numbers


def _convert(block: list[Any], names: list[str], blocks: list[list[Array | None]],
             texts: frozenset[str]) -> dict[int, list[str]]:  # fmt: skip
    """Append the numbers of a block to `blocks`; return the columns that are not."""
    if not texts:
        try:
            whole = np.array(block, dtype=np.float64)
        except ValueError:
            pass
        else:
            for i, part in enumerate(blocks):
                part.append(whole[:, i])
            return {}
    left: dict[int, list[str]] = {}
    known: dict[str, str] = {}  # one text object for equal cells
    for i, name in enumerate(names):
        cells = [row[i].strip() for row in block]
        try:
            if name in texts:
                raise ValueError
            plain = ["nan" if cell in MISSING else cell for cell in cells]
            blocks[i].append(np.array(plain, dtype=np.float64))
        except ValueError:
            blocks[i].append(None)
            left[i] = [known.setdefault(cell, cell) for cell in cells]
    return left


def _columns(names: list[str], blocks: list[list[Array | None]], raw: list[dict[int, list[str]]],
             count: int) -> tuple[dict[str, Array], set[str]]:  # fmt: skip
    """Return the columns, and the names of those that are not of one kind."""
    columns: dict[str, Array] = {}
    mixed: set[str] = set()
    for i, name in enumerate(names):
        parts = blocks[i]
        found = [part for part in parts if part is not None]
        if len(found) == len(parts):
            columns[name] = np.concatenate(found)
            blocks[i] = []
            continue
        if found:
            mixed.add(name)
            columns[name] = np.full(count, None)
            continue
        cells = [cell for part in raw for cell in part[i]]
        found_texts = [None if c in MISSING else c for c in cells]
        columns[name] = np.array([*found_texts, None], dtype=object)[:-1]
    return columns, mixed


def _check_typing(table: Table, name: str, values: Array) -> None:
    """Refuse a column of numbers in which a few cells are none."""
    strange = [i for i, v in enumerate(values) if v is not None and not _number(v)]
    if 0 < 20 * len(strange) <= len(values):
        i = strange[0]
        raise DataError(
            f"{table.place(i, name)}: {values[i]!r} is not a number, as the column has elsewhere "
            f"({len(strange)} of {len(values)} are not). Correct it; or "
            f"leave the column out: drop=[{name!r}]"
        )
