"""``flipbook backup``, ``verify`` and ``restore``: everything of a bot in one file."""
