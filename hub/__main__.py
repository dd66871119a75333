"""`python -m hub`: the same as the command `hub`."""

import sys

from hub.cli import main

sys.exit(main())
