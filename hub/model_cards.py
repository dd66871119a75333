"""Model cards: the README.md that describes a repository.

The page begins with YAML between two lines of dashes, which the public hub reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.file_info import FileInfo


@dataclass(frozen=True)
class Card:
    """The fields of a card besides the files. `license` is an SPDX identifier in lower case."""

    title: str
    license: str | None = None
    library: str | None = None
    tags: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


def render(card: Card, files: Mapping[str, FileInfo]) -> str:
    """The text of a model card that lists files by their path.

    >>> render(Card("tiny", license="mit"), {}).splitlines()
    ['---', 'license: "mit"', '---', '', '# tiny']
    """
    # JSON is YAML: quoted text needs no thought about what YAML makes of it.
    lines = ["---"]
    lines += [f"license: {json.dumps(card.license)}"] if card.license else []
    lines += [f"library_name: {json.dumps(card.library)}"] if card.library else []
    lines += _yaml_list("tags", [json.dumps(tag) for tag in card.tags])
    lines += _yaml_list("metrics", [json.dumps(name) for name in card.metrics])
    lines += _yaml_list("files", [json.dumps(_fields(path, file)) for path, file in files.items()])
    lines += ["---", "", f"# {card.title}", ""]
    if card.metrics:
        rows = [[name, f"{value:g}"] for name, value in card.metrics.items()]
        lines += ["## Metrics", "", *_table(["metric", "value"], rows), ""]
    if files:
        rows = [[f"`{p}`", f"{file.size:,}", f"`{file.sha256}`"] for p, file in files.items()]
        lines += ["## Files", "", *_table(["file", "bytes", "SHA-256"], rows), ""]
    return "\n".join(lines)


def _fields(path: str, file: FileInfo) -> dict[str, object]:
    return {"path": path, "size": file.size, "sha256": file.sha256}


def _yaml_list(key: str, items: list[str]) -> list[str]:
    return [f"{key}:", *(f"- {item}" for item in items)] if items else []


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    ]
