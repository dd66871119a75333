"""The command `hub`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main

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


def test_interrupt(server: Any, home: Path) -> None:
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
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.endswith("hub: interrupted\n") and "Traceback" not in errors
    assert list(home.glob("hub/partial/*")) == []


def test_reader_that_goes_away(url: str) -> None:
    assert main(["download", url]) == 0
    command = f"{sys.executable} -m hub ls | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
