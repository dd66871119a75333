from __future__ import annotations

import numpy as np
import pytest

import engine


def test_tensor_takes_sizes_numbers_and_tensors() -> None:
    assert engine.Tensor(2, 3).shape == (2, 3)
    assert engine.Tensor(engine.Size([2, 1])).shape == (2, 1)
    assert engine.Tensor().shape == (0,)
    assert engine.Tensor(np.int64(3)).shape == (3,)
    made = engine.Tensor([1, 2])
    assert made.dtype == engine.float32 and made.tolist() == [1.0, 2.0]
    assert engine.Tensor(np.ones(2)).dtype == engine.float32
    x = engine.tensor([1.0])
    engine.Tensor(x).fill_(5)
    assert x.item() == 5


@pytest.mark.parametrize("data", [2.5, None, "a", True, [[1, 2], [3]]])
def test_tensor_refuses_other_data(data: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"Tensor|tensor"):
        engine.Tensor(data)


def test_typed_constructors_convert_and_serve_isinstance() -> None:
    assert engine.LongTensor([1.5]).tolist() == [1]
    assert engine.BoolTensor([2, 0]).tolist() == [True, False]
    assert engine.DoubleTensor(2).dtype == engine.float64
    assert isinstance(engine.ones(1), engine.FloatTensor)
    assert not isinstance(engine.ones(1), engine.LongTensor)
    with pytest.raises(TypeError, match=r"FloatTensor: expected a tensor of engine.float32"):
        engine.FloatTensor(engine.tensor([1]))


def test_type_names_and_converts() -> None:
    x = engine.tensor([1.5])
    assert x.type() == "torch.FloatTensor" and x.bool().type() == "torch.BoolTensor"
    for kind in ("torch.LongTensor", "engine.LongTensor", engine.LongTensor, engine.int64):
        assert x.type(kind).dtype == engine.int64
    with pytest.raises(ValueError, match="type: argument 'dtype'"):
        x.type("foo")
    with pytest.raises(RuntimeError, match="CUDA"):
        x.type("torch.cuda.FloatTensor")


def test_subclasses_take_numbers_too() -> None:
    class Named(engine.Tensor):
        pass

    made = Named([1.0, 2.0])
    assert type(made) is Named and made.tolist() == [1.0, 2.0]


def test_variable_is_a_tensor() -> None:
    made = engine.autograd.Variable(engine.ones(2), requires_grad=True)
    assert type(made) is engine.Tensor and made.requires_grad
    assert isinstance(engine.ones(1), engine.autograd.Variable)
