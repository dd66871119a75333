"""Element types of weight files, with their names in each format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DType:
    """An element type.

    `numpy` is its type in numpy. NumPy has no bfloat16 and no float8: those are unsigned integers
    of the same width with the raw bits. `safetensors` and `storage` are its names in safetensors
    files and PyTorch pickles, None if there is none.

    >>> DTYPES["bfloat16"].numpy, DTYPES["bfloat16"].itemsize
    ('<u2', 2)
    """

    name: str
    itemsize: int
    numpy: str
    safetensors: str | None
    storage: str | None


_ALL = (
    DType("float64", 8, "<f8", "F64", "DoubleStorage"),
    DType("float32", 4, "<f4", "F32", "FloatStorage"),
    DType("float16", 2, "<f2", "F16", "HalfStorage"),
    DType("bfloat16", 2, "<u2", "BF16", "BFloat16Storage"),
    DType("complex128", 16, "<c16", None, "ComplexDoubleStorage"),
    DType("complex64", 8, "<c8", "C64", "ComplexFloatStorage"),
    DType("int64", 8, "<i8", "I64", "LongStorage"),
    DType("int32", 4, "<i4", "I32", "IntStorage"),
    DType("int16", 2, "<i2", "I16", "ShortStorage"),
    DType("int8", 1, "|i1", "I8", "CharStorage"),
    DType("uint64", 8, "<u8", "U64", None),
    DType("uint32", 4, "<u4", "U32", None),
    DType("uint16", 2, "<u2", "U16", None),
    DType("uint8", 1, "|u1", "U8", "ByteStorage"),
    DType("bool", 1, "|b1", "BOOL", "BoolStorage"),
    DType("float8_e4m3fn", 1, "|u1", "F8_E4M3", None),
    DType("float8_e5m2", 1, "|u1", "F8_E5M2", None),
    DType("float8_e4m3fnuz", 1, "|u1", "F8_E4M3FNUZ", None),
    DType("float8_e5m2fnuz", 1, "|u1", "F8_E5M2FNUZ", None),
    DType("float8_e8m0fnu", 1, "|u1", "F8_E8M0", None),
)

DTYPES = {dtype.name: dtype for dtype in _ALL}
BY_SAFETENSORS = {dtype.safetensors: dtype for dtype in _ALL if dtype.safetensors is not None}
BY_STORAGE = {dtype.storage: dtype for dtype in _ALL if dtype.storage is not None}
