"""Export and import of items as one file, and refused archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

import hub
from hub.cli import main
from hub.errors import HubError, IntegrityError
from hub.maintenance.archive import ArchiveError, export, import_


@pytest.fixture
def archive(hf: Any, server: Any, tmp_path: Path, weights: bytes) -> Path:
    """An archive of a repository with two branches for one commit, and of a file from the web."""
    repo = hf.repo("org/name", {"config.json": b"{}", "a/model.safetensors": weights})
    repo.refs["v1"] = repo.refs["main"]
    hub.snapshot("hf:org/name")
    hub.snapshot("hf:org/name@v1")
    hub.download(server.add("/w.bin", server.body(b"from the web")))
    path = tmp_path / "models.tar"
    export(path, hub.ls())
    return path


@pytest.fixture
def fresh_machine(tmp_path: Path, hf_cache: Path, home: Path) -> Callable[[], None]:
    def clear() -> None:
        for number, folder in enumerate((hf_cache, home)):
            if folder.exists():
                folder.rename(tmp_path / f"old-{number}-{os.urandom(4).hex()}")

    return clear


def cached_files(home: Path, hf_cache: Path) -> list[Path]:
    folders = [home / "hub" / "records", home / "hub" / "blobs", hf_cache]
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_there_and_back(
    archive: Path, hf: Any, server: Any, fresh_machine: Callable[[], None], weights: bytes
) -> None:
    before = [(item.ref, item.size, item.commit, item.sha256) for item in hub.ls()]
    fresh_machine()
    hf.is_down = True
    server.answers.clear()
    assert import_(archive) == [ref for ref, *_ in before]
    assert [(item.ref, item.size, item.commit, item.sha256) for item in hub.ls()] == before
    assert all(check.ok for check in hub.verify())
    folder = hub.snapshot("hf:org/name", offline=True)
    assert hub.snapshot("hf:org/name@v1", offline=True) == folder
    assert (folder / "a" / "model.safetensors").read_bytes() == weights
    assert hub.download(f"{server.url}/w.bin").read_bytes() == b"from the web"
    theirs = huggingface_hub.snapshot_download("org/name", local_files_only=True)
    assert Path(theirs) == folder
    import_(archive)  # again: nothing to do


def test_same_items_same_bytes(archive: Path, tmp_path: Path) -> None:
    export(tmp_path / "again.tar", hub.ls())
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


def test_damaged_item_is_not_exported(archive: Path, tmp_path: Path) -> None:
    blob = (hub.path("hf:org/name/config.json")).resolve()
    blob.unlink()
    blob.write_bytes(b"[]")
    with pytest.raises(IntegrityError):
        export(tmp_path / "bad.tar", hub.ls())
    assert not (tmp_path / "bad.tar").exists()


def test_other_bytes_that_are_here(
    archive: Path, server: Any, fresh_machine: Callable[[], None]
) -> None:
    fresh_machine()
    hub.download(server.add("/w.bin", server.body(b"later version")))
    with pytest.raises(IntegrityError, match="`hub rm` it first"):
        import_(archive)
    assert [item.kind for item in hub.ls()] == ["http"]


def test_branch_that_is_known_stays(
    archive: Path, hf: Any, fresh_machine: Callable[[], None]
) -> None:
    fresh_machine()
    hf.repo("org/name").commit({"config.json": b"newer"})
    newer = hub.snapshot("hf:org/name")
    import_(archive)
    assert hub.snapshot("hf:org/name", offline=True) == newer
    assert hub.snapshot("hf:org/name@v1", offline=True) != newer


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def write(path: Path, content: dict[str, bytes], **fields: Any) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                if name.startswith("blobs/"):
                    setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))


Refuse = Callable[[type[HubError]], str]


@pytest.fixture
def refuse(archive: Path, fresh_machine: Callable[[], None], home: Path, hf_cache: Path) -> Refuse:
    """Import an invalid archive; returns the message after checking that nothing changed."""
    fresh_machine()

    def run(kind: type[HubError]) -> str:
        with pytest.raises(kind) as error:
            import_(archive)
        message = str(error.value)
        assert "\n" not in message
        assert cached_files(home, hf_cache) == []
        assert not list(home.glob("hub/partial/*"))
        return message

    return run


def test_flipped_bytes(archive: Path, refuse: Refuse, weights: bytes) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content.replace(weights, weights[:-1] + b"?"))
    assert hashlib.sha256(weights).hexdigest() in refuse(IntegrityError)


@pytest.mark.parametrize("part", range(1, 16))
def test_cut_short(archive: Path, refuse: Refuse, part: int) -> None:
    with tarfile.open(archive) as file:
        last = file.getmembers()[-1]
    end = last.offset_data + last.size  # followed by zeros only
    archive.write_bytes(archive.read_bytes()[: end * part // 16])
    refuse(ArchiveError)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "blobs/../evil", "evil", "blobs/0"])
def test_members_that_the_manifest_does_not_name(
    archive: Path, refuse: Refuse, name: str, tmp_path: Path
) -> None:
    write(archive, {**members(archive), name: b"evil"})
    assert "which its manifest does not name" in refuse(ArchiveError)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, b"3"])
def test_links_and_devices(archive: Path, refuse: Refuse, kind: bytes) -> None:
    write(archive, members(archive), type=kind, linkname="/etc/passwd")
    refuse(ArchiveError)


def test_missing_and_doubled(archive: Path, refuse: Refuse) -> None:
    found = members(archive)
    name = next(name for name in found if name.startswith("blobs/"))
    write(archive, {key: value for key, value in found.items() if key != name})
    assert "lacks 1 file " in refuse(ArchiveError)
    write(archive, found)
    with tarfile.open(archive, "a") as file:
        member = tarfile.TarInfo(name)
        member.size = len(found[name])
        file.addfile(member, io.BytesIO(found[name]))
    assert "doubled" in refuse(ArchiveError)


def change_snapshot(manifest: dict[str, Any], **fields: Any) -> None:
    (snapshot,) = [item for item in manifest["items"] if "commit" in item]
    snapshot |= fields


def rename_file(manifest: dict[str, Any], name: str) -> None:
    (snapshot,) = [item for item in manifest["items"] if "commit" in item]
    snapshot["files"] = {name: snapshot["files"]["config.json"]}
    snapshot["tree"] = None


def set_file(manifest: dict[str, Any], **fields: Any) -> None:
    (snapshot,) = [item for item in manifest["items"] if "commit" in item]
    snapshot["files"]["config.json"] |= fields
    snapshot["tree"] = None


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.clear(),
        lambda manifest: manifest.update(version=2),
        lambda manifest: manifest.update(items=3),
        lambda manifest: manifest.update(items=[{}]),
        lambda manifest: manifest["items"][1].update(ref="hf:a/b"),
        lambda manifest: manifest["items"][1].update(ref="../../x"),
        lambda manifest: manifest["items"][1].update(sha256="../x"),
        lambda manifest: manifest["items"][1].update(size=-1),
        lambda manifest: manifest["items"][1].update(size=1 << 60),
        lambda manifest: change_snapshot(manifest, commit="../../x"),
        lambda manifest: change_snapshot(manifest, ref="hf:../../x"),
        lambda manifest: change_snapshot(manifest, revisions=["../../x"]),
        lambda manifest: change_snapshot(manifest, revisions=["/etc/x"]),
        lambda manifest: change_snapshot(manifest, tree={"../x": {"size": 1, "blob_id": "0" * 40}}),
        lambda manifest: change_snapshot(manifest, tree={}),
        lambda manifest: rename_file(manifest, "../evil"),
        lambda manifest: rename_file(manifest, "/etc/evil"),
        lambda manifest: rename_file(manifest, "C:\\evil"),
        lambda manifest: set_file(manifest, etag="0" * 40),
        lambda manifest: set_file(manifest, etag="../x"),
        lambda manifest: set_file(manifest, etag=3),
    ],
)
def test_manifests_that_lie(
    archive: Path, refuse: Refuse, change: Callable[[dict[str, Any]], object]
) -> None:
    found = members(archive)
    manifest = json.loads(found["manifest.json"])
    change(manifest)
    write(archive, {**found, "manifest.json": json.dumps(manifest).encode()})
    refuse(HubError)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 20000])
def test_other_files(archive: Path, refuse: Refuse, content: bytes) -> None:
    archive.write_bytes(content)
    assert "is no archive of the hub" in refuse(ArchiveError)


def test_compressed(archive: Path, refuse: Refuse) -> None:
    archive.write_bytes(gzip.compress(archive.read_bytes()))
    refuse(ArchiveError)


def test_commands(
    archive: Path, fresh_machine: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(archive.with_name("one.tar"))
    assert main(["export", path, "hf:org/name", "--quiet"]) == 0
    assert f"1 item, {10.2} kB in {path}" in capsys.readouterr().out
    fresh_machine()
    assert main(["import", path, "--quiet"]) == 0
    assert capsys.readouterr().out == "hf:org/name\n"
    assert [item.kind for item in hub.ls()] == ["hf"]
