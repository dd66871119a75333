"""Recording of the leaf ops of a computation, with their arguments and results.

>>> import engine
>>> x = engine.ones(2, 3)
>>> with engine.recorder.record() as recording:
...     y = engine.nn.functional.relu(x * 2).sum()
>>> print(recording)
%0: float32[2, 3]
%1 = mul(%0, other=2): float32[2, 3]
%2 = relu(%1): float32[2, 3]
%3 = sum.dim(%2, dim=None, keepdim=False, dtype=None): float32[]

Compositions decompose, so that a recording has kernels, views and writes only. Recorded tensors
stay alive as long as the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine import _C
from engine._C import Tensor


@dataclass(frozen=True)
class Value:
    """A tensor of a recording, by its number: inputs and results are counted together."""

    number: int

    def __repr__(self) -> str:
        return f"%{self.number}"


@dataclass(frozen=True)
class Step:
    """An op that ran: ``op`` is its full name, with the overload behind a dot.

    In ``args``, by the names of the op's schema, tensors are `Value`; a result that the op did not
    compute is None.
    """

    op: str
    args: dict[str, Any]
    results: tuple[Value | None, ...]

    @property
    def schema(self) -> _C.Schema:
        """The declaration of the op."""
        return _schema(self.op)

    def __str__(self) -> str:
        shown = [
            repr(value) if isinstance(value, Value) else f"{name}={value!r}"
            for name, value in self.args.items()
        ]
        return f"{self.op}({', '.join(shown)})"


class Recording:
    """The steps of a computation, and its tensors."""

    def __init__(self, recorder: _C._Recorder) -> None:
        self._recorder = recorder

    @property
    def steps(self) -> list[Step]:
        """The ops in the order in which they ran."""
        return [_step(*step) for step in self._recorder.steps()]

    @property
    def inputs(self) -> list[Value]:
        """The tensors that no recorded op made: arguments, weights and constants."""
        return [Value(number) for number in self._recorder.inputs()]

    def tensor(self, value: Value) -> Tensor:
        """The tensor that stands behind a `Value`."""
        return self._recorder.tensors()[value.number]

    def value(self, tensor: Tensor) -> Value:
        """The `Value` of a recorded tensor; a ValueError for another one."""
        if not any(known is tensor for known in self._recorder.tensors()):
            raise ValueError("tensor: it is not part of this recording")
        return Value(self._recorder.number(tensor))

    def __len__(self) -> int:
        return len(self._recorder.steps())

    def __str__(self) -> str:
        lines = [f"{value}: {self._type(value)}" for value in self.inputs]
        for step in self.steps:
            results = [value for value in step.results if value]
            types = ", ".join(self._type(value) for value in results)
            lines.append(f"{', '.join(map(repr, results))} = {step}: {types}")
        return "\n".join(lines)

    def _type(self, value: Value) -> str:
        tensor = self.tensor(value)
        return f"{str(tensor.dtype).removeprefix('engine.')}{list(tensor.shape)}"


@contextmanager
def record() -> Iterator[Recording]:
    """Records the ops that this thread runs inside a ``with`` block, gradients' ops included.

    >>> import engine
    >>> with engine.recorder.record() as recording:
    ...     y = engine.ones(2).view(1, 2)
    >>> [step.op for step in recording.steps]
    ['_empty', 'fill_', '_view']
    """
    recorder = _C._Recorder()
    recorder.enter()
    try:
        yield Recording(recorder)
    finally:
        recorder.leave()


def _schema(op: str) -> _C.Schema:
    name, _, overload = op.partition(".")
    schemas: list[_C.Schema] = getattr(_C, name).schemas
    return next(schema for schema in schemas if schema.overload == overload)


def _step(op: str, args: list[Any], results: list[int]) -> Step:
    names = [param.name for param in _schema(op).params]
    values = {name: _value(arg) for name, arg in zip(names, args, strict=True)}
    return Step(op, values, tuple(Value(n) if n >= 0 else None for n in results))


def _value(arg: Any) -> Any:
    match arg:
        case ("tensor", int(number)):
            return Value(number)
        case ("tensors", list(numbers)):
            return [Value(n) if n >= 0 else None for n in numbers]
    return arg
