"""engine.profiler: events, sums, tables, traces, schedules."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import engine
from engine import nn, profiler
from engine.profiler import ProfilerAction, ProfilerActivity, profile, record_function


def step(model: nn.Module, optimizer: engine.optim.Optimizer) -> None:
    with record_function("forward"):
        loss = nn.functional.cross_entropy(model(engine.ones(4, 3)), engine.zeros(4).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@pytest.fixture
def training() -> tuple[nn.Module, engine.optim.Optimizer]:
    model = nn.Linear(3, 5)
    return model, engine.optim.SGD(model.parameters(), lr=0.1)


def test_a_training_step(training: tuple, tmp_path: Path) -> None:
    with profile(
        activities=[ProfilerActivity.CPU], record_shapes=True, profile_memory=True
    ) as prof:
        step(*training)
    averages = {a.key: a for a in prof.key_averages()}
    assert {"forward", "linear", "cross_entropy", "sgd_step_"} <= averages.keys()
    forward = averages["forward"]
    assert forward.count == 1 and forward.cpu_time_total > averages["linear"].cpu_time_total
    assert 0 <= forward.self_cpu_time_total < forward.cpu_time_total
    total = sum(e.cpu_time_total for e in prof.events() if e.depth == 0)
    assert prof.key_averages().total_average().self_cpu_time_total == pytest.approx(total)
    linear = next(e for e in prof.events() if e.name == "linear")
    assert linear.input_shapes == [[4, 3], [5, 3], [5]] and linear.bytes == 4 * 5 * 4
    for name in ("trace.json", "trace.json.gz"):
        prof.export_chrome_trace(tmp_path / name)
    text = (tmp_path / "trace.json").read_text()
    assert gzip.decompress((tmp_path / "trace.json.gz").read_bytes()).decode() == text
    events = json.loads(text)["traceEvents"]
    assert [e["name"] for e in events] == [e.name for e in prof.events()]
    assert all(e["dur"] >= 0 and e["ph"] == "X" for e in events)


def test_the_table() -> None:
    with profile(record_shapes=True, profile_memory=True) as prof:
        for size in (2, 3):
            engine.ones(size, size) @ engine.ones(size, size)
    grouped = prof.key_averages(group_by_input_shape=True)
    assert [a.input_shapes for a in grouped if a.key == "matmul"] == [[[2, 2]] * 2, [[3, 3]] * 2]
    ones = next(a for a in grouped if a.key == "ones")
    assert ones.cpu_memory_usage == 2 * (16 + 36) and ones.self_cpu_memory_usage == 0
    total = prof.key_averages().total_average()
    assert total.cpu_memory_usage == total.self_cpu_memory_usage == 3 * (16 + 36)
    lines = grouped.table(sort_by="count", row_limit=2).splitlines()
    assert "CPU Mem  Self CPU Mem  # of Calls" in lines[0]
    assert lines[0].split()[:2] == ["Name", "Self"] and "Input Shapes" in lines[0]
    assert len(lines) == 6 and lines[-1].startswith("Self CPU time total:")
    with pytest.raises(ValueError, match=r"sort_by.*cuda_time"):
        grouped.table(sort_by="cuda_time")


def test_schedules() -> None:
    ready: list[tuple[int, int]] = []
    plan = profiler.schedule(wait=1, warmup=1, active=2, repeat=1)

    def record(p: profile) -> None:
        ready.append((p.step_num, len(p.events())))

    with profile(schedule=plan, on_trace_ready=record) as prof:
        for _ in range(7):
            engine.ones(2) + 1
            prof.step()
    assert ready == [(4, 8)]  # ones, _empty, fill_ and add, in two of four steps
    assert plan(4) == ProfilerAction.NONE
    with pytest.raises(ValueError, match="active: expected 1 or more, got 0"):
        profiler.schedule(wait=0, warmup=0, active=0)


def test_profiles_inside_one_another() -> None:
    with profile() as outer:
        engine.ones(2)
        with profile() as inner:
            engine.zeros(2)
    assert [e.name for e in inner.events()] == ["zeros", "_zeros"]
    assert [e.name for e in outer.events()] == ["ones", "_empty", "fill_", "zeros", "_zeros"]
