"""`info` of weight files, read by `hub.formats`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import hub
from hub import formats
from hub.formats import Buffer


@pytest.fixture(params=["w.safetensors", "w.pth"])
def weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    arrays = {"weight": np.zeros((3, 4), np.float32), "steps": np.zeros((), np.int64)}
    formats.write(path, {name: Buffer.from_numpy(array) for name, array in arrays.items()})
    return path


def test_counts(weights: Path) -> None:
    info = hub.info(f"file:{weights}")
    assert (info.tensors, info.elements, info.unreadable) == (2, 13, None)


def test_damaged_file(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-1])
    info = hub.info(f"file:{weights}")
    assert info.tensors is None and str(weights) in (info.unreadable or "")
    assert info.size == weights.stat().st_size


def test_without_the_readers(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(hub, "formats")
    monkeypatch.setitem(sys.modules, "hub.formats", None)
    info = hub.info(f"file:{weights}")
    assert info.tensors is None and "hub.formats" in (info.unreadable or "")
