"""A small disk: a tmpfs of a few kilobytes, in its own namespace.

It needs no root if the system allows user namespaces (user_namespaces(7)). Other processes see the
disk below `/proc/PID/root`, or enter the namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

# Keeps the mount until its standard input ends.
_HOLDER = 'mount -t tmpfs -o size="$2" tmpfs "$1" && echo ready && read -r _'
_PAGE = 4096  # bytes of the smallest file


class SmallDisk:
    """A disk of a number of bytes, mounted on a folder for processes that `enter`."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        command = ["unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", _HOLDER]
        self._holder = subprocess.Popen(
            [*command, "sh", str(folder), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            _, errors = self._holder.communicate()
            raise OSError(" ".join(errors.split()) or "no disk could be mounted")

    @property
    def pid(self) -> int:
        """The process of the mount, for `enter`."""
        return self._holder.pid

    @property
    def seen(self) -> Path:
        """The path of the folder in other processes."""
        return Path(f"/proc/{self.pid}/root{self.folder}")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this disk and wait for it."""
        return subprocess.run(
            command,
            preexec_fn=functools.partial(enter, self.pid, os.getcwd()),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def fill(self, name: str = "hog", *, but: int = 0) -> Path:
        """Fill the disk except for a number of bytes, like another program, by a file.

        Less is left if others write meanwhile.
        """
        hog = self.seen / name
        with contextlib.suppress(OSError), hog.open("wb", buffering=0) as file:
            while shutil.disk_usage(self.seen).free > but:
                file.write(bytes(_PAGE))
        return hog

    def close(self) -> None:
        self._holder.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def enter(pid: int, folder: str = "/") -> None:
    """Move this single-threaded process into another one's namespace, at this folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    opened = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("user", "mnt")]
    for descriptor in opened:
        if libc.setns(descriptor, 0) != 0:
            raise OSError(ctypes.get_errno(), "the namespace of the disk cannot be entered")
        os.close(descriptor)
    os.chdir(folder)


@functools.cache
def why_not() -> str | None:
    """The reason why small disks are not possible here; None if they are."""
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return "needs Linux and its program unshare"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with SmallDisk(Path(folder), 1 << 16):
                return None
        except OSError as error:
            return f"no file system may be mounted here: {error}"
