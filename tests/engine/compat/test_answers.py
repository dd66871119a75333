"""The modules of engine.compat behave like PyTorch on a machine without other devices."""

from __future__ import annotations

import warnings
from collections import defaultdict
from typing import NamedTuple

import pytest

import engine
from engine import nn


def test_devices_that_are_not_there() -> None:
    for module in (engine.cuda, engine.mps, engine.xpu, engine.accelerator):
        assert not module.is_available() and module.device_count() == 0
        module.empty_cache()
        with pytest.raises(RuntimeError, match="computes on the CPU"):
            module.synchronize()
    engine.cuda.manual_seed_all(0)
    assert engine.cuda.max_memory_allocated() == 0
    assert engine.accelerator.current_accelerator() is None
    with engine.cuda.device(-1), engine.cuda.stream(None):
        pass
    with pytest.raises(RuntimeError, match="there is no CUDA device"):
        engine.cuda.Stream()


def test_backends_take_switches() -> None:
    cudnn = engine.backends.cudnn
    assert not cudnn.is_available() and cudnn.version() is None
    cudnn.benchmark = True
    with cudnn.flags(enabled=False):
        assert not cudnn.enabled
    assert cudnn.enabled and cudnn.benchmark
    cudnn.benchmark = False
    engine.backends.cuda.matmul.allow_tf32 = True
    assert not engine.backends.mps.is_built() and engine.backends.openmp.is_available()


def test_compile_gives_the_module_back_and_says_so_once() -> None:
    model = nn.Linear(1, 1)
    engine.compat.compiler._warn_once.cache_clear()
    with pytest.warns(UserWarning, match="compile: compilation is not implemented yet"):
        assert engine.compile(model, mode="reduce-overhead") is model
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert engine.compile(dynamic=True)(model) is model
    assert not engine.compiler.is_compiling()


def test_jit_marks_are_harmless_and_the_rest_says_so() -> None:
    @engine.jit.ignore
    def one() -> int:
        return 1

    @engine.jit.ignore(drop=True)
    def two() -> int:
        return 2

    assert (one(), two(), engine.jit.unused(one)()) == (1, 2, 1)
    with pytest.raises(NotImplementedError, match="TorchScript is not implemented yet"):
        engine.jit.trace(one, ())
    assert not isinstance(one, engine.jit.ScriptModule)


def test_a_module_compiles_itself_to_itself() -> None:
    engine.compat.compiler._warn_once.cache_clear()
    model = nn.Linear(2, 1)
    with pytest.warns(UserWarning, match="compilation is not implemented yet"):
        model.compile(mode="max-autotune")
    assert model(engine.ones(2)).shape == (1,)


def test_names_that_are_elsewhere_here() -> None:
    assert engine.hardshrink is nn.functional.hardshrink
    assert engine.kaiser_window is engine.signal.windows.kaiser_window
    assert engine.get_autocast_gpu_dtype() == engine.float16
    assert engine.get_autocast_cpu_dtype() == engine.bfloat16
    assert not engine.is_autocast_cpu_enabled() and engine.is_autocast_cache_enabled()
    assert engine.distributed.ReduceOp.SUM.name == "SUM"
    from engine.storage import UntypedStorage
    from engine.utils.hooks import RemovableHandle

    from engine.autograd.function import FunctionCtx

    assert FunctionCtx and UntypedStorage and RemovableHandle


def test_parallel_modules() -> None:
    model = nn.DataParallel(nn.Linear(2, 3))
    assert model(engine.ones(4, 2)).shape == (4, 3)
    assert set(model.state_dict()) == {"module.weight", "module.bias"}
    with pytest.raises(RuntimeError, match=r"device_ids=\[0, 1\]"):
        nn.DataParallel(nn.Identity(), device_ids=[0, 1])
    with pytest.raises(NotImplementedError, match="several processes"):
        nn.parallel.DistributedDataParallel(nn.Identity())
    assert not engine.distributed.is_available() and not engine.distributed.is_initialized()
    with pytest.raises(NotImplementedError, match="several processes"):
        engine.distributed.init_process_group("gloo")


def test_trees_flatten_and_come_back() -> None:
    from engine.utils._pytree import tree_flatten, tree_map, tree_unflatten

    tree = {"a": (1, [2, 3]), "b": None}
    leaves, spec = tree_flatten(tree)
    assert leaves == [1, 2, 3, None] and tree_unflatten(leaves, spec) == tree
    assert tree_map(lambda x: x * 2, [1, (2,)]) == [2, (4,)]
    with pytest.raises(ValueError, match="expected 4 leaves, got 1"):
        tree_unflatten([1], spec)


def test_trees_of_other_containers() -> None:
    from engine.utils import _pytree as pytree

    class Point(NamedTuple):
        x: int
        y: int

    class Pair:
        def __init__(self, a: int, b: int) -> None:
            self.a, self.b = a, b

    pytree.register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda xs, _: Pair(*xs))
    nested = defaultdict(list, {"p": Point(1, 2), "q": Pair(3, 4)})
    doubled = pytree.tree_map(lambda x: 2 * x, nested)
    assert doubled["p"] == Point(2, 4) and (doubled["q"].a, doubled["q"].b) == (6, 8)
    assert doubled.default_factory is list
    assert pytree.tree_leaves(nested) == list(pytree.tree_iter(nested)) == [1, 2, 3, 4]
    assert pytree.tree_map_only(int, str, [1, "a", 2.5]) == ["1", "a", 2.5]
    assert pytree.tree_any(lambda x: x == 4, nested) and not pytree.tree_all(bool, [0])
    assert pytree.tree_structure([1, (2,)]) == pytree.tree_structure([3, (4,)])
    seen: list[int] = []
    assert pytree.tree_map_(seen.append, nested) is nested and seen == [1, 2, 3, 4]
