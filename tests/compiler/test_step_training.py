"""Compiled training steps equal eager ones: parameters, gradients, state, losses, random stream."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import tinygrad_bp as tgb
from tests.compiler.pairs import BACKENDS, mlp, regression, train_both
from tinygrad_bp import nn

optim = tgb.optim


def in_two_groups(parameters: list[Any]) -> Any:
    return optim.Adam([{"params": parameters[:2]}, {"params": parameters[2:], "lr": 0.1}])


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, 0.05),
    "SGD with momentum": lambda p: optim.SGD(
        p, 0.05, momentum=0.9, dampening=0.1, weight_decay=0.01
    ),
    "SGD, Nesterov": lambda p: optim.SGD(p, 0.01, momentum=0.9, nesterov=True, maximize=True),
    "Adam": lambda p: optim.Adam(p, weight_decay=0.1),
    "Adam, AMSGrad": lambda p: optim.Adam(p, amsgrad=True),
    "Adam, a tensor for a rate": lambda p: optim.Adam(p, lr=tgb.tensor(0.01)),
    "Adam in two groups": in_two_groups,
    "AdamW": lambda p: optim.AdamW(p),
    "RMSprop": lambda p: optim.RMSprop(p),
    "RMSprop, centered": lambda p: optim.RMSprop(p, centered=True, momentum=0.9),
    "Adagrad": lambda p: optim.Adagrad(p, initial_accumulator_value=0.1, lr_decay=0.1),
    "Adadelta": lambda p: optim.Adadelta(p),
    "Adamax": lambda p: optim.Adamax(p),
    "NAdam": lambda p: optim.NAdam(p),
    "RAdam": lambda p: optim.RAdam(p),
    "ASGD": lambda p: optim.ASGD(p, t0=5),
    "Rprop": lambda p: optim.Rprop(p),
}

#: Where the formula, or which numbers it takes, changes after the first steps.
TWICE = {"SGD with momentum", "RAdam", "ASGD"}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name: str, backend: str) -> None:
    step = train_both(mlp, OPTIMIZERS[name], nn.MSELoss(), regression, backend)
    assert step.traces == (2 if name in TWICE else 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_single_precision(backend: str) -> None:
    step = train_both(
        mlp, lambda p: optim.SGD(p, 0.01), nn.MSELoss(), regression, backend, dtype=tgb.float32
    )
    assert step.traces == 1


CLIPPINGS = {
    "norm": lambda model, _: nn.utils.clip_grad_norm_(model.parameters(), 0.1),
    "norm, large": lambda model, _: nn.utils.clip_grad_norm_(model.parameters(), 1e6),
    "norm, inf": lambda model, _: nn.utils.clip_grad_norm_(
        model.parameters(), 0.1, norm_type=float("inf")
    ),
    "value": lambda model, _: nn.utils.clip_grad_value_(model.parameters(), 0.01),
}


@pytest.mark.parametrize("how", CLIPPINGS)
def test_clipped_gradients(how: str) -> None:
    step = train_both(mlp, optim.Adam, nn.MSELoss(), regression, between=CLIPPINGS[how])
    assert step.traces == 1


def rated(change: Any) -> Any:
    """Change an optimizer's options after some steps."""
    return lambda i, model, opt: change(i, opt)


def halve(i: int, opt: Any) -> None:
    opt.param_groups[0]["lr"] *= 0.5


def decay_late(i: int, opt: Any) -> None:
    opt.param_groups[0]["weight_decay"] = 0.1 if i >= 5 else 0.0


def test_a_changed_learning_rate_is_followed_and_compiles_nothing_anew() -> None:
    step = train_both(mlp, optim.Adam, nn.MSELoss(), regression, after=rated(halve))
    assert step.traces == 1


def test_an_option_that_changes_the_formula_is_followed() -> None:
    step = train_both(mlp, optim.Adam, nn.MSELoss(), regression, after=rated(decay_late))
    assert step.traces == 2


@pytest.mark.parametrize("kind", ["StepLR", "CosineAnnealingLR", "OneCycleLR"])
def test_schedulers(kind: str) -> None:
    schedulers: dict[int, Any] = {}
    arguments = {"StepLR": (3,), "CosineAnnealingLR": (10,), "OneCycleLR": (0.1, 25)}[kind]

    def after(i: int, model: Any, opt: Any) -> None:
        if id(opt) not in schedulers:
            schedulers[id(opt)] = getattr(optim.lr_scheduler, kind)(opt, *arguments)
        schedulers[id(opt)].step()

    step = train_both(
        mlp, lambda p: optim.SGD(p, 0.1, momentum=0.9), nn.MSELoss(), regression, after=after
    )
    assert step.traces == 1


def test_a_last_batch_of_another_size() -> None:
    sizes = iter([20, 20, 7] * 10)
    step = train_both(mlp, optim.Adam, nn.MSELoss(), lambda: regression(next(sizes)), steps=12)
    assert step.traces == 2


def test_modes_of_training_and_evaluation() -> None:
    def make() -> Any:
        return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))

    step = train_both(
        make, optim.Adam, nn.MSELoss(), regression,
        after=lambda i, model, opt: model.train(i % 3 > 0),
    )  # fmt: skip
    assert step.traces == 2


def test_frozen_parameters() -> None:
    def freeze(i: int, model: Any, opt: Any) -> None:
        if i == 8:
            model[0].weight.requires_grad_(False)
        if i == 15:
            model[0].weight.requires_grad_(True)

    step = train_both(mlp, optim.SGD, nn.MSELoss(), regression, after=freeze)
    assert step.traces == 2


def test_state_is_loaded_in_between() -> None:
    saved: dict[int, Any] = {}

    def after(i: int, model: Any, opt: Any) -> None:
        if i == 4:
            saved[id(model)] = (
                {k: v.clone() for k, v in model.state_dict().items()}, opt.state_dict(),
            )  # fmt: skip
            saved[id(opt)] = copy.deepcopy(opt.state_dict())
        if i == 9:
            model.load_state_dict(saved[id(model)][0])
            opt.load_state_dict(saved[id(opt)])

    step = train_both(mlp, optim.Adam, nn.MSELoss(), regression, after=after)
    assert step.traces == 2  # the optimizer's state lies elsewhere


def test_memory_is_exchanged_in_between() -> None:
    def after(i: int, model: Any, opt: Any) -> None:
        if i == 5:
            model[0].weight.data = model[0].weight.data * 0.5

    assert train_both(mlp, optim.Adam, nn.MSELoss(), regression, after=after).traces == 2


def test_eager_steps_in_between() -> None:
    def after(i: int, model: Any, opt: Any) -> None:
        if i % 4 == 1:
            opt.zero_grad()
            tgb.manual_seed(i)
            model(tgb.randn(3, 2).double()).sum().backward()
            opt.step()

    step = train_both(mlp, optim.Adam, nn.MSELoss(), regression, after=after)
    assert step.traces == 1


def images(n: int = 3) -> tuple[Any, Any]:
    return tgb.randn(n, 1, 12, 12), tgb.randint(0, 10, (n,))


def cnn() -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(100, 10),
    )  # fmt: skip


class Reader(nn.Module):
    """An embedding, then an LSTM, then attention over its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.out = nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        h, _ = self.lstm(self.table(x))
        mixed, _ = self.attention(h, h, h, need_weights=False)
        return self.out(self.norm(h + mixed).mean(1))


NETWORKS: dict[str, Any] = {
    "cnn": (cnn, images),
    "reader": (Reader, lambda: (tgb.randint(0, 11, (5, 6)), tgb.randint(0, 4, (5,)))),
    "transformer": (
        lambda: nn.Sequential(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), nn.Flatten(), nn.Linear(48, 3)
        ),
        lambda: (tgb.randn(4, 6, 8), tgb.randint(0, 3, (4,))),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, backend: str) -> None:
    make, data = NETWORKS[name]
    step = train_both(make, optim.Adam, nn.CrossEntropyLoss(), data, backend)
    assert step.traces == 1


def test_labels_out_of_the_ordinary_are_noticed_in_each_batch() -> None:
    """A label to be ignored, or no label at all: eager takes another way, or raises."""

    def data() -> tuple[Any, Any]:
        x, y = images(4)
        turn["at"] += 1
        if turn["at"] % 3 == 0:
            y[1] = -100
        return x, y

    turn = {"at": 0}
    step = train_both(cnn, optim.SGD, nn.CrossEntropyLoss(), data)
    assert step.traces == 2
    x, y = images(4)
    y[0] = 10
    with pytest.raises(IndexError, match="Target 10"):
        step(x.double(), y)
