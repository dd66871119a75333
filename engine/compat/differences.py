"""PyTorch's names that are missing here, each with a replacement or a reason: one table.

The errors of unknown names and, through scripts/make_differences.py, docs/differences.md are
generated from it. Names are grouped by answer. tests/engine/compat/test_differences.py fails for
a name that is in the table although it exists.
"""

from __future__ import annotations

import functools

from engine.compat import paths
from engine.compat.missing_names import MISSING

# Differences in behaviour of names that exist.
BEHAVIOUR = {
    "Printing": "dtypes print as `engine.float32` and shapes as `Size([2, 3])`; a result's node "
    "prints as the op's name: `grad_fn=<mul>` for PyTorch's `<MulBackward0>`.",
    "Random numbers": "The generator is Philox on every device, so a seed gives other numbers than "
    "in PyTorch. Generator states are not interchangeable.",
    "Devices": "This build computes on the CPU. `engine.cuda` and its like answer that there is "
    "none; `nn.DataParallel` calls its module.",
    "Compilation": "`compile` and `jit.script` warn once and give their argument back.",
    "`vmap`": "The function runs once per slice, one after another: the results are PyTorch's, the "
    "speed is not. `func.jvp` and `func.jacfwd` differentiate backwards twice.",
    "Settings": "Switches of libraries that are not here, such as `backends.cudnn.benchmark`, can "
    "be set and change nothing. All kernels are deterministic.",
    "`resize_`": "Memory that is too small is replaced, which is refused while other tensors show "
    "it: PyTorch's grows for all of them.",
    "`share_memory_`": "Refused while other tensors show the memory.",
    "`in-place views`": "`unsqueeze_`, `transpose_` and their like are refused for tensors that "
    "require a gradient.",
}


@functools.cache
def _answers() -> dict[tuple[str, str], str]:
    """Answers by module, such as `engine.nn`, and name."""
    found = {}
    for module, groups in MISSING.items():
        for answer, names in groups.items():
            found.update({(module, name): answer for name in names.split()})
    return found


def answer(module: str, name: str) -> str | None:
    """The message for a missing name of a module, None if the table does not have it.

    >>> from engine.compat.differences import answer
    >>> answer("engine", "complex64")
    'engine.complex64: complex numbers are not implemented yet'
    """
    below = module.removeprefix("engine").removeprefix(".")
    text = paths.NOT_YET.get(below) or paths.WAITS_FOR.get(below)
    if text is None:
        home = "engine.nn" if below.startswith("nn.modules") else module
        text = _answers().get((home, name))
    return None if text is None else f"{module}.{name}: {text}"
