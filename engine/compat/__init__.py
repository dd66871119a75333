"""PyTorch's module paths, and errors for its names that are not implemented.

Everything that exists only for PyTorch's programs is in this folder:

- ``paths``: the table of PyTorch's module paths and the modules that implement them;
- ``finder``: the import hook that reads the table, once an import has found no file;
- ``differences``: the table of missing names, from which the errors and docs/differences.md
  are generated;
- one module for each of PyTorch's with little to do here: ``cuda``, ``backends``, ``jit``, ...

>>> import engine
>>> from engine.nn.modules.conv import Conv2d
>>> Conv2d is engine.nn.Conv2d
True
>>> engine.cuda.is_available()
False
"""
