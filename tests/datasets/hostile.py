"""Files that no one should have to expect, and what has to be said of each."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["CASES", "good_csv", "good_npz", "good_parquet", "image", "npz_of", "png"]


def good_csv() -> bytes:
    rows = [
        f"{i / 7:.3f},{'red' if i % 3 else 'blue'},{'cat' if i % 2 else 'dog'}" for i in range(40)
    ]
    return ("size,colour,kind\n" + "\n".join(rows) + "\n").encode()


def good_npz() -> bytes:
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    np.savez_compressed(buffer, X=rng.normal(size=(20, 3)), y=np.arange(20) % 2)
    return buffer.getvalue()


def good_parquet(**columns: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = columns or {"size": np.arange(40) / 7, "kind": ["cat", "dog"] * 20}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def npz_of(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(shape: Any, descr: Any = "<f8", data: bytes = b"", fortran: bool = False) -> bytes:
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n" + data


def bomb(size: int) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("X.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy((size // 8, 1)))
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return buffer.getvalue()


def lying_size(size: int) -> bytes:
    """Return an archive whose directory says that its member is much larger than it is."""
    data = bytearray(npz_of(**{"X.npy": npy((4, 2), data=bytes(64))}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(data)


def image(width: int, height: int, colour: Any = 128, kind: str = "PNG", mode: str = "L") -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


def png(width: int, height: int) -> bytes:
    """Return a PNG whose header announces so many pixels, and that has next to none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(1 << 16))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def in_folder(*entries: tuple[str, Callable[[], bytes]]) -> Callable[[Path], Path]:
    def make(place: Path) -> Path:
        root = place / "images"
        for name, data in entries:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data())
        return root

    return make


def file(name: str, data: Callable[[], bytes] | bytes) -> Callable[[Path], Path]:
    def make(place: Path) -> Path:
        (place / name).write_bytes(data if isinstance(data, bytes) else data())
        return place / name

    return make


def loop(place: Path) -> Path:
    os.symlink(place / "b.csv", place / "a.csv")
    os.symlink(place / "a.csv", place / "b.csv")
    return place / "a.csv"


def loop_of_folders(place: Path) -> Path:
    (place / "images" / "cat").mkdir(parents=True)
    os.symlink(place / "images", place / "images" / "cat" / "again")
    return place / "images"


def empty_class(place: Path) -> Path:
    (place / "images" / "cat").mkdir(parents=True)
    return place / "images"


def pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe.csv")
    return place / "pipe.csv"


def pipe_among_images(place: Path) -> Path:
    (place / "images" / "cat").mkdir(parents=True)
    os.mkfifo(place / "images" / "cat" / "pipe.png")
    return place / "images"


def csv(text: str | bytes) -> Callable[[Path], Path]:
    return file("data.csv", text.encode() if isinstance(text, str) else text)


def npz(**members: bytes) -> Callable[[Path], Path]:
    return file("data.npz", lambda: npz_of(**members))


def arrays(**values: Any) -> Callable[[Path], Path]:
    def data() -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, **values)
        return buffer.getvalue()

    return file("data.npz", data)


def parquet(make: Callable[[], dict[str, Any]]) -> Callable[[Path], Path]:
    return file("data.parquet", lambda: good_parquet(**make()))


def repeated_names() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"]), sink)
    return sink.getvalue()


def dates() -> dict[str, Any]:
    return {"when": np.array(["2026-01-01", "2026-01-02"], "datetime64[D]"), "kind": ["a", "b"]}


def lying_page() -> bytes:
    """Return a table in which the header of a page says that it unpacks to a megabyte."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    table = pa.table({"a": np.zeros(2000), "kind": np.arange(2000) % 2})
    pq.write_table(table, sink, compression="zstd", use_dictionary=False)
    honest, lie = b"\x15\x8e\xfa\x01", b"\x15\xfe\xff\x7f"  # 16,007 and 1,048,575, as Thrift has it
    assert sink.getvalue().count(honest) == 2
    return sink.getvalue().replace(honest, lie)


def torn_page() -> bytes:
    """Return a table in which a page ends beyond its column."""
    return good_parquet().replace(b"PAR1\x15", b"PAR1\xf5", 1)


Case = tuple[Callable[[Path], Path], dict[str, Any], str]
_ROWS = "".join(f"{i},{i % 2}\n" for i in range(30))

#: name -> what makes the file, options of `read`, what the error has to say
CASES: dict[str, Case] = {
    "no file": (lambda place: place / "nothing.csv", {}, "nothing.csv.*no such file"),
    "empty": (csv(""), {}, "data.csv: the file is empty"),
    "blank lines": (csv("\n\n  \n"), {}, "data.csv: the file is empty"),
    "a header alone": (csv("a,b,kind\n"), {}, "no row below"),
    "nothing in the header": (csv(",\n1,2\n"), {"target": "a"}, "no column 'a'"),
    "ragged, short": (csv("a,kind\n1,x\n2\n"), {}, "line 3: 1 cell, and the first line has 2"),
    "ragged, long": (csv("a,kind\n1,x\n\n2,x,3\n"), {}, "line 4: 3 cells"),
    "NaN": (csv("a,kind\n1,x\nNaN,y\n2,x\n"), {}, "line 3, column 'a': there is no value"),
    "nothing in a cell": (csv("a,kind\n1,x\n,y\n2,\n"), {}, "line 3, column 'a'.*2 rows lack"),
    "no label": (csv("a,kind\n1,x\n2,y\n2,\n"), {}, "line 4, column 'kind': there is no value"),
    "infinity": (csv("a,kind\n1,x\ninf,y\n"), {}, "line 3, column 'a': inf is too large"),
    "huge": (csv("a,kind\n1,x\n1e300,y\n"), {}, "line 3, column 'a': 1e\\+300 is too large"),
    "a column without values": (csv("a,b,kind\n1,,x\n2,,y\n"), {}, "'b' has no value at all"),
    "a word among numbers": (csv("a,kind\n" + _ROWS + "oops,1\n"), {},
                             "line 32, column 'a': 'oops' is not a number"),
    "two columns of a name": (csv("a,a,kind\n1,2,x\n"), {}, "two columns are called 'a'"),
    "no target": (csv("a,b\n1,x\n2,y\n"), {"target": None}, "which column is to be.*'a', 'b'"),
    "another target": (csv("a,kind\n1,x\n2,y\n"), {"target": "kinds"}, "Did you mean 'kind'"),
    "one class": (csv("a,kind\n1,x\n2,x\n"), {}, "every 'kind' is 'x'"),
    "only a target": (csv("kind\nx\ny\n"), {}, "no column is left"),
    "dates": (csv("when,kind\n2026-01-01,x\n2026-01-02,y\n"), {}, "column 'when'.*dates"),
    "decimal commas": (csv('a;kind\n"1,5";x\n"2,5";y\n'), {}, "line 2, column 'a'.*comma"),
    "too many texts": (csv("a,kind\n" + "".join(f"t{i},{i % 2}\n" for i in range(300))), {},
                       "column 'a' has 300 different texts"),
    "regression of texts": (csv("a,kind\n1,x\n2,y\n"), {"task": "regression"}, "holds texts"),
    "names as classes": (csv("a,kind\n" + "".join(f"{i},n{i}\n" for i in range(30))), {},
                         "'kind' has 30 different values in 30"),
    "an open quotation": (csv('a,kind\n1,"x\n2,y\n'), {}, "data.csv, line 3: "),
    "an odd quotation": (csv('a,kind\n1,"x"z\n2,y\n'), {}, "line 2: .*expected after"),
    "a cell without end": (csv("a,kind\n1," + "x" * 200_000 + "\n"), {}, "line 2: field larger"),
    "Latin-1": (csv("größe,kind\n1,x\n2,y\n".encode("latin-1")), {}, "line 1: not in UTF-8"),
    "UTF-16": (csv("a,kind\n1,x\n2,y\n".encode("utf-16")), {}, "UTF-16"),
    "zeros": (csv(bytes(1000)), {}, "line 1: holds a zero byte"),
    "junk": (csv(np.random.default_rng(0).bytes(5000)), {}, "data.csv"),
    "an unknown encoding": (csv("a,kind\n1,x\n"), {"text_encoding": "klingon"}, "klingon"),
    "a workbook": (csv(npz_of(a=b"x")), {}, "a zip archive or workbook"),
    "gzip": (csv(b"\x1f\x8b" + bytes(50)), {}, "gzip"),
    "a program": (file("data.exe", b"MZ"), {}, "'?.exe'? tells no kind of data"),
    "no suffix": (file("data", b"a,b\n1,2\n"), {}, "no suffix tells no kind"),
    "a loop of links": (loop, {}, "a.csv"),
    "a pipe": (pipe, {}, "neither a file nor a folder"),
    "a table too large": (csv("a,kind\n" + _ROWS), {"limit": 400}, "takes 480 bytes in memory"),
    "a million columns": (csv(",".join(map(str, range(10**5))) + "\n" + "1," * (10**5 - 1) + "1\n"),
                          {"limit": 10**5}, "in memory"),
    # ---- .npz
    "npz: junk": (file("data.npz", b"junk" * 50), {}, "data.npz: can't be read as .npz"),
    "npz: cut off": (file("data.npz", lambda: good_npz()[:-40]), {}, "data.npz"),
    "npz: cut at half": (file("data.npz", lambda: good_npz()[:200]), {}, "data.npz"),
    "npz: a bomb": (file("data.npz", lambda: bomb(1 << 28)), {}, "no data pack that well"),
    "npz: large": (file("data.npz", lambda: bomb(1 << 20)), {"limit": 1 << 19}, "1.05 MB in"),
    "npz: a size that lies": (file("data.npz", lambda: lying_size(2**31)), {}, "data.npz"),
    "npz: a size that lies a little": (file("data.npz", lambda: lying_size(500)), {}, "data.npz"),
    "npz: nothing in it": (npz(), {}, "no arrays in it"),
    "npz: no array": (npz(**{"X.npy": b"hello"}), {}, "data.npz"),
    "npz: a shape that lies": (npz(**{"X.npy": npy((10**9, 8), data=bytes(64))}), {},
                               "is said to be of shape"),
    "npz: a shape that overflows": (npz(**{"X.npy": npy((2**62, 8))}), {}, "to be of shape"),
    "npz: a negative shape": (npz(**{"X.npy": npy((-1, -8), data=bytes(64))}), {}, "of shape"),
    "npz: too long": (npz(**{"X.npy": npy((2, 2), data=bytes(640))}), {}, "of shape"),
    "npz: objects": (arrays(X=np.array([[1], [None]]), y=np.arange(2)), {}, "of dtype object"),
    "npz: structures": (arrays(X=np.zeros((3, 1), "f4,i4"), y=np.arange(3)), {}, "of dtype"),
    "npz: a header of code": (npz(**{"X.npy": npy("__import__('os')")}), {}, "data.npz"),
    "npz: a header without end": (npz(**{"X.npy": npy("(" * 5000)}), {}, "data.npz"),
    "npz: no X": (arrays(a=np.ones((3, 2)), y=np.arange(3)), {}, "no array called X.*'a', 'y'"),
    "npz: no y": (arrays(X=np.ones((3, 2))), {}, "no targets"),
    "npz: another target": (arrays(X=np.ones((3, 2)), y=np.arange(3)), {"target": "z"}, "'z'"),
    "npz: lengths": (arrays(X=np.ones((3, 2)), y=np.arange(4)), {}, r"\(4,\), and 'X' has 3"),
    "npz: a vector": (arrays(X=np.ones(3), y=np.arange(3)), {}, r"shape \(n, …\)"),
    "npz: nothing": (arrays(X=np.ones((0, 3)), y=np.ones(0)), {}, "shape"),
    "npz: NaN": (arrays(X=np.array([[1.0], [np.nan]]), y=np.arange(2)), {}, r"X\[1, 0\] is nan"),
    "npz: NaN as label": (arrays(X=np.ones((2, 1)), y=np.array([0, np.nan])), {}, r"y\[1\] is nan"),
    "npz: complex": (arrays(X=np.ones((2, 1), complex), y=np.arange(2)), {}, "complex128"),
    "npz: parts": (arrays(X_train=np.ones((2, 1)), y_train=np.arange(2), X_test=np.ones((2, 2)),
                          y_test=np.arange(2)), {}, "Make them equal"),
    "npz: one name twice": (file("data.npz", lambda: twice()), {}, "the same name"),
    # ---- Parquet
    "parquet: junk": (file("data.parquet", b"PAR1" + b"junk" * 50), {}, "data.parquet: can't be"),
    "parquet: cut off": (file("data.parquet", lambda: good_parquet()[:-20]), {}, "data.parquet"),
    "parquet: nested": (parquet(lambda: {"a": [[1, 2], [3]], "kind": ["x", "y"]}), {},
                        "column 'a' is of type list"),
    "parquet: structures": (parquet(lambda: {"a": [{"b": 1}, {"b": 2}], "kind": ["x", "y"]}), {},
                            "column 'a' is of type struct"),
    "parquet: bytes": (parquet(lambda: {"a": [b"1", b"2"], "kind": ["x", "y"]}), {}, "type binary"),
    "parquet: dates": (parquet(dates), {}, "column 'when' holds dates"),
    "parquet: null": (parquet(lambda: {"a": [1.0, None], "kind": ["x", "y"]}), {},
                      "row 2, column 'a': there is no value"),
    "parquet: nothing": (parquet(lambda: {"a": np.zeros(0), "kind": np.zeros(0)}), {}, "no rows"),
    "parquet: names": (file("data.parquet", repeated_names), {}, "two columns are called 'a'"),
    "parquet: a page that lies": (file("data.parquet", lying_page), {"limit": 500_000},
                                  "2.1 MB in memory"),
    "parquet: a torn page": (file("data.parquet", torn_page), {}, "header of a page is damaged"),
    "parquet: large": (file("data.parquet", lambda: good_parquet(
        a=np.zeros(10**6), kind=np.arange(10**6) % 2)), {"limit": 10**6}, "16 MB in memory"),
    # ---- images
    "images: none": (in_folder(("readme.txt", lambda: b"hello")), {}, "no folder of images"),
    "images: an empty class": (empty_class, {}, "cat: a class without images"),
    "images: mixed sizes": (in_folder(("cat/a.png", lambda: image(4, 4)),
                                      ("dog/b.png", lambda: image(5, 4))), {},
                            r"b.png: 5 x 4 pixels, and a.png has 4 x 4.*size[= ]"),
    "images: mixed colours": (in_folder(("cat/a.png", lambda: image(4, 4)),
                                        ("dog/b.png", lambda: image(4, 4, (1, 2, 3), mode="RGB"))),
                              {}, "b.png: coloured, and a.png is grey.*channels[= ]"),
    "images: junk": (in_folder(("cat/a.png", lambda: b"junk")), {}, "a.png: can't be read as an"),
    "images: cut off": (in_folder(("cat/a.png", lambda: image(64, 64)[:-30])), {}, "a.png"),
    "images: a bomb": (in_folder(("cat/a.png", lambda: png(60_000, 60_000))), {}, "a.png"),
    "images: a smaller bomb": (in_folder(("cat/a.png", lambda: png(8000, 8000))), {},
                               "8000 x 8000 pixels are too many"),
    "images: a text among them": (in_folder(("cat/a.png", lambda: image(4, 4)),
                                            ("cat/notes.txt", lambda: b"hello")), {},
                                  "notes.txt: no image"),
    "images: PostScript": (in_folder(("cat/a.png", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n"
                                      b"%%BoundingBox: 0 0 9 9\n")), {}, "a.png"),
    "images: one class": (in_folder(("cat/a.png", lambda: image(4, 4)),
                                    ("cat/b.png", lambda: image(4, 4))), {}, "'class' is 'cat'"),
    "images: a loop of links": (loop_of_folders, {}, "again: no image"),
    "images: a pipe": (pipe_among_images, {}, "pipe.png: no image"),
    "images: all together": (in_folder(("cat/a.png", lambda: image(100, 100)),
                                       ("dog/b.png", lambda: image(100, 100))), {"limit": 10**4},
                             "80 kB in memory"),
    "images: a single one": (file("a.png", lambda: image(4, 4)), {}, "a single image is for"),
}  # fmt: skip


def twice() -> bytes:
    data = npz_of(**{"X.npy": npy((4, 2), data=bytes(64)), "Z.npy": npy((4, 2), data=bytes(64))})
    return data.replace(b"Z.npy", b"X.npy")
