"""Common behaviour of optimizers: groups, names, state, hooks and checks of arguments."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine import nn, optim
from engine.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)


def parameters() -> list[Any]:
    return [nn.Parameter(engine.ones(2, 3)), nn.Parameter(engine.ones(4))]


def step_once(optimizer: optim.Optimizer) -> None:
    for group in optimizer.param_groups:
        for param in group["params"]:
            param.grad = engine.ones_like(param)
    optimizer.step()


def test_layout_of_the_state() -> None:
    """The keys and types of PyTorch's state_dict, which counts steps in 0-d tensors."""
    params = parameters()
    optimizer = optim.Adam(params, amsgrad=True)
    step_once(optimizer)
    state = optimizer.state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"]) == [0, 1]
    assert list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    assert engine.equal(state["state"][0]["step"], engine.tensor(1.0))
    assert (
        state["state"][0]["exp_avg"].data_ptr() == optimizer.state[params[0]]["exp_avg"].data_ptr()
    )
    group = state["param_groups"][0]
    assert group["params"] == [0, 1]
    options = "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused"
    assert set(group) == {*options.split(), "decoupled_weight_decay", "params"}
    for steps in (5, 5.0, engine.tensor(5.0)):
        for values in state["state"].values():
            values["step"] = steps
        optimizer.load_state_dict(copy.deepcopy(state))
        step_once(optimizer)
        assert optimizer.state[params[0]]["step"] == 6


def test_adagrad_has_a_state_before_its_first_step() -> None:
    state = optim.Adagrad(parameters(), initial_accumulator_value=0.5).state_dict()["state"]
    assert engine.equal(state[1]["sum"], engine.full((4,), 0.5)) and state[1]["step"] == 0


def test_groups_have_options_of_their_own() -> None:
    fast, slow = nn.Parameter(engine.ones(1)), nn.Parameter(engine.ones(1))
    optimizer = optim.SGD([{"params": [fast]}, {"params": slow, "lr": 0.1}], lr=0.5)
    late = nn.Parameter(engine.ones(1))
    optimizer.add_param_group({"params": [late], "lr": 0.25})
    for param in (fast, slow, late):
        param.grad = engine.ones(1)
    optimizer.step()
    assert [round(p.item(), 6) for p in (fast, slow, late)] == [0.5, 0.9, 0.75]
    optimizer.zero_grad()
    assert fast.grad is None
    grad = late.grad = engine.ones(1)
    optimizer.zero_grad(set_to_none=False)
    assert late.grad is grad and grad.item() == 0


def test_names_of_parameters() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizer = optim.SGD(model.named_parameters(), lr=0.1)
    names = ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == names
    step_once(optimizer)
    groups = [{"params": layer.named_parameters(), "lr": 0.1 * i} for i, layer in enumerate(model)]
    optimizer = optim.SGD(groups)
    assert [g["param_names"] for g in optimizer.param_groups] == [["weight", "bias"]] * 2
    bare = copy.deepcopy(optimizer.state_dict())
    for group in bare["param_groups"]:
        del group["param_names"]
    optimizer.load_state_dict(bare)
    assert optimizer.param_groups[1]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="either all parameter groups have names or none"):
        optimizer.add_param_group({"params": parameters()})


def test_the_rate_may_be_a_tensor() -> None:
    weight, rate = nn.Parameter(engine.ones(1)), engine.tensor(0.5)
    optimizer = optim.SGD([weight], lr=rate)
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    step_once(optimizer)
    schedule.step()
    assert weight.item() == 0.5 and rate.item() == 0.25
    assert optimizer.param_groups[0]["lr"] is rate
    assert schedule.get_last_lr()[0] is not rate and schedule.base_lrs == [0.5]


def test_closure() -> None:
    weight = nn.Parameter(engine.ones(1))
    optimizer = optim.SGD([weight], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with engine.no_grad():
        assert optimizer.step(closure).item() == 1
    assert round(weight.item(), 6) == 0.8


def test_hooks_around_a_step() -> None:
    optimizer, calls = optim.AdamW(parameters()), []
    handles = [
        register_optimizer_step_pre_hook(lambda opt, args, kwargs: calls.append("all before")),
        register_optimizer_step_post_hook(lambda opt, args, kwargs: calls.append("all after")),
        optimizer.register_step_pre_hook(lambda opt, args, kwargs: calls.append("before")),
    ]
    optimizer.register_step_post_hook(lambda opt, args, kwargs: calls.append("after"))
    step_once(optimizer)
    assert calls == ["all before", "before", "after", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert calls[4:] == ["after"]


def test_a_hook_may_replace_the_arguments_of_a_step() -> None:
    optimizer = optim.SGD(parameters())
    handle = optimizer.register_step_pre_hook(lambda opt, args, kwargs: ((lambda: 7.0,), {}))
    assert optimizer.step() == 7.0
    handle.remove()
    optimizer.register_step_pre_hook(lambda opt, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="None or a tuple of new args and new kwargs, got 3"):
        optimizer.step()


def test_hooks_around_the_state() -> None:
    optimizer, calls = optim.SGD(parameters(), momentum=0.9), []
    optimizer.register_state_dict_pre_hook(lambda opt: calls.append("second"))
    optimizer.register_state_dict_pre_hook(lambda opt: calls.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda opt, state: {**state, "note": 1})
    state = optimizer.state_dict()
    assert calls == ["first", "second"] and state["note"] == 1

    def scale(opt: Any, state: dict[str, Any]) -> dict[str, Any]:
        groups = [{**group, "lr": 0.25} for group in state["param_groups"]]
        return {**state, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(scale)
    optimizer.register_load_state_dict_post_hook(lambda opt: calls.append("loaded"))
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.25 and calls[2:] == ["loaded"]


def test_an_optimizer_of_ones_own() -> None:
    class Signed(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            for group in self.param_groups:
                for param in group["params"]:
                    param.grad = param.grad.sign()
            return super().step(closure)

    weight = nn.Parameter(engine.ones(1))
    weight.grad = engine.full((1,), 7.0)
    optimizer, calls = Signed([weight], lr=0.5), []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    assert weight.item() == 0.5 and calls == [1]


def test_state_of_ones_own_is_saved_as_it_is() -> None:
    class Counting(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 1.0, "differentiable": True})

        def step(self, closure: Any = None) -> Any:
            self.state["calls"] = self.state.get("calls", 0) + 1
            for param in self.param_groups[0]["params"]:
                self.state[param].update(step=engine.tensor(3), pair=(param.detach() * 2, "x"))

    optimizer = Counting(parameters())
    step_once(optimizer)
    other = Counting([p.detach().double().requires_grad_() for p in parameters()])
    other.load_state_dict(optimizer.state_dict())
    state = other.state[other.param_groups[0]["params"][1]]
    assert other.state["calls"] == 1 and state["step"].dtype == engine.int64
    assert state["pair"][0].dtype == engine.float64 and state["pair"][1] == "x"


def test_a_required_option() -> None:
    class Plain(optim.Optimizer):
        def __init__(self, params: Any, lr: Any = required) -> None:
            super().__init__(params, {"lr": lr})

    groups = [{"params": param, "lr": 0.1} for param in parameters()]
    assert Plain(groups).param_groups[1]["lr"] == 0.1
    with pytest.raises(ValueError, match="Plain: a parameter group needs a value of 'lr'"):
        Plain(parameters())


def test_an_optimizer_around_another() -> None:
    """Wrappers share the groups of another optimizer and may not call Optimizer.__init__."""

    class Slowly(optim.Optimizer):
        def __init__(self, inner: optim.Optimizer) -> None:
            self.inner = inner
            self.param_groups, self.state, self.defaults = inner.param_groups, inner.state, {}

        def step(self, closure: Any = None) -> Any:
            return self.inner.step(closure)

    params = parameters()
    optimizer = Slowly(optim.SGD(params, lr=0.5))
    schedule = optim.lr_scheduler.StepLR(optimizer, 1)
    step_once(optimizer)
    schedule.step()
    assert params[0][0, 0].item() == 0.5 and optimizer.inner.param_groups[0]["lr"] == 0.05


def test_copies_and_repr() -> None:
    optimizer = optim.SGD(parameters(), lr=0.5, momentum=0.9)
    step_once(optimizer)
    twin = pickle.loads(pickle.dumps(optimizer))
    assert twin.param_groups[0]["lr"] == 0.5 and len(twin.state) == 2
    twin.step()
    text = "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n"
    assert text in repr(optimizer)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: optim.SGD(p, lr=-1.0), ValueError, "SGD: lr must not be negative, got -1.0"),
        (lambda p: optim.SGD(p, lr="0.1"), TypeError, "SGD: argument 'lr': expected float or Tens"),
        (lambda p: optim.SGD(p, lr=engine.ones(2)), ValueError, r"lr must have 1 element, got sha"),
        (
            lambda p: optim.SGD([{"params": p, "lr": "1"}]),
            TypeError,
            "lr must be a number, got '1'",
        ),
        (lambda p: optim.SGD(p, nesterov=True), ValueError, "nesterov needs a momentum"),
        (lambda p: optim.Adam(p, betas=(1.0, 0.9)), ValueError, r"betas\[0\] must be in \[0, 1\)"),
        (lambda p: optim.Adam(p, betas=0.9), TypeError, "Adam: argument 'betas'"),
        (lambda p: optim.AdamW(p, eps=math.nan), ValueError, "AdamW: eps must not be negative"),
        (
            lambda p: optim.Adam(p, differentiable=True),
            NotImplementedError,
            "is not implemented yet",
        ),
        (lambda p: optim.Adam(p, fused=True, foreach=True), RuntimeError, "cannot both be True"),
        (lambda p: optim.Adadelta(p, rho=1.5), ValueError, r"rho must be in \[0, 1\], got 1.5"),
        (
            lambda p: optim.Rprop(p, etas=(2, 3)),
            ValueError,
            r"etas\[0\] must be in \(0, 1\), got 2",
        ),
        (lambda p: optim.Rprop(p, etas=(0.5, 1)), ValueError, r"etas\[1\] must be more than 1"),
        (lambda p: optim.Adafactor(p, d=0.5), ValueError, "d must be at least 1, got 0.5"),
        (lambda p: optim.Adafactor(p, beta2_decay=1), ValueError, "beta2_decay must be at most 0"),
        (lambda p: optim.Muon(p), ValueError, r"must be a matrix, got shape \(4,\)"),
        (lambda p: optim.Muon(p[:1], ns_steps=1.5), TypeError, "ns_steps.*int"),
        (lambda p: optim.Muon(p[:1], adjust_lr_fn="x"), ValueError, "adjust_lr_fn must be None,"),
        (lambda p: optim.SparseAdam(p, lr=0.0), ValueError, "lr must be positive, got 0.0"),
        (lambda p: step_once(optim.SparseAdam(p)), RuntimeError, "takes no dense gradients"),
        (
            lambda p: optim.LBFGS(p, line_search_fn="w"),
            ValueError,
            "line_search_fn must be None or",
        ),
        (lambda p: optim.LBFGS([{"params": x} for x in p]), ValueError, "one group of parameters"),
        (lambda p: optim.Adam([]), ValueError, "empty list of parameters"),
        (lambda p: optim.Adam(p[0]), TypeError, "got a Tensor"),
        (lambda p: optim.Adam([3]), TypeError, "can only optimize Tensors, got int"),
        (lambda p: optim.Adam([{"lr": 0.1}]), KeyError, "a parameter group needs 'params'"),
        (lambda p: optim.Adam([p[0], p[0]]), ValueError, "in the groups more than once"),
        (lambda p: optim.Adam([p[0] * 2]), ValueError, "no leaf"),
        (lambda p: optim.Adam([{"params": set(p)}]), TypeError, "got a set"),
        (lambda p: optim.Adam([("a", p[0]), p[1]]), ValueError, "parameters have names or none"),
    ],
)
def test_wrong_arguments(make: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(parameters())


def test_loading_another_network_is_an_error() -> None:
    state = optim.SGD(parameters()).state_dict()
    with pytest.raises(ValueError, match="group 0 has 1 parameters, the loaded one has 2"):
        optim.SGD(parameters()[:1]).load_state_dict(state)
    with pytest.raises(ValueError, match="has 2 parameter groups, the loaded state has 1"):
        optim.SGD([{"params": p} for p in parameters()]).load_state_dict(state)
