"""Logs for TensorBoard, read back by a small reader of the same formats."""

import struct
import zlib

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.utils.tensorboard import SummaryWriter
from tinygrad_bp.utils.tensorboard.records import crc32c, png


def fields(data):
    """Take a protocol buffer apart: {field number: [values]}."""

    def varint(at):
        number = shift = 0
        while True:
            byte = data[at]
            number |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return number, at

    found, at = {}, 0
    while at < len(data):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
        elif kind == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            length, at = varint(at)
            value, at = data[at : at + length], at + length
        found.setdefault(key >> 3, []).append(value)
    return found


def unmasked(masked):
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def values(folder):
    """Read (step, fields of the value) of every event in a folder's only file."""
    (path,) = folder.glob("events.out.tfevents.*")
    data, found, at = path.read_bytes(), [], 0
    while at < len(data):
        (length, check) = struct.unpack_from("<QI", data, at)
        assert unmasked(check) == crc32c(data[at : at + 8])
        body = data[at + 12 : at + 12 + length]
        assert unmasked(struct.unpack_from("<I", data, at + 12 + length)[0]) == crc32c(body)
        at += length + 16
        found.append(fields(body))
    assert found[0][3] == [b"brain.Event:2"]
    return [(e.get(2, [None])[0], fields(fields(e[5][0])[1][0])) for e in found[1:]]


def test_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", tgb.tensor(0.5), 3)
        writer.add_scalar("loss", 0.25, global_step=400)
        writer.add_scalars("both", {"a": 1, "b": 2}, 1)
        assert writer.get_logdir() == str(tmp_path)
    read = values(tmp_path)
    assert [(step, v[1], v[2]) for step, v in read] == [
        (3, [b"loss"], [0.5]), (400, [b"loss"], [0.25]),
    ]  # fmt: skip
    assert values(tmp_path / "both_b")[0][1][2] == [2]


def test_histograms_and_texts(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("w", tgb.arange(10.0), 1, bins=5)
        writer.add_text("note", "*hello*")
        writer.add_hparams({"lr": 0.1}, {"accuracy": 0.5})
    (_, first), (_, second), (_, third), (_, fourth) = values(tmp_path)
    shape = fields(first[5][0])
    assert (shape[1], shape[2], shape[3], shape[4]) == ([0], [9], [10], [45])
    assert np.frombuffer(shape[7][0]).tolist() == [2, 2, 2, 2, 2]
    assert fields(second[8][0])[8] == [b"*hello*"] and b"- lr: 0.1" in fields(third[8][0])[8][0]
    assert fourth[1] == [b"accuracy"]


def test_pictures(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("one", tgb.rand(3, 4, 5))
        writer.add_image("grey", np.zeros((4, 5), np.uint8), dataformats="HW")
        writer.add_images("row", tgb.rand(2, 1, 4, 5))
    sizes = [tuple(fields(v[4][0])[i][0] for i in (1, 2, 3)) for _, v in values(tmp_path)]
    assert sizes == [(4, 5, 3), (4, 5, 1), (4, 10, 1)]


def test_png_holds_the_pixels():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    data = png(pixels)
    assert data.startswith(b"\x89PNG") and struct.unpack_from(">II", data, 16) == (4, 2)
    at = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, at - 4)
    rows = zlib.decompress(data[at + 4 : at + 4 + length])
    assert rows == b"".join(b"\0" + row.tobytes() for row in pixels)


def test_figures_and_graphs(tmp_path):
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(1, 1), dpi=20)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with SummaryWriter(tmp_path) as writer:
        writer.add_figure("plot", figure)
        with pytest.warns(UserWarning, match="add_graph"):
            writer.add_graph(tgb.nn.Linear(1, 1))
    assert fields(values(tmp_path)[0][1][4][0])[3] == [4]


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SummaryWriter(comment="_mine", max_queue=1).close()
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("_mine")
