"""`torch:URL` and `torch:NAME`: files whose name ends in the first digits of their SHA-256.

This is the convention of `torch.hub.load_state_dict_from_url(check_hash=True)`, used by the files
of torchvision: `resnet18-f37072fd.pth`. A bare name is looked up there.
"""

from __future__ import annotations

import os
import re

from hub import urls
from hub.errors import IntegrityError, RefError
from hub.file_info import LocalFile
from hub.refs import Ref
from hub.sources import Destination, Source
from hub.sources.https import fetch_url

_MODELS = "https://download.pytorch.org/models"
_NAME = re.compile(r"[A-Za-z0-9._+-]+")
# Fewer digits, which torch.hub accepts, could match by chance.
_HASHED = re.compile(r"-([0-9a-f]{8,64})\.[^/]+")


class TorchSource(Source):
    """Files with the first digits of their hash in their name."""

    def identify(self, text: str) -> str:
        locator = text.removeprefix("torch:")
        if "/" in locator:
            locator = urls.canonical(locator)
        elif not _NAME.fullmatch(locator):
            raise RefError(f"{text!r}: is not like 'torch:NAME-HASH.pth' or 'torch:https://...'")
        if not _HASHED.search(_file_name(locator)):
            raise RefError(
                f"{text!r}: its file name does not end in '-HASH.pth' with at least 8 digits of "
                "its SHA-256; write 'https:' for a file that is not named like this"
            )
        return f"torch:{locator}"

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        prefix = _HASHED.findall(_file_name(ref.locator))[-1]
        received = fetch_url(_url(ref), ref, destination, sha256=prefix)
        if not received.sha256.startswith(prefix):
            raise IntegrityError(
                str(ref),
                expected=prefix,
                got=received.sha256,
                source=received.source,
                advice="the pin and the name of the file are of different files",
            )
        return received


def _file_name(locator: str) -> str:
    return locator.partition("?")[0].rpartition("/")[2]


def _url(ref: Ref) -> str:
    if "/" in ref.locator:
        return ref.locator
    models = os.environ.get("BESTIARY_TORCH_MODELS", _MODELS)
    return urls.canonical(f"{models.rstrip('/')}/{ref.locator}")
