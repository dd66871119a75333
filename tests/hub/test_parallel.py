"""Parallel downloads of several files, with a common bandwidth limit."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.cli import main
from hub.errors import HubError, NotFoundError
from hub.transfer import speed

CONTENT = bytes(range(256)) * 1000
Capture = pytest.CaptureFixture[str]


def test_several_at_once(server: Any) -> None:
    barrier = threading.Barrier(3, timeout=60)

    def together(handler: Any) -> None:
        barrier.wait()
        server.body(CONTENT)(handler)

    urls = [server.add(f"/{number}.bin", together) for number in range(3)]
    paths = hub.download_all(urls)
    assert [path.name for path in paths] == ["0.bin", "1.bin", "2.bin"]
    assert all(path.read_bytes() == CONTENT for path in paths)


def test_the_same_twice(server: Any) -> None:
    url = server.add("/w.bin", server.body(CONTENT))
    one, two = hub.download_all([url, url])
    assert one == two and len(server.requests) == 1


def test_first_error_ends_it(server: Any) -> None:
    def slowly(handler: Any) -> None:
        time.sleep(0.1)
        server.body(CONTENT)(handler)

    bad = server.add("/bad", server.body(b"", status=404))
    urls = [server.add(f"/{number}", slowly) for number in range(20)]
    with pytest.raises(NotFoundError, match="answered 404"):
        hub.download_all([bad, *urls])
    assert len(server.requests) < 20


def test_command_line_keeps_the_order(server: Any, tmp_path: Path, capsys: Capture) -> None:
    local = tmp_path / "local.bin"
    local.write_bytes(b"here")
    urls = [server.add(f"/{number}.bin", server.body(CONTENT)) for number in range(3)]
    assert main(["download", urls[0], f"file:{local}", urls[1], urls[2], "--quiet"]) == 0
    printed = capsys.readouterr().out.split()
    assert [Path(line).name for line in printed] == ["0.bin", "local.bin", "1.bin", "2.bin"]


def test_limit_is_shared(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_limit", None)  # restored afterwards
    drawn: list[tuple[int, int]] = []
    real = speed.Throttle.draw

    def draw(self: speed.Throttle, count: int) -> float:
        drawn.append((id(self), count))
        return real(self, count)

    monkeypatch.setattr(speed.Throttle, "draw", draw)
    urls = [server.add(f"/{number}.bin", server.body(CONTENT)) for number in range(3)]
    assert main(["download", *urls, "--quiet", "--limit-rate", "100M"]) == 0
    assert len({throttle for throttle, _ in drawn}) == 1
    assert sum(count for _, count in drawn) == 3 * len(CONTENT)


def test_limit_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_limit", None)
    monkeypatch.setenv("BESTIARY_LIMIT_RATE", "2M")
    throttle = speed.shared()
    assert throttle is speed.shared() and throttle is not None and throttle.burst == 200_000
    for wrong in ("fast", "-1", "0", "1T", "1e9"):
        with pytest.raises(HubError, match="like 500k, 2M or 1G"):
            speed.parse_rate(wrong)
