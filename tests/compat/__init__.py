"""Public PyTorch programs, run unmodified on the engine: `make compat`."""
