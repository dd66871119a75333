"""Repositories of the Hugging Face Hub, and of servers with the same API.

Listings are requested by the library `huggingface_hub`; bytes are received by `hub.transfer` and
checked against the repository's hashes before anything is published. They are stored in the
library's own cache, which its clients read:

    repo_id         references to repositories
    client          requests to the server
    tree            the files of a commit, validated
    layout          the cache on the disk
    verified_files  files whose hash was verified, so that untouched ones are not hashed again
    validation      checks of files beyond their hash
    cached_repo     lookup of cached files, verified when they are read
    fetcher         download of files into the cache
    plan            selection of the files of a commit
    repository      files and snapshots of a repository, by all of the above
    hf_cache        the interface of `hub.caches`
    archive_entry   repositories in archives
    local_dir       plain files in a folder of the user
    progress        progress of many files at once
"""
