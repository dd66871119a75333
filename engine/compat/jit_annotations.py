"""``torch.jit.annotations``: the types of TorchScript, as those of Python."""

from __future__ import annotations

from typing import Dict as Dict, List as List, Optional as Optional, Tuple as Tuple  # noqa: UP035

BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = list
