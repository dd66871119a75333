"""``torch.hub``: weights are fetched by the package ``hub``; the engine never uses the network."""

from __future__ import annotations

import os
import re
from typing import Any, NoReturn
from urllib.parse import urlparse as urlparse

from tqdm import tqdm as tqdm

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")


def get_dir() -> str:
    """PyTorch's download folder."""
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    torch_home = os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(home, "torch")))
    return os.path.join(torch_home, "hub")


def _get_torch_home() -> str:
    return os.path.dirname(get_dir())


def load_state_dict_from_url(url: str, *_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError, which names the package ``hub``."""
    raise NotImplementedError(
        f"hub.load_state_dict_from_url: fetch {url} with the package hub, and engine.load() the "
        "file: engine.load(hub.download(url))"
    )


load_url = load_state_dict_from_url


def download_url_to_file(url: str, dst: str, *_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError, which names the package ``hub``."""
    raise NotImplementedError(f"hub.download_url_to_file: fetch {url} with the package hub")
