"""Weight files: safetensors and PyTorch's, read and written with numpy alone.

Most callers need only `read` and `write`; a tensor is a `Buffer`. Nothing that a file names is
ever imported or called, and there is no option to do so.
"""

from __future__ import annotations

from hub.errors import FormatError, MissingFileError
from hub.formats.buffer import Buffer, Storage
from hub.formats.casting import cast
from hub.formats.data_classes import find_fault, not_allowed
from hub.formats.dtypes import DTYPES, DType
from hub.formats.files import read, read_metadata, scan, write
from hub.formats.plain_data import replace_values
from hub.formats.safetensors import SafetensorsFile, save_safetensors
from hub.formats.scan import GlobalUse, ScanReport
from hub.formats.sharded import save_sharded
from hub.formats.torch_constructors import TORCH_GLOBALS, Device, Size
from hub.formats.torch_writer import save_torch

__all__ = [
    "DTYPES",
    "Buffer",
    "TORCH_GLOBALS",
    "DType",
    "Device",
    "FormatError",
    "GlobalUse",
    "MissingFileError",
    "SafetensorsFile",
    "ScanReport",
    "Size",
    "Storage",
    "cast",
    "find_fault",
    "not_allowed",
    "read",
    "read_metadata",
    "replace_values",
    "save_safetensors",
    "save_sharded",
    "save_torch",
    "scan",
    "write",
]
