from __future__ import annotations

from collections.abc import Iterator

import pytest

import engine


@pytest.fixture
def double_by_default() -> Iterator[None]:
    engine.set_default_dtype(engine.float64)
    yield
    engine.set_default_dtype(engine.float32)


@pytest.mark.usefixtures("double_by_default")
def test_default_dtype() -> None:
    whole = engine.tensor([1, 2])
    for made in (
        engine.zeros(1),
        engine.empty(1),
        engine.full((1,), 1.0),
        engine.rand(1),
        engine.linspace(0, 1, 2),
        engine.eye(2),
        engine.arange(2.0),
        engine.tensor(1.5),
        engine.Tensor([1]),
        engine.scalar_tensor(1),
        engine.nn.Linear(1, 1).weight,
        whole / 2,
        whole + 0.5,
        whole.sqrt(),
        engine.hann_window(3),
    ):
        assert made.dtype == engine.float64
    assert engine.FloatTensor([1]).dtype == engine.float32
    assert engine.arange(2).dtype == engine.int64 and engine.ones(1).float().dtype == engine.float32
    assert repr(engine.zeros(1)) == "tensor([0.])"


def test_default_dtype_must_be_floating() -> None:
    with pytest.raises(TypeError, match=r"expected a floating dtype, got engine.int64"):
        engine.set_default_dtype(engine.int64)
    engine.set_default_tensor_type(engine.DoubleTensor)
    assert engine.get_default_dtype() == engine.float64
    engine.set_default_tensor_type("torch.FloatTensor")
    assert engine.get_default_dtype() == engine.float32


def test_default_device_is_that_of_new_tensors() -> None:
    engine.set_default_device("cpu")
    with engine.device("cpu") as device:
        assert engine.ones(1).device == device
    with engine.device("meta"), engine.device("cpu"):
        assert engine.ones(1).device == engine.device("cpu")
    with engine.device(type="meta"):
        assert engine.ones(1).is_meta and engine.get_default_device().type == "meta"
    assert engine.get_default_device().type == "cpu"
    with pytest.raises(RuntimeError, match="cuda:0 is not available"):
        engine.set_default_device("cuda")
    with pytest.raises(RuntimeError, match="cuda:0 is not available"), engine.device("cuda"):
        pass


def test_modes_are_remembered() -> None:
    engine.set_deterministic_debug_mode("warn")
    assert engine.are_deterministic_algorithms_enabled()
    assert engine.is_deterministic_algorithms_warn_only_enabled()
    assert engine.get_deterministic_debug_mode() == 1
    engine.use_deterministic_algorithms(False)
    engine.set_float32_matmul_precision("high")
    assert engine.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="'highest', 'high' or 'medium'"):
        engine.set_float32_matmul_precision("foo")
    engine.set_float32_matmul_precision("highest")
    with pytest.raises(ValueError, match="expected 1 or more"):
        engine.set_num_interop_threads(0)
