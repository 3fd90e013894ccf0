"""`read`: examples from a file, a folder of images, or the name of a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import examples_of, gathered, scale_of
from .catalogue import CATALOGUE, load_named
from .delimited import read_delimited
from .encoding import Encoding, fitted_column
from .errors import LIMIT, DataError, reading
from .examples import PART_NAMES, Examples, divide
from .images import SUFFIXES, labelled_images, read_images, unlabelled_images
from .npz import read_npz
from .parquet import read_parquet
from .table import Table, weights_of
from .tasks import choose_target, choose_task, class_names

__all__ = ["read"]

Array = np.ndarray[Any, Any]
_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def read(path: str | os.PathLike[str], target: str | None = None, *, task: str | None = None,
         encoding: Encoding | None = None, unknown: str = "error", missing: str = "error",
         drop: Sequence[str] = (), weight: str | None = None, size: tuple[int, int] | None = None,
         channels: int | None = None, delimiter: str | None = None, text_encoding: str = "utf-8",
         validation: float = 0.1, test: float = 0.2, seed: int = 0,
         limit: int = LIMIT) -> Examples:  # fmt: skip
    r"""Read examples to learn from, or to predict for.

    ======================  =======================================================================
    ``.csv``, ``.tsv``      the first line names the columns; numbers are standardised, texts
                            one-hot encoded, dates refused
    ``.parquet``            the same
    ``.npz``                arrays ``X`` and ``y``, or ``X_train``, ``y_train``, ``X_test``, …
    a folder                of images, ``folder/<class>/<image>``; or of parts, ``folder/train/…``
    an image                to predict for; or a folder of images alone
    a name of `CATALOGUE`   "mnist", "digits", "iris", …
    ======================  =======================================================================

    Parameters
    ----------
    path : path or str
    target : str, optional
        The column, or the array, to learn: by default the one called target, label, class or y.
    task : {"classification", "regression"}, optional
        Texts and few different whole numbers are classes, other numbers are not.
    encoding : Encoding, optional
        Of the examples that a model was trained on: these are encoded in the same way. Columns are
        matched by their names; the target may be missing.
    unknown : {"error", "zeros"}
        With `encoding`: what becomes of a text that was never seen in training.
    missing : {"error", "drop"}
        What becomes of the rows of a table in which a value is missing.
    drop : sequence of str
        Columns to leave out.
    weight : str, optional
        The column that says how much each row of a table counts in training; nothing is learnt
        from it.
    size : (height, width), optional
        To which images are resized.
    channels : 1 or 3, optional
        Images in grey, or in colours; by default as they are.
    delimiter : str, optional
        Of a CSV file; found by its first line.
    text_encoding : str
        Of a CSV file.
    validation, test : float
        Shares to put aside, the same of each class; where a file has such parts, they are taken.
        The encoding is fitted to the rest alone.
    seed : int
        Which examples are put aside.
    limit : int
        Bytes of memory that the arrays may take.

    Returns
    -------
    data : Examples

    Raises
    ------
    DataError
        A ValueError: for data that can't be learnt from. It names the file, the place, a remedy.
    ImportError
        For what needs an extra: ``data`` (Parquet, images), ``sklearn``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from tinygrad_bp import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "pets.csv")
    ...     _ = file.write_text("weight,colour,kind\n" + "4.1,grey,cat\n30,brown,dog\n" * 10)
    ...     pets = datasets.read(file, "kind")
    >>> pets.X.shape, pets.columns
    ((20, 3), ('weight', 'colour=brown', 'colour=grey'))
    >>> pets.task, pets.why_task, pets.classes
    ('classification', "'kind' holds 2 different texts", ('cat', 'dog'))
    >>> len(pets.train), len(pets.validation), len(pets.test)
    (14, 2, 4)
    """
    shares: dict[str, Any] = {"validation": validation, "test": test, "seed": seed}
    if isinstance(path, str) and path in CATALOGUE:
        if target is not None or drop or weight is not None:
            raise DataError(f"{path}: a data set with a name has its own target and columns. "
                            "Leave target, drop and weight out")  # fmt: skip
        return load_named(path, task=task, encoding=encoding, **shares)
    path = Path(path)
    kind = _kind(path)
    if kind == "table":
        if path.suffix.lower() in (".parquet", ".pq"):
            table = read_parquet(path, limit)
        else:
            columns = () if encoding is None else encoding.columns
            texts = frozenset(column.name for column in columns if column.kind == "text")
            table = read_delimited(path, delimiter, text_encoding, limit, texts)
        if encoding is not None:
            return _like(table, encoding, unknown, missing, limit)
        return _fitted(table, target, task, missing, drop, weight, shares, limit)
    if drop or weight is not None:
        raise DataError(f"{path}: drop and weight name columns of a table, and this is none")
    if kind == "npz":
        arrays = read_npz(path, limit)
        name = target if target is not None or encoding is None else _present(encoding, arrays)
        X, y, part, name = gathered(arrays, path, name)
        return examples_of(path, X, y, name=name, part=part, task=task, encoding=encoding, **shares)
    return _images(path, size, channels, encoding, limit, shares)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if not os.path.lexists(path):
        meant = get_close_matches(path.name, CATALOGUE, 1)
        remedy = f"Is the data set {meant[0]!r} meant?" if meant else "Look at the path"
        raise DataError(f"{path}: there is no such file or folder. {remedy}")
    with reading(path, "data", "Look at the path"):
        path.stat()
        if path.is_dir():
            return "images"
        if not path.is_file():
            raise DataError(f"{path}: neither a file nor a folder. Copy the data to a file")
        if not path.stat().st_size:
            raise DataError(f"{path}: the file is empty. Write the data to it")
    kinds = {**dict.fromkeys(_TABLES, "table"), ".npz": "npz", **dict.fromkeys(SUFFIXES, "images")}
    if suffix not in kinds:
        raise DataError(f"{path}: {suffix or 'no suffix'} tells no kind of data. Name it .csv, "
                        ".tsv, .parquet, .npz, or give a folder of images")  # fmt: skip
    return kinds[suffix]


def _present(encoding: Encoding, arrays: dict[str, Array]) -> str | None:
    """Return how the targets are called in a file, of which they may be in parts."""
    if encoding.target not in arrays:
        return None
    name, _, part = encoding.target.partition("_")
    return name if part.lower() in PART_NAMES else encoding.target


def _fitted(table: Table, target: str | None, task: str | None, missing: str, drop: Sequence[str],
            weight: str | None, shares: dict[str, Any], limit: int) -> Examples:  # fmt: skip
    name = choose_target(table, target)
    if name in drop or name == weight:
        other = "to be left out" if name in drop else "a weight"
        raise DataError(f"{table.path}: {name!r} is to be learnt and {other}. Decide")
    table = table.without(drop).complete(missing)
    weights = None
    if weight is not None:
        weights = weights_of(table, weight)
        table, drop = table.without([weight]), (*drop, weight)
    values = table.columns[name]
    task, why = choose_task(values, name, table.path, task)
    classes = class_names(values, name, table.path) if task == "classification" else ()
    bare = Encoding("table", task, name, classes, (), ())
    y = bare.labels(table, values)
    part = divide(y if classes else None, len(table), **shares)
    training = np.flatnonzero(part == 0)
    inputs = table.without([name])
    columns = tuple(fitted_column(inputs, column, training) for column in inputs.columns)
    names = tuple(n for column in columns for n in column.names)
    encoding = Encoding("table", task, name, classes, columns, (len(names),), tuple(drop),
                        *scale_of(y[training], task), names=names)  # fmt: skip
    X = encoding.encode(inputs, limit=limit)
    return Examples(str(table.path), X, y, encoding, why, part, weights)


def _like(table: Table, encoding: Encoding, unknown: str, missing: str, limit: int) -> Examples:
    if encoding.kind != "table":
        shape = " x ".join(map(str, encoding.shape))
        raise DataError(f"{table.path}: a table, and the model was trained with arrays or images "
                        f"of shape {shape}. Give it such data")  # fmt: skip
    known = [name for name in encoding.dropped if name in table.columns]
    table = table.without(known).complete(missing)
    y = None
    if encoding.target in table.columns:
        y = encoding.labels(table, table.columns[encoding.target])
        table = table.without([encoding.target])
    X = encoding.encode(table, unknown, limit)
    return Examples(str(table.path), X, y, encoding, "the model was trained so",
                    np.zeros(len(X), np.int8))  # fmt: skip


def _images(path: Path, size: tuple[int, int] | None, channels: int | None,
            encoding: Encoding | None, limit: int, shares: dict[str, Any]) -> Examples:  # fmt: skip
    if encoding is not None:
        if encoding.kind == "table" or len(encoding.shape) != 3:
            raise DataError(f"{path}: images, and the model was trained with another kind of data, "
                            f"of shape {encoding.shape}. Give it such data")  # fmt: skip
        channels, size = channels or encoding.shape[0], size or encoding.shape[1:]
    if path.is_file():
        if encoding is None:
            raise DataError(f"{path}: a single image is for predictions. To learn, give a folder "
                            "with a folder of images for each class")  # fmt: skip
        X = read_images([path], size, channels, limit)
        return examples_of(path, X, None, encoding=encoding)
    if encoding is not None and (flat := unlabelled_images(path)):
        return examples_of(path, read_images(flat, size, channels, limit), None, encoding=encoding)
    files, labels, part = labelled_images(path)
    X = read_images(files, size, channels, limit)
    if encoding is not None:
        return examples_of(path, X, labels, name="class", encoding=encoding)
    found = examples_of(path, X, labels, name="class", part=part, task="classification", **shares)
    return replace(found, why_task="there is a folder of images for each class")
