"""Fault injection in downloads: no wrong file is ever visible, and a retry completes.

    python -m tests.hub.faults --runs 1000 --seed 0

Each run has a file or a repository, a server with faults, a cache and one to eight clients, all
determined by seed and number of the run. While the clients work, and are killed, the cache is
observed like by another program. Then the faults end, one more client is started, and garbage is
collected. A run passes if

- every file visible at any moment was a complete file of the server, and the pinned one;
- a branch was never visible before all files of its commit;
- each client ended with success, with an error of the hub, or killed;
- the last client ended with success, and the cache contains each file once and nothing else;
- the bytes of a visible blob were never changed.

plans      the faults and events of a run
clients    the processes that download
files      runs of single files by their URLs
repos      runs of repositories
observers  observation of a cache while others write it
runs       execution of runs, and their tally
"""
