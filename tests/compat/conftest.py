from __future__ import annotations

collect_ignore_glob = ["shims/*", "launch.py", "torchvision_models.py"]  # parts of the programs
