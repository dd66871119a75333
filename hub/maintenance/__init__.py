"""Maintenance of the caches.

filters   selection of cached items by size, age, kind and pattern
move      moving a cache to another disk
archive   export and import of items as one file
"""
