"""What bot and worker agree on: requests, errors, progress, work, the wire, and small shared parts
(clock, back-off, cache, disk, the guard for addresses).

Besides :mod:`generation.mp4` this is all of :mod:`generation` that the worker imports.
"""
