from __future__ import annotations

import pytest

import engine


def test_out_is_written_and_returned() -> None:
    out = engine.empty(2)
    assert engine.add(engine.ones(2), 1, out=out) is out and out.tolist() == [2, 2]
    assert engine.zeros(3, out=engine.empty(0)).shape == (3,)
    x = engine.ones(2)
    engine.mul(x, 3, out=x)
    assert x.tolist() == [3, 3]


def test_out_of_several_results() -> None:
    values, indices = engine.empty(2), engine.empty(2, dtype=engine.int64)
    found = engine.max(engine.tensor([[1.0, 3.0], [5.0, 2.0]]), 1, out=(values, indices))
    assert found.values is values and values.tolist() == [3, 5] and indices.tolist() == [1, 0]
    with pytest.raises(TypeError, match="max: argument 'out': expected 2 tensors, got 1"):
        engine.max(engine.ones(2, 2), 1, out=(values,))


def test_out_converts_upwards_and_warns_of_other_shapes() -> None:
    out = engine.empty(2)
    engine.add(engine.tensor([1, 2]), 1, out=out)
    assert out.tolist() == [2.0, 3.0]
    with pytest.warns(UserWarning, match="add: out of shape"):
        engine.add(engine.ones(3), 1, out=out)
    assert out.shape == (3,)


def test_out_refuses_gradients_and_narrower_types() -> None:
    with pytest.raises(RuntimeError, match=r"can't be cast to engine.int64"):
        engine.add(engine.ones(1), 1, out=engine.tensor([1]))
    with pytest.raises(RuntimeError, match="does not record gradients"):
        engine.add(engine.ones(1, requires_grad=True), 1, out=engine.empty(1))
    with pytest.raises(TypeError, match="add: argument 'out': expected Tensor, got int"):
        engine.add(engine.ones(1), 1, out=3)
    with engine.no_grad():
        assert engine.add(engine.ones(1, requires_grad=True), 1, out=engine.empty(1)).item() == 2
