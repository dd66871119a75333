"""Transforms of functions give PyTorch's results: values, structure, what needs a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.parity.both import agree

X, Y, Z = (np.random.default_rng(i).standard_normal((3, 4)) for i in range(3))


def grads(torch: Any, x: Any, y: Any, z: Any) -> Any:
    def f(x: Any, tree: Any) -> Any:
        return (x.sin() * tree["a"]).sum() + tree["b"][0].exp().mean()

    tree = {"a": y, "b": [z]}
    func = torch.func
    return (
        func.grad(f)(x, tree),
        func.grad(f, argnums=1)(x, tree),
        func.grad(f, argnums=(1, 0))(x, tree),
        func.grad(f, argnums=-2)(x, tree),
        func.grad_and_value(f)(x, tree),
        func.grad_and_value(lambda *a: (f(*a), {"more": a[0] * 2}), has_aux=True)(x, tree),
        func.grad(lambda x, scale: (x * scale).sum())(x, scale=3.0),
        func.grad(lambda x: y.sum())(x),
    )


def nested(torch: Any, x: Any, y: Any, z: Any) -> Any:
    grad = torch.func.grad
    cubes = grad(lambda x: grad(lambda y: (x * y**3).sum())(x * 2).sum())(x)
    third = grad(grad(grad(lambda t: t**5)))(x[0, 0])
    w = y.clone().requires_grad_()
    needs = grad(lambda x: (x * w * w).sum())(x)
    (by_w,) = torch.autograd.grad(needs.sum(), w)
    u = x.clone().requires_grad_()
    through = grad(lambda t: (t**3).sum())(u)
    through.sum().backward()
    with torch.no_grad():
        unrecorded = grad(lambda x: (x * w).sum())(x)
    plain = grad(lambda x: (x * y).sum())(x)
    flags = [t.requires_grad for t in (needs, through, unrecorded, plain)]
    return cubes, third, needs, by_w, u.grad, unrecorded, flags


def products(torch: Any, x: Any, y: Any, z: Any) -> Any:
    func = torch.func

    def f(x: Any, y: Any) -> Any:
        return x.sin() @ y.T, {"s": (x * y).sum(), "c": y.sum(1)}

    answer, back = func.vjp(f, x, y)
    vectors = (z @ z.T, {"s": x[0, 0], "c": y[0, :3]})
    second = func.vjp(lambda x: (x.exp(), x * 2), x, has_aux=True)
    pushed = func.jvp(f, (x, y), (z, x))
    again = func.jvp(lambda t: func.jvp(lambda x: x**3, (t,), (z,))[1], (x,), (y,))
    by_tangent = func.grad(lambda t: func.jvp(lambda x: (x**2).sum(), (x,), (t,))[1])(y)
    aux = func.jvp(lambda x: (x.exp(), [x]), (x,), (z,), has_aux=True)
    value, along = func.linearize(lambda x, y: x.sin() * y, x, y)
    two = along(z, x), along(y, z)
    return (
        answer,
        back(vectors),
        back(vectors),
        second[2],
        pushed,
        again,
        by_tangent,
        aux,
        value,
        two,
    )


def jacobians(torch: Any, x: Any, y: Any, z: Any) -> Any:
    func = torch.func

    def f(x: Any, y: Any) -> Any:
        return {"a": x.sin() * y, "b": [x @ y.T, y.sum()]}

    return [
        (
            jacobian(f)(x, y),
            jacobian(f, argnums=(0, 1))(x, y),
            jacobian(lambda p: p["w"] @ p["b"])({"w": x, "b": y[0]}),
            jacobian(lambda x: (x.exp(), x.sum()), has_aux=True)(x),
            jacobian(lambda x: x * 2)(torch.zeros(0)),
            jacobian(jacobian(lambda x: x.sin()))(x[0]),
        )
        for jacobian in (func.jacrev, func.jacfwd)
    ] + [
        func.hessian(lambda x, y: (x**3 * y).sum())(x, y),
        func.hessian(lambda x, y: (x**3 * y**2).sum(), argnums=(0, 1))(x, y),
        func.hessian(lambda x: x.sin() * y)(x),
    ]


def batched(torch: Any, x: Any, y: Any, z: Any) -> Any:
    vmap, func = torch.vmap, torch.func
    rows = vmap(torch.dot)(x, y)
    columns = vmap(lambda a, b: a * b, in_dims=(1, None), out_dims=-1)(x, y[:, 0])
    tree = vmap(
        lambda d, n: {"s": d["a"] + d["b"], "t": (d["a"].sum(), n)},
        in_dims=({"a": 0, "b": None}, None),
        out_dims={"s": 1, "t": (0, None)},
    )({"a": x, "b": y[0]}, y)
    inner = vmap(vmap(lambda a, b: a * b, in_dims=(0, None)), in_dims=(None, 0))(x[0], y[0])
    keyword = vmap(lambda a, scale: a * scale)(x, scale=y)
    weights = {"w": z, "b": y[:, 0]}

    def loss(weights: Any, x: Any) -> Any:
        return (weights["w"] @ x - weights["b"]).square().sum()

    per_sample = vmap(func.grad(loss), in_dims=(None, 0))(weights, x)
    u = x.clone().requires_grad_()
    vmap(lambda a: (a * a.sum()).sum(), in_dims=1)(u).sum().backward()
    return rows, columns, tree, inner, keyword, per_sample, u.grad


def ensembles(torch: Any, x: Any, y: Any, z: Any) -> Any:
    models = [torch.nn.Linear(4, 2).double() for _ in range(3)]
    for i, model in enumerate(models):
        model.load_state_dict({"weight": x[:2] + i, "bias": y[0, :2] * i})
    params, buffers = torch.func.stack_module_state(models)

    def call(params: Any, buffers: Any, x: Any) -> Any:
        return torch.func.functional_call(models[0], (params, buffers), (x,))

    answers = torch.vmap(call, in_dims=(0, 0, None))(params, buffers, z)
    answers.sum().backward()
    return answers, params["weight"].grad


@pytest.mark.parametrize("case", [grads, nested, products, jacobians, batched, ensembles])
def test_transforms(case: Callable[..., Any]) -> None:
    agree(case, X, Y, Z)


def random_numbers(torch: Any, x: Any) -> Any:
    same = torch.vmap(lambda a: a * 0 + torch.rand(()), randomness="same")(x)
    other = torch.vmap(lambda a: a * 0 + torch.rand(()), randomness="different")(x)
    return (same == same[0]).all(), (other[0] == other[1]).any()


def test_random_numbers_in_vmap() -> None:
    agree(random_numbers, X)


REFUSED = [
    lambda f, x: f.grad(lambda x: x)(x),
    lambda f, x: f.grad(lambda x: 3.0)(x),
    lambda f, x: f.grad(lambda x: x.sum(), argnums=3)(x),
    lambda f, x: f.grad(lambda x: x.sum(), argnums=())(x),
    lambda f, x: f.grad(lambda x: x)(3.0),
    lambda f, x: f.grad(lambda x: x.sum(), has_aux=True)(x),
    lambda f, x: f.vjp(lambda x: x, x)[1](x[0]),
    lambda f, x: f.jvp(lambda x: x, x, x),
    lambda f, x: f.jvp(lambda x: x, (x,), (x[0],)),
    lambda f, x: f.jacrev(lambda x: 3.0)(x),
    lambda f, x: f.vmap(lambda x: x, in_dims=None)(x),
    lambda f, x: f.vmap(lambda x: x, in_dims=2)(x),
    lambda f, x: f.vmap(lambda x: x, in_dims=(0, 0))(x),
    lambda f, x: f.vmap(lambda x, y: x)(x, x[:2]),
    lambda f, x: f.vmap(lambda x: 3.0)(x),
    lambda f, x: f.vmap(lambda x: x, out_dims=(0, 1))(x),
    lambda f, x: f.vmap(lambda x: x, out_dims=None)(x),
    lambda f, x: f.vmap(lambda x: x)(3.0),
    lambda f, x: f.vmap(lambda x: x, randomness="some")(x),
    lambda f, x: f.vmap(lambda x: x, chunk_size=0)(x),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused_by_both(number: int) -> None:
    def case(torch: Any, x: Any) -> str:
        with pytest.raises((RuntimeError, ValueError)) as raised:
            REFUSED[number](torch.func, x)
        return raised.type.__name__

    agree(case, X)
