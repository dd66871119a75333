"""Public PyTorch programs, run on the engine without a change to their files: `make compat`."""
