"""The installed torchvision's Python files without three parts that no program here needs.

These load its compiled ops, which tie a build of torchvision to a build of PyTorch, register them
with PyTorch's exporter to ONNX, and quantise models.
"""

import sys
import types
from importlib.machinery import PathFinder
from pathlib import Path

_here = Path(__file__).resolve().parent
_installed = PathFinder.find_spec("torchvision", [p for p in sys.path if Path(p) != _here.parent])
if _installed is None or _installed.submodule_search_locations is None:
    raise ImportError("torchvision is not installed")
__path__ = list(_installed.submodule_search_locations)
__version__ = "0.28.0"


def _leave_out(name: str, **names: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module


_leave_out("torchvision.ops._register_onnx_ops", _register_custom_op=lambda: None)
_leave_out("torchvision.models.quantization")
