"""An unpickler that creates only plain data.

Unlike the standard library's, it imports nothing, calls nothing that a file names, and bounds
memory, time and nesting. Unknown globals are errors that name them.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hub.errors import UnpicklingError
from hub.formats.byte_source import Source
from hub.formats.constructors import Constructor, Pending
from hub.formats.data_classes import (
    STANDARD,
    create,
    find_fault,
    not_allowed,
    refuse_class,
    set_state,
)
from hub.formats.opcodes import Cursor, instructions
from hub.formats.plain_data import check_structure, describe, unusual_keys

Globals = Mapping[tuple[str, str], object]
FindClass = Callable[[str, str], type]

# Memory that a pickle may take: a constant plus a multiple of its size. Pickles of many small
# objects need the constant, those of large arrays only the multiple.
_FREE_MEMORY = 256 << 20
_MEMORY_RATIO = 8
_OBJECT = 64
_HOLDER = 256
_COSTS = {
    **dict.fromkeys(("NONE", "NEWTRUE", "NEWFALSE", "EMPTY_TUPLE"), 16),
    **dict.fromkeys(("BININT1", "BINGET", "LONG_BINGET"), 16),
    "EMPTY_SET": 224,
    "BINPUT": 136,
    "LONG_BINPUT": 136,
    "MEMOIZE": 136,
}
_MAX_PROTOCOL = 5
_MAX_UNUSUAL_KEYS = 4096


class Unpickler:
    """Reads one pickle from a source.

    `allowed` maps the module and name of each allowed global to its replacement; for others,
    `find_class` returns the class of that name, which must only hold data, or raises ValueError.
    `persistent_load` resolves persistent ids and raises ValueError for unknown ones. After `load`,
    `end` is the position after the pickle.
    """

    def __init__(
        self,
        source: Source,
        allowed: Globals,
        persistent_load: Callable[[object], object] | None = None,
        start: int = 0,
        find_class: FindClass = refuse_class,
    ) -> None:
        self._source = source
        self._allowed = allowed
        self._find_class = find_class
        self._holders = set(STANDARD)
        self._persistent_load = persistent_load
        self._cursor = Cursor(source.memory.data, start)
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        self._pending = 0
        self._unusual_keys = 0
        self._memory_left = _FREE_MEMORY + _MEMORY_RATIO * (len(source) - start)

    @property
    def end(self) -> int:
        """The position after the last byte read."""
        return self._cursor.position

    def load(self) -> object:
        """Return the object. Raises UnpicklingError, with the position, for any fault."""
        try:
            for opcode, argument in instructions(self._cursor):
                handler = _HANDLERS.get(opcode.name)
                if handler is None:
                    raise ValueError(f"weight files do not use {opcode.name}, it is refused")
                self._charge(_COSTS.get(opcode.name, _OBJECT))
                handler(self, argument)
            return self._result()
        except ValueError as error:
            source, position = self._source, self._source.origin + self._cursor.instruction
            raise UnpicklingError(str(error), file=source.name, position=position) from None

    def _result(self) -> object:
        result = self._pop()
        if self._stack or self._marks:
            raise ValueError("objects are left on the stack")
        if self._pending:
            raise ValueError("a numpy object is never given its state")
        check_structure(result, self._holders)
        return result

    def _charge(self, count: int) -> None:
        self._memory_left -= count
        if self._memory_left < 0:
            raise ValueError("the pickle makes far more objects than a file of its size should")

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _push_value(self, value: object) -> None:
        """Push an argument and count its memory: text may take four bytes per byte in the file."""
        self._charge(sys.getsizeof(value))
        self._push(value)

    def _pop(self) -> object:
        self._top()
        return self._stack.pop()

    def _top(self) -> object:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError("an object is taken from an empty stack")
        return self._stack[-1]

    def _pop_many(self, count: int) -> list[object]:
        return [self._pop() for _ in range(count)][::-1]

    def _pop_to_mark(self) -> list[object]:
        if not self._marks:
            raise ValueError("there is no mark on the stack")
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _mark(self, _: object) -> None:
        self._marks.append(len(self._stack))

    def _discard(self, _: object) -> None:
        """Ignore an object or an argument."""

    def _duplicate(self, _: object) -> None:
        self._push(self._finished(self._top()))

    def _protocol(self, version: int) -> None:
        if version > _MAX_PROTOCOL:
            raise ValueError(f"pickle protocol {version}, at most {_MAX_PROTOCOL} is read")

    def _put(self, index: int) -> None:
        value = self._top()
        if isinstance(value, Pending):
            value.slots.append(index)
        self._memo[index] = value

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError(f"memo entry {index} is read before it is set")
        self._push(self._finished(self._memo[index]))

    def _finished(self, value: object) -> object:
        """Return the value after checking that it may be referenced again."""
        if isinstance(value, Pending):
            raise ValueError("a numpy object is used before it is given its state")
        return value

    def _tuple(self, items: list[object]) -> None:
        self._push(tuple(items))

    def _extend(self, items: list[object]) -> None:
        target = self._top()
        if not isinstance(target, (list, deque)):
            raise ValueError(f"items are appended to {describe(target)}")
        base: Any = list if isinstance(target, list) else deque
        base.extend(target, items)  # not a subclass's method

    def _update(self, items: list[object]) -> None:
        target = self._top()
        if not isinstance(target, dict):
            raise ValueError(f"items are set in {describe(target)}")
        if len(items) % 2:
            raise ValueError("a key is set without its value")
        self._check_keys(items[::2])
        if type(target) is dict:
            target.update(zip(items[::2], items[1::2], strict=True))
            return
        # Not the methods of subclasses; Counter's update would add to existing items.
        setter = OrderedDict.__setitem__ if isinstance(target, OrderedDict) else dict.__setitem__
        for key, value in zip(items[::2], items[1::2], strict=True):
            setter(target, key, value)

    def _add(self, items: list[object]) -> None:
        target = self._top()
        if type(target) is not set:
            raise ValueError(f"items are added to {describe(target)}")
        self._check_keys(items)
        target.update(items)

    def _frozen(self, items: list[object]) -> None:
        self._check_keys(items)
        self._push(frozenset(items))

    def _check_keys(self, keys: list[object]) -> None:
        self._unusual_keys += unusual_keys(keys)
        if self._unusual_keys > _MAX_UNUSUAL_KEYS:
            raise ValueError(f"more than {_MAX_UNUSUAL_KEYS} keys are neither text nor small")

    def _stack_global(self, _: object) -> None:
        module, name = self._pop_many(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a global is named by something other than text")
        self._global((module, name))

    def _global(self, key: tuple[str, str]) -> None:
        self._push(self._allowed[key] if key in self._allowed else self._holder(*key))

    def _holder(self, module: str, name: str) -> Constructor:
        cls = self._find_class(module, name)
        fault = find_fault(cls)
        if fault is not None:
            raise ValueError(not_allowed(module, name, fault))
        self._holders.add(cls)
        return Constructor(f"{module}.{name}", partial(create, cls))

    def _call(self, _: object) -> None:
        function, args = self._pop_many(2)
        if not isinstance(function, Constructor):
            raise ValueError(f"{describe(function)} is called, which cannot be")
        if type(args) is not tuple:
            raise ValueError(f"{function.qualified_name} is called with {describe(args)}")
        # A result may be as large as its arguments, which may be used repeatedly.
        self._charge(sum(_weight(arg) for arg in args))
        made = function.make(args)
        self._pending += isinstance(made, Pending)
        self._charge(_HOLDER if type(made) in self._holders else 0)
        self._push(made)

    def _build(self, _: object) -> None:
        state = self._pop()
        target = self._pop()
        if isinstance(target, Pending):
            self._pending -= 1
            self._charge(sum(_weight(part) for part in state) if type(state) is tuple else 0)
            built = target.build(state)
            for index in target.slots:
                if self._memo[index] is target:
                    self._memo[index] = built
            self._push(built)
        elif type(target) is OrderedDict:
            _set_metadata(target, state)
            self._push(target)
        elif type(target) in self._holders:
            self._charge(sum(map(_weight, state if type(state) is tuple else (state,))))
            set_state(target, state)
            self._push(target)
        else:
            raise ValueError(f"{describe(target)} is given state, which it cannot have")

    def _persistent(self, _: object) -> None:
        pid = self._pop()
        if self._persistent_load is None:
            raise ValueError("the pickle refers to an object outside of it")
        self._push(self._persistent_load(pid))


def _weight(arg: object) -> int:
    if isinstance(arg, (str, bytes, bytearray)):
        return sys.getsizeof(arg)
    return (
        _OBJECT * len(arg)
        if isinstance(arg, (list, tuple, dict, set, frozenset, deque))
        else _OBJECT
    )


def _set_metadata(target: OrderedDict[object, object], state: object) -> None:
    """Store the versions of modules that PyTorch attaches to a state dict; refuse the rest."""
    if type(state) is not dict or state.keys() - {"_metadata"}:
        raise ValueError(f"an OrderedDict is given {describe(state)} as its state")
    if state:
        if not isinstance(state["_metadata"], dict):
            raise ValueError(f"the _metadata of an OrderedDict is {describe(state['_metadata'])}")
        target._metadata = state["_metadata"]  # type: ignore[attr-defined]


_Handler = Callable[[Unpickler, Any], None]

_ARGUMENTS = (
    "BININT BININT1 BININT2 INT LONG1 LONG4 BINFLOAT BINUNICODE SHORT_BINUNICODE BINUNICODE8"
    " BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8"
)

_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(_ARGUMENTS.split(), Unpickler._push_value),
    "NONE": lambda self, _: self._push(None),
    "NEWTRUE": lambda self, _: self._push(True),
    "NEWFALSE": lambda self, _: self._push(False),
    "EMPTY_LIST": lambda self, _: self._push([]),
    "EMPTY_DICT": lambda self, _: self._push({}),
    "EMPTY_SET": lambda self, _: self._push(set()),
    "EMPTY_TUPLE": lambda self, _: self._push(()),
    "BYTEARRAY8": lambda self, data: self._push_value(bytearray(data)),
    "TUPLE1": lambda self, _: self._tuple(self._pop_many(1)),
    "TUPLE2": lambda self, _: self._tuple(self._pop_many(2)),
    "TUPLE3": lambda self, _: self._tuple(self._pop_many(3)),
    "TUPLE": lambda self, _: self._tuple(self._pop_to_mark()),
    "FROZENSET": lambda self, _: self._frozen(self._pop_to_mark()),
    "APPEND": lambda self, _: self._extend(self._pop_many(1)),
    "APPENDS": lambda self, _: self._extend(self._pop_to_mark()),
    "SETITEM": lambda self, _: self._update(self._pop_many(2)),
    "SETITEMS": lambda self, _: self._update(self._pop_to_mark()),
    "ADDITEMS": lambda self, _: self._add(self._pop_to_mark()),
    "MARK": Unpickler._mark,
    "POP": lambda self, _: self._discard(self._pop()),
    "DUP": Unpickler._duplicate,
    "BINPUT": Unpickler._put,
    "LONG_BINPUT": Unpickler._put,
    "MEMOIZE": lambda self, _: self._put(len(self._memo)),
    "BINGET": Unpickler._get,
    "LONG_BINGET": Unpickler._get,
    "GLOBAL": Unpickler._global,
    "STACK_GLOBAL": Unpickler._stack_global,
    "REDUCE": Unpickler._call,
    "NEWOBJ": Unpickler._call,
    "BUILD": Unpickler._build,
    "BINPERSID": Unpickler._persistent,
    "PROTO": Unpickler._protocol,
    "FRAME": Unpickler._discard,
    "STOP": Unpickler._discard,
}
