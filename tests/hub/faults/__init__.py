"""Downloads under faults, many times over: nothing wrong is ever visible, and a retry completes.

    python -m tests.hub.faults --runs 1000 --seed 0

Each run has a file or a repository, a server with faults, a cache and one to eight clients, all of
which follow from seed and number of the run. While the clients work, and are killed, the cache is
looked at the way another program would. Then the faults end and one more client is started, and
what nobody needs is collected. A run passes if

- every file that was visible at any moment was one that the server had, whole, and the pinned one;
- a branch was never seen before all files of its commit were;
- each client ended well, by an error of ours, or because it was killed;
- that last client ended well, and the cache holds each file once, with nothing left beside it;
- the bytes of a blob, once visible, were never written again.

plans      what happens in a run
clients    the processes that download
files      runs of single files by their URLs
repos      runs of repositories
onlooking  a cache, looked at while others write it
runs       one after the other, and what they amounted to
"""
