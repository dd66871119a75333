"""Care of the caches, that of the hub and that of repositories: what is there, and less of it.

items     what is cached, one item for each reference
filters   which of it is meant: by size, age, kind and pattern
removing  items removed, with the bytes that nothing else needs
garbage   what no item needs and nobody is fetching
moving    a cache taken to another disk
archive   items written to one file, and taken from it
"""
