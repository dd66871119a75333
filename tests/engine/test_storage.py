from __future__ import annotations

import pytest

import engine


def test_storage_of_views() -> None:
    x = engine.arange(6.0).view(2, 3)
    storage = x[1].storage()
    assert len(storage) == 6 and storage.nbytes() == 24 and storage[4] == 4.0
    assert storage.data_ptr() == x.data_ptr() == x[1].untyped_storage().data_ptr()
    storage[4] = 9
    assert x[1, 1] == 9
    assert len(x.untyped_storage()) == 24
    assert engine.is_storage(storage) and not engine.is_storage(x)


def test_set_changes_the_memory() -> None:
    source = engine.arange(6.0)
    x = engine.zeros(1)
    assert x.set_(source.storage(), 1, (2, 2), (2, 1)).tolist() == [[1, 2], [3, 4]]
    source[1] = 7
    assert x[0, 0] == 7
    assert x.set_(source).is_set_to(source)
    assert x.set_().shape == (0,)
    with pytest.raises(RuntimeError, match="leaves the 24 bytes"):
        x.set_(source.storage(), 4, (3,))
    with pytest.raises(RuntimeError, match="float32"):
        x.set_(engine.tensor([1]))


def test_resize_keeps_elements_and_grows() -> None:
    x = engine.arange(4)
    address = x.data_ptr()
    assert x.resize_(2).tolist() == [0, 1] and x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.data_ptr() == address
    assert x.resize_((3, 3)).flatten().tolist()[:4] == [0, 1, 2, 3]
    assert x.resize_as_(engine.zeros(0, 2)).shape == (0, 2)


def test_resize_refuses_what_would_part_views_or_the_graph() -> None:
    x = engine.arange(4)
    view = x[:2]
    with pytest.raises(RuntimeError, match="other tensors show this memory"):
        x.resize_(8)
    assert view.resize_(4).tolist() == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="gradient"):
        engine.zeros(2, requires_grad=True).resize_(3)
    with pytest.raises(RuntimeError, match="0 or more"):
        x.resize_(-1)
