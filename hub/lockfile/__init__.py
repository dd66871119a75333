"""Lock files: commit, size and SHA-256 of every file that a program loads.

format     entries of a lock file, its parser and writer
active     the active lock file of the process
lock_sync  `lock` writes one, `sync` fetches its files
"""

from hub.lockfile.active import active, locked

__all__ = ["active", "locked"]
