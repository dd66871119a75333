"""Lock files: everything a program loads, down to the byte.

format   what a lock file says, and how it is written and read
active   the lock file in force: what is loaded under it
making   `lock` writes one, `sync` makes a machine ready for it
"""

from hub.lockfile.active import active, locked

__all__ = ["active", "locked"]
