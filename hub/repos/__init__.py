"""Repositories of the Hugging Face Hub, and of servers that speak as it does.

What is where comes from the library `huggingface_hub`; the bytes come through `hub.transfer` and
are checked against the hashes that the repository gives before anything is published. They are
kept in the library's own cache, which its clients read:

    names       references to repositories
    client      what the server says
    tree        the files of a commit, checked before they are believed
    layout      the cache on the disk
    verified      which files were hashed, so that untouched ones need not be again
    contents    what a file must be besides its hash
    cached      files that are here, checked when they are read
    fetching    files that are brought here
    plan        which files of a commit are meant
    repository  all of that together: files and snapshots
    localdir    plain files in a folder of the user's
    bars        progress of many files at once
"""
