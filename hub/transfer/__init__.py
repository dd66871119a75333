"""Files over HTTP: resumed, hashed while they are received, never taken on trust.

`fetch` fetches one URL into one file; everything else here is a part of it:

    limits       timeouts, retries and speeds
    http         one request: redirects, credentials, checks of the response
    retry        transient failures, and the wait before the next attempt
    partial      the file being received, and the note from which another process resumes it
    checkpoints  the times at which that note is written
    ranges       sets of byte ranges
    plan         the parts of a file that connections claim
    connections  the first connection, and helpers
    digests      SHA-256 and git's SHA-1, computed behind the received bytes
    speed        a bandwidth limit, and a minimum speed
"""

from hub.file_info import Expected
from hub.transfer.fetching import fetch
from hub.transfer.http import new_session
from hub.transfer.limits import Limits
from hub.transfer.speed import Throttle

__all__ = ["Expected", "Limits", "Throttle", "fetch", "new_session"]
