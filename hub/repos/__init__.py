"""Repositories of the Hugging Face Hub, and of servers that speak as it does.

The listings come from the library `huggingface_hub`; the bytes come through `hub.transfer` and
are checked against the hashes that the repository gives before anything is published. They are
stored in the library's own cache, which its clients read:

    repo_id         references to repositories
    client          requests to the server
    tree            the files of a commit, validated
    layout          the cache on the disk
    verified_files  files whose hash was verified, so that untouched ones are not hashed again
    validation      checks of files beyond their hash
    cached          cached files, verified when they are read
    fetching        fetching of files
    plan            selection of the files of a commit
    repository      all of that together: files and snapshots
    hf_cache        the interface of `hub.caches`
    packing         repositories in archives
    localdir        plain files in a folder of the user's
    progress        progress of many files at once
"""
