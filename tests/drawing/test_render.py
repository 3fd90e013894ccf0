"""Pictures with `dot` on the PATH, without it, and without anything."""

import builtins
import os
import stat
import sys

import graphviz
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.drawing import render


@pytest.fixture
def picture():
    w = tgb.tensor([1.0, 2.0], requires_grad=True).named("w")
    return tgb.draw((w * 2).sum())


@pytest.fixture
def no_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def no_program(no_path, monkeypatch):
    monkeypatch.setattr(render, "find_pure", lambda: None)


def test_it_is_a_digraph(picture):
    assert isinstance(picture, graphviz.Digraph)
    assert str(picture) == picture.source and "digraph" in picture.source


def test_svg_and_png_with_an_empty_path(no_path, picture, tmp_path, capfd):
    assert b"</svg>" in picture.pipe(format="svg")
    assert picture.pipe(format="png").startswith(b"\x89PNG")
    path = picture.render(tmp_path / "net", format="png")
    assert path == str(tmp_path / "net.png")
    assert (tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")
    out = picture.render(outfile=tmp_path / "deep" / "net.svg", cleanup=True)
    assert "</svg>" in (tmp_path / "deep" / "net.svg").read_text(encoding="utf-8")
    assert out.endswith("net.svg")
    assert capfd.readouterr() == ("", "")


def test_a_notebook_gets_svg(no_path, picture):
    bundle = picture._repr_mimebundle_()
    assert "</svg>" in bundle["image/svg+xml"]
    assert "</svg>" in picture._repr_image_svg_xml()


def test_bitmaps_are_sharp(no_path, picture):
    def width(data):
        return int.from_bytes(data[16:20], "big")

    sharp = width(picture.pipe(format="png"))
    picture.attr(dpi="72")
    assert sharp == pytest.approx(2 * width(picture.pipe(format="png")), abs=4)


def test_the_program_is_found_in_an_environment_that_is_not_activated(no_path):
    path = render.find_pure()
    assert path is not None and os.path.isfile(path)


def test_a_format_that_graphviz_pure_lacks(no_path, picture):
    with pytest.raises(graphviz.CalledProcessError) as caught:
        picture.pipe(format="pdf")
    assert "install Graphviz" in caught.value.__notes__[0].replace("others install", "install")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_dot_on_the_path_goes_first(monkeypatch, tmp_path, picture):
    fake = tmp_path / "dot"
    fake.write_text('#!/bin/sh\necho "fake $*"\n', encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert picture.pipe(format="svg") == b"fake -Kdot -Tsvg\n"


def test_with_neither_there_is_the_text_and_the_install_line(no_program, picture, tmp_path):
    with pytest.raises(graphviz.ExecutableNotFound, match=r'pip install "tinygrad_bp\[viz\]"'):
        picture.pipe(format="svg")
    with pytest.raises(RuntimeError, match=r"saved in '.*net\.gv'"):
        picture.render(tmp_path / "net.gv", format="png")
    assert (tmp_path / "net.gv").read_text(encoding="utf-8") == picture.source
    with pytest.raises(RuntimeError, match=r"saved in"):
        picture.render(outfile=tmp_path / "other.svg")
    assert (tmp_path / "other.gv").exists()
    shown = picture._repr_mimebundle_()
    assert shown["text/plain"].endswith(picture.source) and "pip install" in shown["text/plain"]


def test_other_graphs_are_left_alone(no_path, picture):
    picture.pipe(format="svg")
    with pytest.raises(graphviz.ExecutableNotFound):
        graphviz.Digraph().pipe(format="svg")


def test_without_the_graphviz_package(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] == "graphviz":
            raise ModuleNotFoundError("No module named 'graphviz'", name="graphviz")
        return real(name, *args, **kwargs)

    for name in [n for n in sys.modules if n.split(".")[0] == "graphviz"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "tinygrad_bp.drawing.render", raising=False)
    monkeypatch.delattr(sys.modules["tinygrad_bp.drawing"], "render", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    w = tgb.tensor([1.0, 2.0], requires_grad=True).named("w")
    with pytest.raises(ImportError, match=r'pip install "tinygrad_bp\[viz\]".*dot_text'):
        tgb.draw(w.sum())
    assert tgb.drawing.dot_text(w.sum()).startswith("digraph {")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture_is_written_where_it_is_asked_for(tmp_path, kind):
    x = tgb.ones(2, requires_grad=True)
    tgb.draw((x * x).sum(), path=tmp_path / f"net.{kind}")
    assert [file.name for file in tmp_path.iterdir()] == [f"net.{kind}"]
    assert (tmp_path / f"net.{kind}").stat().st_size > 1000


def test_a_page_is_written_where_it_is_asked_for(tmp_path):
    x = tgb.ones(2, requires_grad=True)
    loss = (x * x).sum()
    tgb.draw(loss, path=tmp_path / "graph.html")
    assert "<!doctype html>" in (tmp_path / "graph.html").read_text("utf-8")
    with pytest.raises(TypeError, match="give the loss"):
        tgb.draw([loss], path=tmp_path / "graph.html")
