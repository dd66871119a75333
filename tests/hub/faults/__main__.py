"""`python -m tests.hub.faults`: execute the runs and print their tally."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.hub import faults
from tests.hub.faults.runs import Runs


def main() -> int:
    parser = argparse.ArgumentParser(description=(faults.__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(options.seed, Path(folder))
        try:
            for number in range(options.first, options.first + options.runs):
                runs.run(number)
        finally:
            runs.close()
    print(runs.tally.report())
    return 1 if runs.tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
