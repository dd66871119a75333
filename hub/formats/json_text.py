"""Strict, bounded parsing of JSON in untrusted files."""

from __future__ import annotations

import json
import math
from collections import Counter

from hub.formats.byte_source import Source

_FREE_BRACKETS = 1 << 20
_TEXT_PER_BRACKET = 16


def parse_object(
    source: Source, start: int, stop: int, what: str, *, fractions: bool = False
) -> dict[str, object]:
    """Return the JSON object between two positions; duplicate keys are an error.

    Numbers are integers of at most 20 characters, and with `fractions` any that are finite. Raises
    FormatError, which calls the text `what`.
    """
    text = source.bytes(start, stop)
    # An empty list takes three bytes here and 64 in memory: bound the number of brackets.
    brackets = text.count(b"[") + text.count(b"{")
    if brackets > _FREE_BRACKETS + len(text) // _TEXT_PER_BRACKET:
        raise source.error(f"{what} is made of brackets", start)
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_unique,
            parse_float=_finite_float if fractions else _refuse_number,
            parse_constant=_refuse_number,
            parse_int=_small_int,
        )
    except json.JSONDecodeError as error:
        position = start + len(error.doc[: error.pos].encode())
        raise source.error(f"{what} is not JSON: {error.msg}", position) from None
    except (ValueError, RecursionError) as error:
        raise source.error(f"{what} is malformed: {error}", start) from None
    if not isinstance(value, dict):
        raise source.error(f"{what} is not a JSON object", start)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"duplicate key {twice!r}")
    for name in found:
        name.encode()  # fails for a lone surrogate
    return found


def _refuse_number(text: str) -> object:
    raise ValueError(f"the number {text[:40]} is not an integer")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _small_int(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"the number {text[:40]}... is out of range")
    return int(text)
