from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

# The suite is deterministic and independent of the machine's speed; `make fuzz` explores further.
settings.register_profile("default", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "fuzz",
    deadline=None,
    derandomize=False,  # overrides the profile above
    max_examples=2_000,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset COLUMNS, at which command lines fold their tables."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the checkout with photographs and weights too large for the repository."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    return folder
