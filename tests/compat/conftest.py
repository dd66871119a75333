from __future__ import annotations

# Parts of the programs, which import the libraries of `make compat`.
collect_ignore_glob = ["shims/*", "launch.py", "scalars.py", "torchvision_models.py"]
