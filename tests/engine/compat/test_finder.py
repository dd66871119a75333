from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import engine
from engine.compat import paths


@pytest.mark.parametrize("path", [*paths.MODULES, *paths.VIEWS, *paths.NOT_YET])
def test_each_path_can_be_imported(path: str) -> None:
    module = importlib.import_module(f"engine.{path}")
    found = engine
    for part in path.split("."):
        found = getattr(found, part)
    assert found is module
    for home in paths.VIEWS.get(path, "").split():
        importlib.import_module("engine" if home == "." else f"engine.{home}")


def test_views_show_the_classes_themselves() -> None:
    from engine.nn.modules.batchnorm import _BatchNorm
    from engine.nn.modules.conv import Conv2d, _ConvNd
    from engine.nn.modules.utils import _pair
    from engine.utils.data.dataloader import DataLoader, default_collate
    from engine.utils.data.dataset import random_split

    assert Conv2d is engine.nn.Conv2d and issubclass(Conv2d, _ConvNd)
    assert issubclass(engine.nn.BatchNorm2d, _BatchNorm) and _pair(3) == (3, 3)
    assert DataLoader is engine.data.DataLoader and default_collate is engine.data.default_collate
    assert random_split is engine.data.random_split
    assert engine.nn.modules.Linear is engine.nn.Linear
    # A path of PyTorch's comes before a module of the engine of that name.
    assert engine.nn.modules.activation.MultiheadAttention is engine.nn.MultiheadAttention
    assert "Conv2d" in dir(engine.nn.modules.conv)


def test_no_module_is_loaded_twice() -> None:
    import engine.nn.modules.conv

    assert sys.modules["engine.nn.conv"].Conv2d is engine.nn.modules.conv.Conv2d
    assert engine.cuda is sys.modules["engine.compat.cuda"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "from engine.fx import Tracer",
            "engine.fx.Tracer: tracing to a graph is not implemented yet",
        ),
        ("from engine.fx.node import Node", "engine.fx.node: tracing to a graph"),
        ("import engine.distributed.rpc", "engine.distributed.rpc: work over several processes"),
        (
            "from engine.onnx import export",
            "engine.onnx.export: exporting to ONNX is not implemented",
        ),
        (
            "from engine import complex64",
            "engine.complex64: complex numbers are not implemented yet",
        ),
    ],
)
def test_missing_names_are_import_errors_that_say_why(line: str, says: str) -> None:
    with pytest.raises(ImportError, match=says):
        exec(line)


def test_unknown_names_are_attribute_errors() -> None:
    for name in ("no_such_name", "_no_such_name", "__no_such_name__"):
        assert not hasattr(engine, name) and not hasattr(engine.nn, name)
        with pytest.raises(AttributeError, match=name):
            getattr(engine.nn.functional, name)
    with pytest.raises(ImportError):
        importlib.import_module("engine.no_such_module")
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from engine.nn.modules.conv import no_such_name")


def test_importing_the_engine_imports_none_of_it() -> None:
    code = (
        "import sys, engine; print(*(m for m in sys.modules if m.startswith('engine.compat.')), "
        "*(m for m in ('multiprocessing', 'engine.multiprocessing') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("engine.compat.") for name in done.stdout.split()}
    assert loaded == {"compiler", "finder", "missing_methods", "missing_names"}
