"""Every public name explains itself: `help(name)` has something to say."""

import inspect
from importlib import import_module

import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn, optim
from tinygrad_bp.op import Op


def public(module):
    """Return {name: object} of what a module offers to its users."""
    names = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    found = {name: getattr(module, name) for name in names}
    if module is not tgb:
        return found
    # The face lists no __all__: the modules below it are names too, but no offers of its own.
    return {n: o for n, o in found.items() if not inspect.ismodule(o) and n != "annotations"}


def docstring(thing):
    """Return what explains a name: an operation is explained by its forward."""
    if isinstance(thing, Op):
        return thing.forward.__doc__  # for a ufunc, NumPy's own text
    if isinstance(thing, type):
        return vars(thing).get("__doc__")  # not the base class's
    if not callable(thing) and not inspect.ismodule(thing):
        return "a value"  # `pi`, a dtype, the default generator
    return thing.__doc__


ROOMS = [
    "amp", "autograd", "autograd.functional", "autograd.graph", "compiler", "cuda", "distributions",
    "distributions.constraints", "distributions.transforms", "fft", "func", "jit", "linalg",
    "masked", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.parametrizations",
    "nn.utils.parametrize", "nn.utils.prune", "nn.utils.rnn", "optim", "optim.lr_scheduler",
    "optim.swa_utils", "profiler", "random", "serialization", "signal.windows", "sparse",
    "special", "testing", "utils.benchmark", "utils.checkpoint", "utils.data",
]  # fmt: skip

MODULES = {"tgb": tgb} | {room: import_module(f"tinygrad_bp.{room}") for room in ROOMS}


def names():
    for room, module in MODULES.items():
        for name, thing in sorted(public(module).items()):
            full = f"{room}.{name}"
            yield pytest.param(thing, id=full)


@pytest.mark.parametrize("thing", list(names()))
def test_every_public_name_has_a_docstring(thing):
    text = docstring(thing)
    assert text
    assert text.strip()


@pytest.mark.parametrize("room", MODULES)
def test_a_docstring_begins_with_one_line(room):
    longer = []
    for name, thing in public(MODULES[room]).items():
        if isinstance(thing, Op):
            continue  # for a ufunc, NumPy's own text
        lines = docstring(thing).strip().splitlines()
        if len(lines) > 1 and lines[1].strip():
            longer.append(name)
    assert not longer


@pytest.mark.parametrize("cls", [tgb.Tensor, nn.Module, optim.Optimizer], ids=lambda c: c.__name__)
def test_every_public_method_has_a_docstring(cls):
    lacking = []
    for name in dir(cls):
        member = getattr(cls, name)
        if name.startswith("_"):
            continue
        text = member.forward.__doc__ if isinstance(member, Op) else inspect.getdoc(member)
        if not text:
            lacking.append(name)
    assert not lacking


def test_the_names_are_many():
    # A module whose __all__ is lost would otherwise pass by having nothing to test.
    counted = {room: len(public(module)) for room, module in MODULES.items()}
    assert counted["tgb"] > 150
    assert all(count > 1 for count in counted.values()), counted
