"""Frames, shared parameters, collapsed modules."""

import gc
import re
import weakref
from collections import Counter

from tests.drawing.reading import arrows, boxes, frames
from tinygrad_bp import nn
from tinygrad_bp.drawing import dot_text, trace


def test_a_module_is_a_frame_and_names_its_parameters(batch):
    net = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 1))
    source = dot_text(net(batch).sum(), model=net)
    assert frames(source) == ["Sequential", "0 Linear", "2 Linear"]
    heads = Counter(text.split(" | ")[0] for text in boxes(source).values())
    assert heads["weight"] == heads["bias"] == 2


def test_a_trace_knows_the_module_of_an_activation(batch):
    net = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 1))
    with trace(net):
        loss = net(batch).sum()
    assert frames(dot_text(loss, model=net)) == ["Sequential", "0 Linear", "1 ReLU", "2 Linear"]
    # The hooks are gone: a later pass is not traced.
    assert frames(dot_text(net(batch).sum(), model=net)) == ["Sequential", "0 Linear", "2 Linear"]


def test_a_shared_parameter_is_drawn_once(tied, batch):
    with trace(tied):
        loss = tied(batch).sum()
    for depth in (None, 1, 2):
        source = dot_text(loss, model=tied, depth=depth)
        heads = [text.split(" | ")[0] for text in boxes(source).values()]
        assert heads.count("encode.weight = decode.weight") == 1
    (shared,) = [b for b, t in boxes(source).items() if t.startswith("encode.weight")]
    assert len(re.findall(rf"^\t{shared} -> ", source, re.M)) == 2


def test_depth_makes_boxes_of_modules(tied, batch):
    with trace(tied):
        loss = tied(batch).sum()
    source = dot_text(loss, model=tied, depth=1)
    texts = list(boxes(source).values())
    assert "block | Block | 4 operations, 40 parameters" in texts
    assert frames(source) == ["Tied"]
    found = arrows(source)
    assert ("encode", "block", "(3, 4)") in found and ("block", "decode", "(3, 4)") in found
    whole = list(boxes(dot_text(loss, model=tied, depth=0)).values())
    assert len(whole) == 3 and any("Tied | " in text and "parameters" in text for text in whole)
    assert "block.act" in " ".join(boxes(dot_text(loss, model=tied, depth=2)).values())


def test_a_residual_connection_without_a_trace(tied, batch):
    source = dot_text(tied(batch).sum(), model=tied)
    inner = ["block.first Linear", "block.second Linear"]
    assert frames(source) == ["Tied", "encode Linear", "block Block", *inner, "decode Linear"]


def test_the_calls_of_a_layer_are_told_apart(batch):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(self.layer(x))

    net = Twice()
    with trace(net):
        loss = net(batch).sum()
    source = dot_text(loss, model=net)
    assert frames(source) == ["Twice", "layer Linear call 1", "layer Linear call 2"]
    heads = Counter(text.split(" | ")[0] for text in boxes(source).values())
    assert heads["layer.weight"] == 1


def test_a_frozen_layer_still_has_its_frame(batch):
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1))
    net[0].weight.requires_grad_(False)
    source = dot_text(net(batch).sum(), model=net)
    assert frames(source) == ["Sequential", "0 Linear", "1 Linear"]
    assert Counter(t.split(" | ")[0] for t in boxes(source).values())["weight"] == 2


def test_a_trace_keeps_neither_graph_nor_model_alive(batch):
    net = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    with trace(net):
        loss = net(batch).sum()
    node, model = weakref.ref(loss.node), weakref.ref(net)
    del loss, net
    gc.collect()
    assert node() is None and model() is None
