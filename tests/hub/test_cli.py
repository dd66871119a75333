"""The command `hub`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.cli.common import print_table

CONTENT = b"the weights"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def url(server: Any) -> str:
    return str(server.add("/w.bin", server.body(CONTENT)))


def test_from_download_to_rm(url: str, capsys: Capture) -> None:
    assert main(["download", url, "--quiet"]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path).read_bytes() == CONTENT
    assert main(["path", url]) == 0
    assert capsys.readouterr().out.strip() == path
    assert main(["ls"]) == 0
    assert f"{url}\n1 item, 11 B\n" in capsys.readouterr().out
    assert main(["info", url]) == 0
    assert "size       11 bytes\n" in capsys.readouterr().out
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == f"ok   {url}\n"
    assert main(["rm", url]) == 0
    assert capsys.readouterr().out == f"removed {url}: 11 B freed\n"


def test_json(url: str, capsys: Capture) -> None:
    assert main(["download", url]) == 0
    capsys.readouterr()
    printed = []
    for command in (["ls"], ["verify"], ["info", url]):
        assert main([*command, "--json"]) == 0
        printed.append(json.loads(capsys.readouterr().out))
    (listed,), (verified,), info = printed
    assert listed["ref"] == verified["ref"] == info["ref"] == url
    assert listed["sha256"] == verified["got"] == info["sha256"] and verified["ok"]


def test_verify_reports_damage(url: str, capsys: Capture) -> None:
    main(["download", url])
    path = Path(capsys.readouterr().out.strip())
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.startswith(f"BAD  {url}: expected ")
    path.resolve().unlink()
    assert main(["verify", url]) == 1
    assert "got no file" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["download", "nonsense"],
        ["download", "--offline", "https://example.org/w"],
        ["download", "--sha256", "0" * 64, "builtin:a", "builtin:b"],
        ["info", "file:/no/such/file"],
        ["path", "https://example.org/w"],
        ["rm", "https://example.org/w"],
        ["verify", "https://example.org/w"],
    ],
)
def test_error_is_one_line(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("hub: error: ") and printed.err.count("\n") == 1


def test_debug_shows_the_traceback(capsys: Capture) -> None:
    assert main(["path", "nonsense", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_usage(capsys: Capture) -> None:
    for arguments, status in (([], 2), (["fly"], 2), (["--help"], 0), (["rm", "--help"], 0)):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == status
    assert "hub download pypi:some-model==1.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "  download  Download files and repositories"),
        (["downlaod", "x"], "no command 'downlaod'; did you mean download?"),
        (
            ["download", "--ofline", "x"],
            "unrecognized arguments: --ofline; did you mean --offline?",
        ),
        (["serve", ".", "--port", "99999"], "--port: expected 0 to 65535, got '99999'"),
    ],
)
def test_usage_errors_suggest_corrections(
    arguments: list[str], message: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"hub {project['version']}\n"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("acme/tiny", "write 'hf:acme/tiny', for a file"),
        ("acme/tiny@v1/w.bin", "write 'hf:acme/tiny@v1/w.bin'"),
        ("gpt2", "write 'hf:gpt2'"),
        ("weights.pth", "has no source: for a file on this machine write 'file:weights.pth'"),
        ("/acme/tiny", "has no source: for a file on this machine write 'file:/acme/tiny'"),
    ],
)
def test_hint_for_a_text_without_source(text: str, hint: str, capsys: Capture) -> None:
    assert main(["download", text]) == 1
    assert hint in capsys.readouterr().err


def test_json_of_every_command_that_prints(url: str, tmp_path: Path, capsys: Capture) -> None:
    def run(*arguments: str) -> Any:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    archive, lock = str(tmp_path / "a.tar"), str(tmp_path / "a.lock")
    (downloaded,) = run("download", url)
    assert downloaded["ref"] == url and Path(downloaded["path"]).read_bytes() == CONTENT
    assert run("path", url)["path"] == downloaded["path"]
    assert run("lock", lock, url)["entries"][0]["size"] == len(CONTENT)
    assert run("sync", lock)[0]["fetched"] == 0
    assert run("export", archive, url)["items"] == [url]
    assert run("rm", url, "--dry-run") == [{"ref": url, "size": 11, "dry_run": True}]
    assert run("rm", url) == [{"ref": url, "size": 11, "dry_run": False}]
    assert run("import", archive)["items"] == [url]
    assert run("move", str(tmp_path / "moved"))["target"] == str(tmp_path / "moved")
    assert run("du")[0]["size"] == 11 and run("gc")["size"] == 0


def test_info_of_a_file_that_is_not_cached_fails(url: str, capsys: Capture) -> None:
    assert main(["info", url]) == 1 and main(["info", "hf:org/none", "--json"]) == 1
    assert "path       not on this machine" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 60])
def test_tables_fit_the_terminal(
    url: str, columns: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["download", url])
    long = f"file:/{'a-long-name/' * 10}w.bin"
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table([["1 B", long]])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert long == "".join(line.removeprefix("1 B").strip() for line in lines)
    main(["info", url])
    if columns == 60:
        main(["ls"])
    assert all(len(line) <= columns for line in [*lines, *capsys.readouterr().out.splitlines()])


@pytest.mark.parametrize("output", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", ["hub ls", "hub --help", "zoo list"])
def test_output_that_cannot_be_written(url: str, output: str, command: str) -> None:
    line = f"exec {sys.executable} -m {command} {output}"
    done = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True)
    program = command.partition(" ")[0]
    assert done.stderr.startswith(f"{program}: error: standard output cannot be written: ")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_closed_streams_are_not_reused_for_files(url: str, home: Path) -> None:
    """No file of the cache gets the descriptor of a stream, and output is discarded."""
    line = f"exec {sys.executable} -m hub download {url} <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", line]).returncode == 1
    (blob,) = home.glob("hub/blobs/*")
    assert blob.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_interrupt(server: Any, home: Path, number: signal.Signals, status: int, word: str) -> None:
    def forever(handler: Any) -> None:
        server.body(b"", Content_Length="100")(handler)
        handler.wfile.flush()
        process.wait(timeout=60)

    url = server.add("/w.bin", forever)
    command = [sys.executable, "-m", "hub", "download", url]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(home.glob("hub/partial/*/body")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert errors.endswith(f"hub: {word}\n") and "Traceback" not in errors
    assert list(home.glob("hub/partial/*")) == []


def test_closed_pipe(url: str) -> None:
    assert main(["download", url]) == 0
    command = f"{sys.executable} -m hub ls | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
