"""Downloads over HTTP: resumed, hashed while they are received, and verified.

`fetch` fetches one URL into one file; the other modules are its parts:

    limits       timeouts, retries and speeds
    http         one request: redirects, credentials, checks of the response
    retry        transient failures, and the wait before the next attempt
    partial      the file being received, and the note of its ranges, for resumption
    checkpoints  the thread that writes the note
    ranges       sets of byte ranges
    plan         the parts of a file that connections claim
    connections  the first connection, and helpers for slow ones
    digests      SHA-256 and git's SHA-1 of the file, computed during the download
    speed        a bandwidth limit, and a minimum speed
"""

from hub.file_info import Expected
from hub.transfer.fetching import fetch
from hub.transfer.http import new_session
from hub.transfer.limits import Limits
from hub.transfer.speed import Throttle

__all__ = ["Expected", "Limits", "Throttle", "fetch", "new_session"]
