"""Command lines from dataclasses, as used by the programs: ``--field value``."""

from __future__ import annotations

import argparse
import dataclasses
import typing
from typing import Any


def cli(config: type[Any]) -> Any:
    parser = argparse.ArgumentParser()
    hints = typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        flag = "--" + field.name.replace("_", "-")
        if hints[field.name] is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            kind = hints[field.name] if isinstance(hints[field.name], type) else str
            parser.add_argument(flag, type=kind, default=field.default)
    return config(**vars(parser.parse_args()))
