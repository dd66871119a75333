"""Weights of public repositories, if present next to the checkout.

The digests are of the tensors that PyTorch 2.13 reads from the files with `weights_only=True`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from hub.formats import Buffer, FormatError, read, scan

# file, member, (tensors, elements, SHA-256 of names and row-major bytes in the order of names)
FILES = [
    ("mnist/gan_mlp_discriminator.pth", None, (6, 267009, "f4da49555a9e75a6")),
    ("mnist/gan_mlp_generator.pth", None, (6, 283920, "573816826e0ea79e")),
    ("mnist/lenet.pth", None, (10, 61706, "f7355244a32718df")),
    ("mnist/vae.pth", None, (10, 652824, "d24436dfff16969e")),
    ("sb3/a2c-Acrobot-v1.zip", "policy.pth", (12, 9476, "1d1cea3272d60a3a")),
    ("sb3/dqn-CartPole-v1.zip", "policy.pth", (12, 135172, "63dc702389a18c54")),
    ("sb3/ppo-CartPole-v1.zip", "policy.pth", (12, 9155, "a2ec652c04d0eaa8")),
    ("sb3/ppo-MountainCarContinuous-v0.zip", "policy.pth", (13, 8898, "508d68e96a1dc341")),
    ("sb3/sac-Pendulum-v1.zip", "policy.pth", (31, 22725, "dc7551de71463c78")),
]


@pytest.fixture
def weights(shared: Path) -> Path:
    folder = shared / "weights"
    if not folder.is_dir():
        pytest.skip(f"the real weights are not at {folder}")
    return folder


def digest(state: dict[str, Buffer]) -> tuple[int, int, str]:
    total = hashlib.sha256()
    for name in sorted(state):
        total.update(name.encode())
        total.update(np.ascontiguousarray(state[name].numpy()).tobytes())
    return len(state), sum(buffer.numel for buffer in state.values()), total.hexdigest()[:16]


@pytest.mark.parametrize(("file", "member", "expected"), FILES)
def test_state_dicts_are_what_pytorch_reads(
    weights: Path, file: str, member: str | None, expected: tuple[int, int, str]
) -> None:
    state = read(weights / file, member=member)
    assert isinstance(state, dict)
    assert digest(state) == expected
    assert scan(weights / file, member=member).safe


def test_foreign_classes_are_named_and_refused(weights: Path) -> None:
    path = weights / "sb3" / "a2c-Acrobot-v1-vecnormalize.pkl"
    with pytest.raises(FormatError, match=r"stable_baselines3.*VecNormalize"):
        read(path)
    report = scan(path)
    assert not report.problems and not report.safe
    assert {"numpy.core.multiarray._reconstruct", "gym.spaces.box.Box"} <= {
        f"{use.module}.{use.name}" for use in report.globals
    }
