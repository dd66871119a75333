"""The command `hub serve`, and random requests."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.errors import HubError
from hub.server import Limits, Server
from hub.server.auth import read_tokens

from .conftest import CONFIG

TOKEN = "a-token-of-this-test"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_it_is_stopped(models: Path, tmp_path: Path, stop: signal.Signals) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# of the team\n{TOKEN}  # mine\n")
    command = [sys.executable, "-m", "hub", "serve", str(models), "--port", "0", "--allow-push"]
    process = subprocess.Popen(
        [*command, "--token-file", str(tokens)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip() for _ in range(6)]
    assert lines[0].endswith("  307.2 kB      4 files  org/tiny")
    assert lines[2].startswith(f"serving {models} at http://127.0.0.1:")
    url = lines[3].removeprefix("  export HF_ENDPOINT=")
    request = urllib.request.Request(f"{url}/org/tiny/resolve/main/config.json?x=secret")
    request.add_header("Authorization", f"Bearer {TOKEN}")
    assert urllib.request.urlopen(request).read() == CONFIG
    process.send_signal(stop)
    output, log = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "stopped\n")
    assert "127.0.0.1 GET /org/tiny/resolve/main/config.json 200 22 B" in log
    assert TOKEN not in log and "secret" not in log and "Traceback" not in log


def test_stopped_in_the_background_of_a_script(models: Path) -> None:
    """Shells start such commands with SIGINT ignored; SIGTERM is not."""
    script = f"{sys.executable} -m hub serve {models} --port 0 & echo $!; wait"
    process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    server = int(process.stdout.readline())
    while not process.stdout.readline().startswith("  export HF_ENDPOINT"):
        assert process.poll() is None
    os.kill(server, signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert output == "stopped\n"


def test_errors(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    tokens = tmp_path / "tokens"
    tokens.write_text("short\n")
    for arguments, message in (
        ([str(tmp_path / "none")], "no such folder"),
        ([str(empty), "--port", "0"], "holds no DIR/ORG/NAME/"),
        ([str(models), "--host", "0.0.0.0", "--allow-push"], "give a --token-file"),
        ([str(models), "--token-file", str(tokens)], "at least 8 characters"),
        ([str(models), "--token-file", str(empty / "none")], "No such file"),
        ([str(models), "--host", "203.0.113.1"], "cannot be served at"),
    ):
        assert main(["serve", *arguments]) == 1
        printed = capsys.readouterr().err
        assert message in printed and printed.count("\n") == 1
    with pytest.raises(SystemExit):
        main(["serve", str(models), "--readonly", "--allow-push"])


def test_token_files(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("# nothing\n\n")
    with pytest.raises(HubError, match="has no token"):
        read_tokens(path)
    path.write_text("long-enough # a\n\nanother-one\n")
    assert read_tokens(path) == ["long-enough", "another-one"]


def test_random_requests_do_no_harm(
    models: Path, serve: Callable[..., Server], talk: Callable[..., bytes], ask: Any
) -> None:
    server = serve(models, allow_push=True, limits=Limits(idle=0.1, head_time=0.1, stall=0.1))
    before = sorted(path for path in models.rglob("*") if ".hub" not in path.parts)
    rng = random.Random(0)
    requests = [
        b"GET /org/tiny/resolve/main/config.json HTTP/1.1\r\nHost: a\r\nRange: bytes=0-5\r\n\r\n",
        b"POST /api/models/org/tiny/paths-info/main HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n"
        b"Content-Type: application/json\r\n\r\n{\"paths\":[\"a\"]}",
        b"POST /api/models/org/tiny/commit/main HTTP/1.1\r\nHost: a\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"key\r\n0\r\n\r\n",
        b"GET /api/models?limit=1&cursor=YQ== HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
    ]  # fmt: skip
    for _ in range(60):
        data = bytearray(rng.choice(requests))
        for _ in range(rng.randint(1, 5)):
            at = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    data[at:at] = rng.choice(
                        [b"\r\n", b"..", b"%00", b"/", b"\0", b": ", b"9" * 20]
                    )
                case 2:
                    del data[at : at + rng.randint(1, 20)]
                case _:
                    data[at:at] = data[: rng.randint(0, 40)]
        answer = talk(server, bytes(data))
        assert b"500 Internal" not in answer
    assert sorted(path for path in models.rglob("*") if ".hub" not in path.parts) == before
    assert ask(server, "/org/tiny/resolve/main/config.json").body == CONFIG
