"""Files over HTTP: resumed, checked while they come, never taken on trust.

`fetch` brings one URL into one file; everything else here is a part of it:

    limits    how long, how often, how fast: numbers to change
    http      one request: redirects, credentials, what an answer must look like
    retry     which failures pass, and how long to wait for that
    partial   the file being received and the note beside it from which another process goes on
    checkpoints  when that note is written
    ranges    which bytes are there
    plan      who of several connections brings which part
    connections  the first connection, and helpers
    digests   SHA-256 and git's SHA-1, computed behind the bytes as they come
    speed     a limit of bandwidth, and a floor under it
"""

from hub.file_info import Expected
from hub.transfer.fetching import fetch
from hub.transfer.http import new_session
from hub.transfer.limits import Limits
from hub.transfer.speed import Throttle

__all__ = ["Expected", "Limits", "Throttle", "fetch", "new_session"]
