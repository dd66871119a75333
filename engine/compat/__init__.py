"""PyTorch's module paths, and answers for its names that are not here.

All that exists for PyTorch's programs alone is in this folder:

- ``paths``: the table of PyTorch's module paths and the modules that stand for each;
- ``finder``: the import hook that reads the table, once an import has found no file;
- ``differences``: the table of names that are missing, from which the errors and
  docs/differences.md are made;
- one module for each of PyTorch's that has little to say here: ``cuda``, ``backends``, ``jit``, ...

>>> import engine
>>> from engine.nn.modules.conv import Conv2d
>>> Conv2d is engine.nn.Conv2d
True
>>> engine.cuda.is_available()
False
"""
