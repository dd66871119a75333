"""The command `zoo`: predict, list and info."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from hub.errors import HubError
from zoo import registry
from zoo.bars import print_bars
from zoo.errors import ImageError, ZooError

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

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
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("zoo: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output went away, as `head` does. What is left must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ZooError, HubError) as error:
        _report(error, options.debug)
        return 1


def _report(error: Exception, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    else:
        print(f"zoo: error: {' '.join(str(error).split())}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zoo",
        description="Pretrained models: what there is, and what they see in an image.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")

    def add(name: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        summary = (run.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=summary, description=summary, parents=[common])
        command.set_defaults(run=run)
        return command

    predict = add("predict", _predict)
    predict.add_argument("model", metavar="MODEL", help="ARCH or ARCH.TAG")
    predict.add_argument("images", metavar="IMAGE", nargs="+", help="image files")
    predict.add_argument("--top", type=_positive, default=5, metavar="N", help="how many classes")

    list_ = add("list", _list)
    list_.add_argument("pattern", metavar="PATTERN", nargs="?", default="*", help="as in a shell")
    list_.add_argument("--task", help="only models for this task")
    list_.add_argument("--pretrained", action="store_true", help="one line for each weights")

    info = add("info", _info)
    info.add_argument("model", metavar="MODEL", help="ARCH or ARCH.TAG")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _predict(options: argparse.Namespace) -> int:
    """Print what a model sees in images, likeliest first."""
    model = registry.load(options.model)
    seen = []
    for path in options.images:
        try:
            found = model.predict(path, options.top)
        except ImageError as error:
            _report(error, options.debug)
            continue
        seen.append((path, found))
        if not options.json:
            print(path)
            print_bars(found)
    if options.json:
        _print_json(
            [
                {"image": path, "model": options.model, "predictions": [asdict(p) for p in found]}
                for path, found in seen
            ]
        )
    return 0 if len(seen) == len(options.images) else 1


def _list(options: argparse.Namespace) -> int:
    """List the models that there are."""
    names = registry.list_models(options.pattern, task=options.task, pretrained=options.pretrained)
    if options.json:
        _print_json(names)
        return 0
    width = max(map(len, names), default=0)
    for name in names:
        found = registry.info(name)
        note = "" if found.weights else " (no pretrained weights)"
        print(f"{name:{width}}  {found.summary}{note}")
    return 0


def _info(options: argparse.Namespace) -> int:
    """Say what is known of a model and of its weights."""
    found = registry.info(options.model)
    facts = _facts(found, options.model.partition(".")[2])
    if options.json:
        _print_json(facts)
    else:
        _print_facts(facts)
    return 0


def _facts(found: registry.ModelInfo, tag: str) -> dict[str, Any]:
    """The model's facts and those of its weights, all of them or the ones of a tag."""
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
                "licence": entry.licence,
                "origin": entry.origin,
                "metrics": [asdict(metric) for metric in entry.metrics],
                "preprocessing": [f"read as {entry.preprocess.mode}"]
                + [str(step) for step in entry.preprocess.steps],
            }
            for entry in wanted.values()
        ],
    }


def _print_facts(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if name != "weights":
            _print_row(name, value)
    for entry in facts["weights"]:
        print()
        for name, value in entry.items():
            if name == "metrics":
                for metric in value:
                    _print_row(metric["name"], "{value:.2%} on {data} ({source})".format(**metric))
            elif name == "preprocessing":
                _print_row(name, "; ".join(value))
            else:
                _print_row(name, value)


def _print_row(name: str, value: object) -> None:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    width = max(shutil.get_terminal_size().columns, 60)
    lines = textwrap.wrap(text, width - 16, break_long_words=False, break_on_hyphens=False)
    print(f"{name:<15} {lines[0]}")
    for line in lines[1:]:
        print(" " * 16 + line)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=1))
