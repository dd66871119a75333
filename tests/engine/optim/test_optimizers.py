"""Optimizers beside their formulas in NumPy, one element at a time."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim

Rule = Callable[[float], Iterator[float]]
LR = 0.05


def _gradient(p: float, t: int) -> float:
    """A gradient that depends on the parameter and on the step."""
    return math.sin(3 * p) + 0.3 * math.cos(t)


def sgd(
    momentum: float = 0,
    dampening: float = 0,
    decay: float = 0,
    nesterov: bool = False,
    sign: float = 1,
) -> Rule:
    def steps(p: float) -> Iterator[float]:
        buffer, t = None, 0
        while True:
            g = sign * _gradient(p, t) + decay * p
            if momentum:
                buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
                g = g + momentum * buffer if nesterov else buffer
            p -= LR * g
            t += 1
            yield p

    return steps


def adam(
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0,
    decoupled: bool = False,
    amsgrad: bool = False,
    sign: float = 1,
) -> Rule:
    def steps(p: float) -> Iterator[float]:
        m = v = largest = 0.0
        t = 0
        while True:
            g = sign * _gradient(p, t)
            if decoupled:
                p *= 1 - LR * decay
            else:
                g += decay * p
            t += 1
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            largest = max(largest, v)
            second = (largest if amsgrad else v) / (1 - b2**t)
            p -= LR * m / (1 - b1**t) / (math.sqrt(second) + eps)
            yield p

    return steps


def rmsprop(momentum: float = 0, centered: bool = False, decay: float = 0) -> Rule:
    def steps(p: float) -> Iterator[float]:
        square = mean = buffer = 0.0
        t = 0
        while True:
            g = _gradient(p, t) + decay * p
            square = 0.9 * square + 0.1 * g * g
            mean = 0.9 * mean + 0.1 * g
            scale = math.sqrt(square - mean**2 if centered else square) + 1e-8
            buffer = momentum * buffer + g / scale
            p -= LR * buffer
            t += 1
            yield p

    return steps


def adagrad(p: float) -> Iterator[float]:
    total, t = 0.2, 0
    while True:
        g = _gradient(p, t)
        total += g * g
        p -= LR / (1 + t * 0.1) * g / (math.sqrt(total) + 1e-10)
        t += 1
        yield p


def adadelta(p: float) -> Iterator[float]:
    square = moved = 0.0
    t = 0
    while True:
        g = _gradient(p, t)
        square = 0.9 * square + 0.1 * g * g
        delta = math.sqrt(moved + 1e-6) / math.sqrt(square + 1e-6) * g
        moved = 0.9 * moved + 0.1 * delta * delta
        p -= LR * delta
        t += 1
        yield p


def adamax(p: float) -> Iterator[float]:
    m = largest = 0.0
    t = 0
    while True:
        g = _gradient(p, t)
        t += 1
        m = 0.9 * m + 0.1 * g
        largest = max(0.999 * largest, abs(g) + 1e-8)
        p -= LR / (1 - 0.9**t) * m / largest
        yield p


def nadam(p: float) -> Iterator[float]:
    m = v = 0.0
    product, t = 1.0, 0
    while True:
        g = _gradient(p, t)
        t += 1
        mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (k * 0.004)) for k in (t, t + 1))
        product = float(np.float32(product * mu))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        first = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        p -= LR * first / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        yield p


def radam(p: float) -> Iterator[float]:
    m = v = 0.0
    t = 0
    while True:
        g = _gradient(p, t)
        t += 1
        m, v = 0.9 * m + 0.1 * g, 0.9 * v + 0.1 * g * g
        mean = m / (1 - 0.9**t)
        longest = 2 / 0.1 - 1
        length = longest - 2 * t * 0.9**t / (1 - 0.9**t)
        if length > 5:
            rectifier = math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            )
            p -= LR * rectifier * mean * math.sqrt(1 - 0.9**t) / (math.sqrt(v) + 1e-8)
        else:
            p -= LR * mean
        yield p


def asgd(lambd: float) -> Rule:
    def steps(p: float) -> Iterator[float]:
        rate, t = float(np.float32(LR)), 0
        while True:
            p = p * (1 - lambd * rate) - rate * _gradient(p, t)
            t += 1
            rate = float(np.float32(LR / (1 + lambd * LR * t) ** 0.75))
            yield p

    return steps


def rprop(p: float) -> Iterator[float]:
    size, before, t = LR, 0.0, 0
    while True:
        g = _gradient(p, t)
        if g * before > 0:
            size = min(1.3 * size, 0.1)
        elif g * before < 0:
            size, g = max(0.5 * size, 0.01), 0.0
        p -= math.copysign(size, g) if g else 0.0
        before = g
        t += 1
        yield p


CASES: list[tuple[type[optim.Optimizer], dict[str, Any], Rule]] = [
    (optim.SGD, {}, sgd()),
    (optim.SGD, {"maximize": True, "weight_decay": 0.1}, sgd(decay=0.1, sign=-1)),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.2}, sgd(0.9, 0.2)),
    (optim.SGD, {"momentum": 0.9, "nesterov": True}, sgd(0.9, nesterov=True)),
    (optim.Adam, {}, adam()),
    (
        optim.Adam,
        {"betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1},
        adam(0.8, 0.9, 1e-2, 0.1),
    ),
    (optim.Adam, {"amsgrad": True, "maximize": True}, adam(amsgrad=True, sign=-1)),
    (optim.AdamW, {}, adam(decay=0.01, decoupled=True)),
    (
        optim.AdamW,
        {"amsgrad": True, "betas": (0.9, 0.5)},
        adam(b2=0.5, decay=0.01, decoupled=True, amsgrad=True),
    ),
    (optim.RMSprop, {"alpha": 0.9}, rmsprop()),
    (optim.RMSprop, {"alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1}, rmsprop(0.5, decay=0.1)),
    (optim.RMSprop, {"alpha": 0.9, "centered": True}, rmsprop(centered=True)),
    (optim.RMSprop, {"alpha": 0.9, "centered": True, "momentum": 0.5}, rmsprop(0.5, True)),
    (optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.2}, adagrad),
    (optim.Adadelta, {}, adadelta),
    (optim.Adamax, {}, adamax),
    (optim.NAdam, {}, nadam),
    (optim.RAdam, {"betas": (0.9, 0.9)}, radam),
    (optim.ASGD, {"lambd": 0.1}, asgd(0.1)),
    (optim.Rprop, {"etas": (0.5, 1.3), "step_sizes": (0.01, 0.1)}, rprop),
]


def identity(case: Any) -> str:
    return case.__name__ if isinstance(case, type) else str(case) if isinstance(case, dict) else ""


def parameters() -> list[Any]:
    source = np.random.default_rng(0)
    return [nn.Parameter(engine.from_numpy(source.standard_normal(s))) for s in ((2, 3), (4,))]


def set_gradients(params: list[Any], t: int) -> None:
    for param in params:
        values = np.vectorize(_gradient)(param.detach().numpy(), t)
        param.grad = engine.from_numpy(np.asarray(values))


@pytest.mark.parametrize(("kind", "options", "rule"), CASES, ids=identity)
def test_steps(kind: Any, options: dict[str, Any], rule: Rule) -> None:
    params = parameters()
    rules = [[rule(x) for x in p.detach().numpy().reshape(-1)] for p in params]
    optimizer = kind(params, lr=LR, **options)
    for t in range(8):
        set_gradients(params, t)
        optimizer.step()
        for param, steps in zip(params, rules, strict=True):
            wanted = np.reshape([next(step) for step in steps], param.shape)
            np.testing.assert_allclose(param.detach().numpy(), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kind", "options", "rule"), CASES, ids=identity)
def test_state_can_be_saved_and_loaded(kind: Any, options: dict[str, Any], rule: Rule) -> None:
    params = parameters()
    optimizer = kind(params, lr=LR, **options)
    for t in range(3):
        set_gradients(params, t)
        optimizer.step()
    others = [nn.Parameter(p.detach().clone()) for p in params]
    resumed = kind(others, lr=9.0)
    resumed.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for t in range(3, 6):
        for group, opt in ((params, optimizer), (others, resumed)):
            set_gradients(group, t)
            opt.step()
    for a, b in zip(params, others, strict=True):
        assert engine.equal(a, b)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.RMSprop, optim.NAdam])
def test_parameters_without_gradient_stay(kind: Any) -> None:
    """A parameter that is skipped in one step continues from its own last step."""
    options = {"momentum": 0.9} if kind is optim.SGD else {}
    together, alone = parameters(), parameters()
    optimizer = kind(together, lr=LR, **options)
    single = kind([alone[0]], lr=LR, **options)
    steps = 0
    for t in range(6):
        set_gradients(together, steps)
        if t % 2:
            together[0].grad = None
            before = together[0].detach().clone()
            optimizer.step()
            assert engine.equal(together[0], before)
            continue
        set_gradients(alone, steps)
        optimizer.step()
        single.step()
        steps += 1
        np.testing.assert_allclose(
            together[0].detach().numpy(), alone[0].detach().numpy(), rtol=1e-12
        )


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_other_dtypes(dtype: str) -> None:
    kind = getattr(engine, dtype)
    for make in (lambda p: optim.SGD(p, lr=0.5, momentum=0.5), lambda p: optim.Adam(p, lr=0.5)):
        weight = nn.Parameter(engine.ones(3).to(kind))
        weight.grad = engine.ones(3).to(kind)
        optimizer = make([weight])
        optimizer.step()
        assert weight.dtype == kind
        np.testing.assert_allclose(weight.detach().float().numpy(), 0.5, rtol=1e-2)


def test_gradients_of_another_layout() -> None:
    weight = nn.Parameter(engine.zeros(2, 3))
    weight.grad = engine.arange(6.0).reshape(3, 2).transpose(0, 1)
    optim.SGD([weight], lr=1.0).step()
    assert weight.tolist() == [[0, -2, -4], [-1, -3, -5]]


def test_a_small_network_learns() -> None:
    engine.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    x = engine.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = engine.tensor([[0.0], [1.0], [1.0], [0.0]])
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3
