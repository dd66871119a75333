"""Profiler of ops: time, memory and shapes, under the names of ``torch.profiler``.

>>> import engine
>>> with engine.profiler.profile(record_shapes=True) as prof:
...     with engine.profiler.record_function("double"):
...         y = engine.ones(2, 3) * 2
>>> [event.name for event in prof.events() if event.depth < 2]
['double', 'ones', 'mul']
"""

from __future__ import annotations

from engine.profiler.profiler import (
    ProfilerAction as ProfilerAction,
    ProfilerActivity as ProfilerActivity,
    profile as profile,
    record_function as record_function,
    schedule as schedule,
    tensorboard_trace_handler as tensorboard_trace_handler,
)
from engine.profiler.report import AverageList as AverageList, Event as Event
