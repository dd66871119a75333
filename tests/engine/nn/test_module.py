"""Module: registration, state, conversion and calls."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections import OrderedDict
from typing import Any

import pytest

import engine
from engine import nn
from engine.nn import Module, Parameter, hooks


class Block(Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.register_buffer("count", engine.zeros(1))
        self.register_buffer("cache", engine.zeros(2), persistent=False)
        self.register_parameter("absent", None)

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        return self.fc(x) * scale


class Net(Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Block()
        self.second = Block()
        self.weight = Parameter(engine.ones(2))

    def forward(self, x: Any) -> Any:
        return self.first(x) + self.second(x) * self.weight


def names(pairs: Any) -> list[str]:
    return [name for name, _ in pairs]


def test_members_are_registered_in_order() -> None:
    net = Net()
    assert names(net.named_parameters()) == [
        "weight",
        "first.fc.weight",
        "first.fc.bias",
        "second.fc.weight",
        "second.fc.bias",
    ]
    assert names(net.named_buffers(prefix="net", recurse=True))[:2] == [
        "net.first.count",
        "net.first.cache",
    ]
    assert names(net.named_modules()) == ["", "first", "first.fc", "second", "second.fc"]
    assert names(net.named_children()) == ["first", "second"]
    assert names(net.named_parameters(recurse=False)) == ["weight"]
    assert len(list(net.parameters())) == 5


def test_shared_members_count_once() -> None:
    net = Net()
    net.second = net.first
    assert len(list(net.parameters())) == 3
    assert len(list(net.modules())) == 3
    assert len(list(net.named_parameters(remove_duplicate=False))) == 5


def test_look_up_by_name() -> None:
    net = Net()
    assert net.get_submodule("first.fc") is net.first.fc
    assert net.get_submodule("") is net
    assert net.get_parameter("second.fc.bias") is net.second.fc.bias
    assert net.get_buffer("first.count") is net.first.count
    net.set_submodule("first.fc", nn.Identity())
    assert isinstance(net.first.fc, nn.Identity)
    with pytest.raises(AttributeError, match="Block has no module 'fd'"):
        net.get_submodule("first.fd.x")
    with pytest.raises(AttributeError, match="Net has no parameter 'w'"):
        net.get_parameter("w")


def test_assigning_changes_the_kind() -> None:
    module = Module()
    module.x = 3
    module.x = Parameter(engine.ones(1))
    assert names(module.named_parameters()) == ["x"] and module.x.item() == 1
    module.x = nn.Identity()
    assert names(module.named_children()) == ["x"] and not list(module.parameters())
    del module.x
    assert not list(module.children()) and not hasattr(module, "x")
    module.x = None
    assert module.x is None


def test_a_registered_name_keeps_its_kind() -> None:
    net = Net()
    with pytest.raises(TypeError, match=r"'Net.weight': Parameter or None expected"):
        net.weight = engine.ones(2)
    with pytest.raises(TypeError, match=r"'Net.first': Module or None expected"):
        net.first = 3
    with pytest.raises(TypeError, match=r"'Block.count': Tensor or None expected"):
        net.first.count = 3
    net.first.count = engine.ones(1)
    assert dict(net.first.named_buffers())["count"].item() == 1
    net.weight = None
    assert "weight" not in net.state_dict()


def test_names_that_cannot_be() -> None:
    module = Module()
    with pytest.raises(KeyError, match="already has an attribute 'forward'"):
        module.add_module("forward", nn.Identity())
    with pytest.raises(KeyError, match="must not be empty nor contain"):
        module.register_buffer("a.b", None)
    with pytest.raises(TypeError, match="must be a Parameter or None, got Tensor"):
        module.register_parameter("p", engine.ones(1))
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'missing'"):
        _ = module.missing


def test_forgetting_to_initialise_is_named() -> None:
    class Forgetful(Module):
        def __init__(self) -> None:
            self.fc = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"Forgetful: Module.__init__\(\) must be called"):
        Forgetful()


def test_registries_are_live() -> None:
    net = Net()
    net._modules["first"] = nn.Identity()
    assert isinstance(net.first, nn.Identity)
    del net._parameters["weight"]
    net.weight = engine.zeros(1)
    assert net._modules.keys() == {"first", "second"}
    assert list(net._parameters) == []


def test_a_module_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        net = Net()
        gone = weakref.ref(net)
        del net
        assert gone() is None
    finally:
        gc.enable()


def test_state_dict() -> None:
    net = Net()
    state = net.state_dict()
    assert list(state) == [
        "weight",
        "first.count",
        "first.fc.weight",
        "first.fc.bias",
        "second.count",
        "second.fc.weight",
        "second.fc.bias",
    ]
    assert not state["weight"].requires_grad
    assert net.state_dict(keep_vars=True)["weight"] is net.weight
    assert state._metadata["first.fc"] == {"version": 1}  # type: ignore[attr-defined]
    other = Net()
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    x = engine.randn(4, 3)
    assert engine.equal(net(x), other(x))
    with engine.no_grad():
        net.weight.fill_(5.0)
    assert state["weight"].tolist() == [5.0, 5.0]  # it shares memory
    assert other.weight.tolist() == [1.0, 1.0]


def test_loading_lists_all_that_is_wrong() -> None:
    state = Net().state_dict()
    del state["first.fc.bias"]
    state["second.extra"] = engine.ones(1)
    state["fourth.weight"] = engine.ones(1)
    state["weight"] = engine.ones(3)
    state["second.fc.bias"] = [1.0, 2.0]
    with pytest.raises(RuntimeError) as caught:
        Net().load_state_dict(state)
    message = str(caught.value)
    assert "Error(s) in loading state_dict for Net" in message
    assert 'Missing key(s) in state_dict: "first.fc.bias".' in message
    assert 'Unexpected key(s) in state_dict: "fourth.weight", "second.extra".' in message
    assert "size mismatch for weight: copying a param with shape (3,)" in message
    assert '"second.fc.bias": expected a Tensor in state_dict, got list.' in message
    with pytest.raises(TypeError, match="must be a mapping, got list"):
        Net().load_state_dict([])  # type: ignore[arg-type]


def test_loading_without_strict_returns_the_rest() -> None:
    state = Net().state_dict()
    del state["weight"]
    state["other"] = engine.ones(1)
    result = Net().load_state_dict(state, strict=False)
    assert result.missing_keys == ["weight"]
    assert result.unexpected_keys == ["other"]
    state["first.fc.bias"] = engine.ones(7)
    with pytest.raises(RuntimeError, match=r"size mismatch for first\.fc\.bias"):
        Net().load_state_dict(state, strict=False)


def test_keys_of_none_are_unexpected() -> None:
    state = nn.Linear(3, 2).state_dict()
    assert nn.Linear(3, 2, bias=False).load_state_dict(state, strict=False).unexpected_keys == [
        "bias"
    ]


def test_assign_takes_the_tensors_over() -> None:
    state = {name: t.double() for name, t in nn.Linear(3, 2).state_dict().items()}
    layer = nn.Linear(3, 2)
    layer.requires_grad_(False)
    layer.load_state_dict(state, assign=True)
    assert layer.weight.dtype == engine.float64
    assert isinstance(layer.weight, Parameter) and not layer.weight.requires_grad
    state["bias"].fill_(9.0)
    assert layer.bias.tolist() == [9.0, 9.0]


def test_assign_takes_over_whether_a_gradient_is_needed_from_the_module() -> None:
    layer, source = nn.Linear(1, 1), nn.Linear(1, 1)
    layer.weight.requires_grad_(False)
    layer.load_state_dict(source.state_dict(keep_vars=True), assign=True)
    assert layer.weight is source.weight and not layer.weight.requires_grad
    integers = {"weight": engine.tensor([[1]]), "bias": engine.zeros(1)}
    with pytest.raises(RuntimeError, match=r'the parameter named "weight".*only floating'):
        nn.Linear(1, 1).load_state_dict(integers, assign=True)


class Tied(Module):
    """An embedding whose weight is shared with the output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(3, 2)
        self.out = nn.Linear(2, 3, bias=False)
        self.out.weight = self.embed.weight


def test_assign_keeps_tied_parameters_tied() -> None:
    module, source = Tied(), Tied()
    state = source.state_dict()
    assert list(state) == ["embed.weight", "out.weight"]
    module.load_state_dict(state, assign=True)
    assert module.out.weight is module.embed.weight
    assert module.embed.weight.data_ptr() == source.embed.weight.data_ptr()
    apart = {name: tensor.clone() for name, tensor in state.items()}
    module.load_state_dict(apart, assign=True)
    assert module.out.weight is not module.embed.weight
    with pytest.raises(RuntimeError, match=r'Missing key.* "out\.weight"'):
        Tied().load_state_dict({"embed.weight": state["embed.weight"]})


def test_a_scalar_loads_from_one_element() -> None:
    module = Module()
    module.scale = Parameter(engine.tensor(1.0))
    module.load_state_dict({"scale": engine.tensor([3.0])})
    assert module.scale.item() == 3.0


class Counting(Module):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def get_extra_state(self) -> Any:
        return {"count": self.count}

    def set_extra_state(self, state: Any) -> None:
        self.count = state["count"]


def test_extra_state() -> None:
    source, target = nn.Sequential(Counting()), nn.Sequential(Counting())
    source[0].count = 7
    target.load_state_dict(source.state_dict())
    assert target[0].count == 7
    with pytest.raises(RuntimeError, match=r'Missing key.*"0\._extra_state"'):
        target.load_state_dict({})


def test_old_checkpoints_of_batch_norm_have_no_count() -> None:
    state = nn.BatchNorm2d(2).state_dict()
    plain = {key: value for key, value in state.items() if "num_batches" not in key}
    nn.BatchNorm2d(2).load_state_dict(plain)
    del state["num_batches_tracked"]  # missing, although the version has it
    with pytest.raises(RuntimeError, match="num_batches_tracked"):
        nn.BatchNorm2d(2).load_state_dict(state)


def test_state_dict_hooks() -> None:
    net, calls = Net(), []
    net.register_state_dict_pre_hook(lambda module, prefix, keep: calls.append(("pre", prefix)))
    net.first.register_state_dict_post_hook(
        lambda module, state, prefix, metadata: state.pop(prefix + "count") and None
    )
    state = net.state_dict()
    assert calls == [("pre", "")] and "first.count" not in state

    def rename(module: Module, state: Any, prefix: str, *rest: Any) -> None:
        state[prefix + "count"] = state.pop(prefix + "old_count")

    state["first.old_count"] = engine.full((1,), 4.0)
    target = Net()
    target.first.register_load_state_dict_pre_hook(rename)
    target.register_load_state_dict_post_hook(lambda module, keys: calls.append(keys))
    target.load_state_dict(state)
    assert target.first.count.item() == 4
    assert calls[1].missing_keys == []


def test_copies() -> None:
    net = Net()
    net.first.fc.weight.requires_grad_(False)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert names(twin.named_parameters()) == names(net.named_parameters())
        assert isinstance(twin.weight, Parameter) and twin.weight is not net.weight
        assert not twin.first.fc.weight.requires_grad and twin.weight.requires_grad
        x = engine.ones(1, 3)
        assert engine.equal(twin(x), net(x))
    net.second = net.first
    twin = copy.deepcopy(net)
    assert twin.second is twin.first  # shared parameters remain shared


def test_train_and_eval_reach_below() -> None:
    net = Net().eval()
    assert not any(module.training for module in net.modules())
    assert net.train() is net and net.first.fc.training
    with pytest.raises(ValueError, match="mode must be a bool"):
        net.train("yes")  # type: ignore[arg-type]


def test_conversion() -> None:
    module = nn.BatchNorm1d(2)
    module.weight.grad = engine.ones(2)
    weight = module.weight
    assert module.double() is module
    assert module.weight is weight and weight.dtype == engine.float64
    assert weight.grad.dtype == engine.float64
    assert module.running_mean.dtype == engine.float64
    assert module.num_batches_tracked.dtype == engine.int64
    assert module.to(engine.float32).weight.dtype == engine.float32
    assert module.to(engine.zeros(1, dtype=engine.float64)).weight.dtype == engine.float64
    assert module.to("cpu", engine.float16).bias.dtype == engine.float16
    assert module.bfloat16().bias.dtype == engine.bfloat16
    with pytest.raises(TypeError, match="must be a floating point type"):
        module.to(engine.int64)
    with pytest.raises(TypeError, match="unexpected argument 'dtypo'"):
        module.to(dtypo=engine.float32)


def test_apply_and_gradients() -> None:
    net, seen = Net(), []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Linear", "Block", "Linear", "Block", "Net"]
    net(engine.ones(1, 3)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [0.0, 0.0]
    net.zero_grad()
    assert net.weight.grad is None
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


def test_forward_hooks() -> None:
    block, calls = Block(), []
    plain = block(engine.ones(1, 3))
    first = block.register_forward_pre_hook(lambda module, args: (args[0] * 0,))
    second = block.register_forward_hook(
        lambda module, args, output: calls.append(args[0].sum().item())
    )
    third = block.register_forward_hook(lambda module, args, output: output + 1)
    assert engine.equal(block(engine.ones(1, 3)), block.fc.bias.reshape(1, 2) + 1)
    assert calls == [0.0]
    for handle in (first, second, third):
        handle.remove()
        handle.remove()
    assert engine.equal(block(engine.ones(1, 3)), plain)


def test_hooks_with_keywords_and_order() -> None:
    block, order = Block(), []
    block.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"scale": kwargs["scale"] * 2}), with_kwargs=True
    )
    block.register_forward_hook(lambda *_: order.append("last"))
    with block.register_forward_hook(
        lambda module, args, kwargs, output: order.append(kwargs["scale"]),
        with_kwargs=True,
        prepend=True,
    ):
        twice = block(engine.ones(1, 3), scale=2.0)
    assert order == [4.0, "last"]
    assert engine.allclose(twice, block.fc(engine.ones(1, 3)) * 4)
    block(engine.ones(1, 3), scale=1.0)
    assert order == [4.0, "last", "last"]


def test_hooks_that_are_always_called() -> None:
    class Broken(Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("broken")

    module, seen = Broken(), []
    module.register_forward_hook(lambda *rest: seen.append(rest[2]), always_call=True)
    module.register_forward_hook(lambda *rest: seen.append("never"))
    with pytest.raises(ValueError, match="broken"):
        module(1)
    assert seen == [None]


def test_a_bad_pre_hook_is_named() -> None:
    block = Block()
    block.register_forward_pre_hook(lambda *_: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        block(engine.ones(1, 3))


def test_backward_hooks() -> None:
    layer = nn.Linear(2, 1, bias=False)
    with engine.no_grad():
        layer.weight.copy_(engine.tensor([[2.0, 3.0]]))
    seen: list[Any] = []
    layer.register_full_backward_hook(
        lambda module, grad_input, grad_output: seen.append((grad_input, grad_output))
    )
    layer.register_full_backward_hook(lambda module, grad_input, _: (grad_input[0] * 10,))
    layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 5,))
    x = engine.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    (grad_input,), (grad_output,) = seen[0]
    assert grad_output.tolist() == [[5.0]]
    assert grad_input.tolist() == [[10.0, 15.0]]
    assert x.grad.tolist() == [[100.0, 150.0]]
    assert layer.weight.grad.tolist() == [[5.0, 5.0]]


def test_backward_hooks_without_gradients_of_the_input() -> None:
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda module, grads, outputs: seen.append((grads, outputs)))
    layer(engine.ones(1, 2)).sum().backward()
    assert seen[0][0] == (None,)
    assert seen[0][1][0].tolist() == [[1.0]]
    with engine.no_grad():
        layer(engine.ones(1, 2))
    assert len(seen) == 1


def test_repr() -> None:
    class Shown(Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 2)
            self.rest = nn.Sequential(nn.ReLU())

        def extra_repr(self) -> str:
            return "mode=fast"

    assert repr(nn.Identity()) == "Identity()"
    assert repr(Shown()) == (
        "Shown(\n"
        "  mode=fast\n"
        "  (fc): Linear(in_features=1, out_features=2, bias=True)\n"
        "  (rest): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )


def test_parameter() -> None:
    data = engine.zeros(2)
    weight = Parameter(data)
    data.fill_(3.0)
    assert weight.tolist() == [3.0, 3.0]  # the memory is shared
    assert weight.requires_grad and weight.is_leaf
    assert not Parameter(data, requires_grad=False).requires_grad
    assert not isinstance(weight * 2, Parameter)
    assert repr(weight).startswith("Parameter containing:\ntensor([3., 3.]")
    assert Parameter().numel() == 0
    with pytest.raises(TypeError, match="data must be a Tensor, got list"):
        Parameter([1.0])  # type: ignore[arg-type]


def test_a_module_without_forward() -> None:
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        Module()(1)


def test_hooks_of_all_modules() -> None:
    log: list[Any] = []
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net[0].register_forward_hook(lambda *_: log.append(("own", None)))
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, a: log.append(("pre", type(m)))),
        hooks.register_module_forward_hook(lambda m, a, o: log.append(("after", type(m)))),
        hooks.register_module_full_backward_hook(lambda m, i, o: log.append(("back", type(m)))),
    ]
    net(engine.ones(1, 2, requires_grad=True)).sum().backward()
    assert log == [
        ("pre", nn.Sequential),
        ("pre", nn.Linear),
        ("after", nn.Linear),
        ("own", None),
        ("pre", nn.ReLU),
        ("after", nn.ReLU),
        ("after", nn.Sequential),
        ("back", nn.ReLU),
        ("back", nn.Linear),
        ("back", nn.Sequential),
    ]
    for handle in handles:
        handle.remove()
    assert hooks.module_call is None
    log.clear()
    net(engine.ones(1, 2))
    assert log == [("own", None)]


def test_hooks_on_registration() -> None:
    log: list[tuple[str, str]] = []
    handles = [
        hooks.register_module_parameter_registration_hook(lambda m, n, p: log.append(("p", n))),
        hooks.register_module_buffer_registration_hook(lambda m, n, b: log.append(("b", n))),
        hooks.register_module_module_registration_hook(lambda m, n, c: log.append(("m", n))),
    ]
    nn.Sequential(nn.BatchNorm1d(2))
    for handle in handles:
        handle.remove()
    nn.Linear(1, 1)
    assert [n for kind, n in log if kind == "p"] == ["weight", "bias"]
    assert ("b", "running_var") in log and log[-1] == ("m", "0") and len(log) == 6


def test_hook_tables_are_dicts_of_functions() -> None:
    layer = nn.Linear(1, 1)
    assert not layer._forward_hooks and layer._call_hooks is None
    handle = layer.register_forward_hook(print)
    assert dict(layer._forward_hooks) == {handle.id: print}
    layer._forward_hooks.clear()
    assert len(layer._forward_hooks) == 0


def test_buffers_are_tensors() -> None:
    module: Any = nn.Module()
    module.a, module.b = nn.Buffer(engine.ones(2)), nn.Buffer(engine.ones(1), persistent=False)
    assert isinstance(module.a, engine.Tensor) and list(module.state_dict()) == ["a"]
    twin = pickle.loads(pickle.dumps(copy.deepcopy(module)))
    assert list(twin.state_dict()) == ["a"] and len(list(twin.buffers())) == 2


def test_setting_and_finding_submodules() -> None:
    net = nn.Sequential(nn.Sequential(nn.ReLU()))
    net.set_submodule("0.0", nn.Tanh())
    assert isinstance(net[0][0], nn.Tanh) and net.get_submodule("0.0") is net[0][0]
    net.set_submodule("0.new", nn.ELU())
    for target, strict in (("0.other", True), ("0.training", False)):
        with pytest.raises(AttributeError, match="Sequential has no module"):
            net.set_submodule(target, nn.ELU(), strict=strict)
    assert "weight" in dir(nn.Linear(1, 1)) and "0" not in dir(net)


def test_state_dict_is_an_ordered_dict_with_versions() -> None:
    state: Any = nn.Sequential(nn.BatchNorm1d(2)).state_dict()
    assert type(state) is OrderedDict
    assert state._metadata == {"": {"version": 1}, "0": {"version": 2}}
    with pytest.warns(FutureWarning, match="by keyword"):
        assert list(nn.Linear(1, 1).state_dict(None, "x.")) == ["x.weight", "x.bias"]
