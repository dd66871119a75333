"""Maintenance of the caches.

filters   which cached items are meant: by size, age, kind and pattern
moving    a cache taken to another disk
archive   items written to one file, and taken from it
"""
