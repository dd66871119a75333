from __future__ import annotations

# Doctest would find the whole op table there, and run it where float and int are dtypes.
# tests/engine/test_op_examples.py runs what this leaves out.
collect_ignore = ["engine/__init__.py"]
