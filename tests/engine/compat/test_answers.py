"""The modules of engine.compat behave like PyTorch on a machine without other devices."""

from __future__ import annotations

import warnings

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
