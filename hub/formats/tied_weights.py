"""Tied weights in safetensors files: stored once, further names in the metadata.

The metadata map each further name to the stored one, as `save_model` of the format's own library
does.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.formats.buffer import Buffer

# Reserved names in the metadata.
_RESERVED = ("format", "total_size")


def find_aliases(tensors: Mapping[str, Buffer]) -> dict[str, str]:
    """Names of tensors that are equal views of the same memory, each with the stored name.

    The first in alphabetical order is stored, as in the format's own library.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, tensor in tensors.items():
        if tensor.numel:
            view = (tensor.storage, tensor.dtype, tensor.offset, tensor.shape, tensor.strides)
            groups.setdefault(view, []).append(name)
    aliases: dict[str, str] = {}
    for names in groups.values():
        # A reserved name cannot be an alias.
        stored = min(names, key=lambda name: (name not in _RESERVED, name))
        aliases |= {name: stored for name in names if name != stored}
    return aliases


def restore_aliases(
    tensors: Mapping[str, Buffer], metadata: Mapping[str, str]
) -> dict[str, Buffer]:
    """Return the tensors, also by the aliases in the metadata.

    >>> import numpy as np
    >>> one = Buffer.from_numpy(np.ones(2))
    >>> list(restore_aliases({"decoder": one}, {"encoder": "decoder", "format": "pt"}))
    ['decoder', 'encoder']
    """
    found = dict(tensors)
    for name, stored in metadata.items():
        if name not in _RESERVED and name not in tensors and stored in tensors:
            found[name] = found[stored]
    return found
