"""The command `zoo`: predict, list and info."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hub.cli.common import print_json, print_table
from hub.cli.program import Program
from hub.errors import HubError
from zoo import registry
from zoo.bars import print_bars
from zoo.errors import ImageError, ZooError

_DESCRIPTION = "Pretrained models: what there is, and what they see in an image."
_EPILOG = """\
models are named ARCH or ARCH.TAG, where the tag says which weights

examples:
  zoo list
  zoo list 'efficientnet*' --pretrained
  zoo info efficientnet_lite0
  zoo predict efficientnet_lite0 cat.jpg dog.png
  zoo predict digits_cnn scan.png --top 3 --json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; an error is one line on standard error.

    >>> main(["info", "nonsense"])
    1
    """
    return _program().main(arguments)


def _program() -> Program:
    program = Program("zoo", _DESCRIPTION, _EPILOG, errors=(ZooError, HubError))
    predict = program.add("predict", _predict)
    predict.add_argument("model", metavar="MODEL", help="ARCH or ARCH.TAG")
    predict.add_argument("images", metavar="IMAGE", nargs="+", help="image files")
    predict.add_argument("--top", type=_positive, default=5, metavar="N", help="how many classes")

    list_ = program.add("list", _list)
    list_.add_argument("pattern", metavar="PATTERN", nargs="?", default="*", help="as in a shell")
    list_.add_argument("--task", help="only models for this task")
    list_.add_argument("--pretrained", action="store_true", help="one line for each weights")

    info = program.add("info", _info)
    info.add_argument("model", metavar="MODEL", help="ARCH or ARCH.TAG")
    return program


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _predict(options: argparse.Namespace) -> int:
    """Print the most probable classes of images."""
    model = registry.load(options.model)
    seen = []
    for path in options.images:
        try:
            found = model.predict(path, options.top)
        except ImageError as error:
            _program().report(error, debug=options.debug)
            continue
        seen.append((path, found))
        if not options.json:
            print(path)
            print_bars(found)
    if options.json:
        print_json(
            [
                {"image": path, "model": options.model, "predictions": [asdict(p) for p in found]}
                for path, found in seen
            ]
        )
    return 0 if len(seen) == len(options.images) else 1


def _list(options: argparse.Namespace) -> int:
    """List the models."""
    names = registry.list_models(options.pattern, task=options.task, pretrained=options.pretrained)
    if options.json:
        print_json(names)
        return 0
    rows = []
    for name in names:
        found = registry.info(name)
        note = "" if found.weights else " (no pretrained weights)"
        rows.append([name, found.summary + note])
    print_table(rows)
    return 0


def _info(options: argparse.Namespace) -> int:
    """Describe a model and its weights."""
    found = registry.info(options.model)
    facts = _facts(found, options.model.partition(".")[2])
    if options.json:
        print_json(facts)
    else:
        _print_facts(facts)
    return 0


def _facts(found: registry.ModelInfo, tag: str) -> dict[str, Any]:
    """The model's facts and those of all its weights, or of one tag."""
    wanted = {tag: found.weights[tag]} if tag else found.weights
    return {
        "model": found.name,
        "summary": found.summary,
        "task": found.task,
        "paper": found.paper,
        "classes": len(found.labels),
        "weights": [
            {
                "name": f"{found.name}.{entry.tag}",
                "reference": entry.ref,
                "sha256": entry.sha256,
                "bytes": entry.size,
                "parameters": entry.num_params,
                "license": entry.license,
                "origin": entry.origin,
                "metrics": [asdict(metric) for metric in entry.metrics],
                "preprocessing": [f"read as {entry.preprocess.mode}"]
                + [str(step) for step in entry.preprocess.steps],
            }
            for entry in wanted.values()
        ],
    }


def _print_facts(facts: dict[str, Any]) -> None:
    print_table([[name, _shown(value)] for name, value in facts.items() if name != "weights"])
    for entry in facts["weights"]:
        print()
        rows = []
        for name, value in entry.items():
            if name == "metrics":
                line = "{value:.2%} on {data} ({source})"
                rows += [[metric["name"], line.format(**metric)] for metric in value]
            else:
                rows.append([name, "; ".join(value) if name == "preprocessing" else _shown(value)])
        print_table(rows)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
