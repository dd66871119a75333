"""``engine.load`` and ``engine.save``: a thin face over ``hub.formats``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from engine import _C
from engine._argument_errors import guard_functions
from engine._C import Tensor
from engine._lazy import numpy as np

File = str | os.PathLike[str] | BinaryIO

# hub is imported by who needs it: the many programs that read no weights start the sooner.
if TYPE_CHECKING:
    from hub.formats import Buffer, Storage


def _each(value: Any, kind: type, convert: Callable[[Any], Any]) -> Any:
    """``value`` with everything of ``kind`` in its dicts, lists and tuples converted."""
    if isinstance(value, kind):
        return convert(value)
    if isinstance(value, Mapping):
        return type(value)((k, _each(v, kind, convert)) for k, v in value.items())  # type: ignore[call-arg]
    if isinstance(value, (list, tuple)):
        return type(value)(_each(v, kind, convert) for v in value)
    return value


def load(f: File, map_location: Any = None, *, weights_only: bool = True, mmap: bool = True) -> Any:
    """Reads a weight file: safetensors, PyTorch's zip or its older format, told apart by content.

    ``f`` is a path, or a file object that is read from where it stands to its end.

    Tensors lie over the mapped file where the format allows; a page is copied when it is written.
    Tensors that share memory in the file share it here. Nothing in the file is ever executed:
    ``weights_only`` and ``mmap`` are accepted, and True. Raises ``hub.formats.FormatError``,
    naming the file, for anything malformed.

    >>> import engine, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    >>> engine.save({"w": engine.ones(2)}, path)
    >>> engine.load(path)
    {'w': tensor([1., 1.])}
    """
    if not weights_only:
        raise ValueError(
            "load: weights_only=False would run code from the file; there is no such option"
        )
    if map_location is not None and _C.device(map_location).type != "cpu":
        raise RuntimeError(f"load: device {map_location} is not available")
    from hub import formats

    bytes_of: dict[int, Tensor] = {}

    def to_tensor(buffer: Buffer) -> Tensor:
        memory = buffer.storage.memory
        if id(buffer.storage) not in bytes_of:
            bytes_of[id(buffer.storage)] = _C.from_numpy(memory)
        dtype = getattr(_C, buffer.dtype, None)
        if not isinstance(dtype, _C.dtype):
            raise TypeError(
                f"load: {f} holds a tensor of {buffer.dtype}, which the engine does not have"
            )
        shared = bytes_of[id(buffer.storage)]
        made = _C._view_storage(shared, dtype, buffer.shape, buffer.strides, buffer.offset)
        return made.requires_grad_(buffer.requires_grad)

    return _each(formats.read(f, writable=True), formats.Buffer, to_tensor)


def save(obj: Any, f: File) -> None:
    """Writes tensors in dicts, lists and tuples: ``.safetensors``, ``.pt``, ``.pth`` or ``.bin``.

    The file appears whole or not at all. PyTorch reads it with ``weights_only=True``. A file
    object gets PyTorch's format, written where it stands.

    >>> import engine, io
    >>> file = io.BytesIO()
    >>> engine.save([engine.zeros(1), 3], file)
    >>> _ = file.seek(0); engine.load(file)
    [tensor([0.]), 3]
    """
    from hub import formats

    storages: dict[int, Storage] = {}

    def to_buffer(tensor: Tensor) -> Buffer:
        plain = tensor.detach()
        if any(s < 0 for s in plain.stride()):
            plain = plain.contiguous()
        whole = _C._storage_bytes(plain)
        memory = np.asarray(whole)
        key = memory.ctypes.data
        if key not in storages:
            storages[key] = formats.Storage(memory)
        dtype = str(plain.dtype).removeprefix("engine.")
        return formats.Buffer(
            dtype,
            tuple(plain.shape),
            tuple(plain.stride()),
            storages[key],
            plain.storage_offset(),
            requires_grad=tensor.requires_grad and tensor.is_leaf,
        )

    formats.write(f, _each(obj, Tensor, to_buffer))


guard_functions(globals(), ["load", "save"])
