from __future__ import annotations

import numpy as np
import pytest

import engine


def test_shapes_change_in_place() -> None:
    x = engine.arange(6).view(2, 3)
    address = x.data_ptr()
    assert x.t_() is x and x.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert x.unsqueeze_(0).shape == (1, 3, 2) and x.transpose_(1, 2).shape == (1, 2, 3)
    assert x.squeeze_().shape == (2, 3) and x.swapaxes_(0, 1).shape == (3, 2)
    assert x.as_strided_((2,), (2,), 1).tolist() == [1, 3] and x.data_ptr() == address + 8
    with pytest.raises(NotImplementedError, match=r"t_: .*use t\(\)"):
        engine.ones(2, 2, requires_grad=True).t_()
    with pytest.raises(IndexError, match="unsqueeze"):
        engine.ones(2).unsqueeze_(4)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (7, 2), (3, 3, 3), (9, 3)])
@pytest.mark.parametrize("wrap", [False, True])
def test_fill_diagonal_is_numpys(shape: tuple[int, ...], wrap: bool) -> None:
    expected = np.zeros(shape, np.float32)
    np.fill_diagonal(expected, 2, wrap)
    np.testing.assert_array_equal(engine.zeros(shape).fill_diagonal_(2, wrap).numpy(), expected)


def test_fill_diagonal_of_views_and_of_other_shapes() -> None:
    x = engine.zeros(3, 4)
    x.t()[1:].fill_diagonal_(1)
    assert x.nonzero().tolist() == [[0, 1], [1, 2], [2, 3]]
    with pytest.raises(RuntimeError, match="expected 2 dimensions"):
        engine.zeros(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="expected equal sizes"):
        engine.zeros(2, 3, 2).fill_diagonal_(1)
    leaf = engine.ones(2, 2, requires_grad=True)
    (leaf * 1).fill_diagonal_(0).sum().backward()
    assert leaf.grad.tolist() == [[0, 1], [1, 0]]
