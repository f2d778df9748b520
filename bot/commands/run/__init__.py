"""``flipbook run``: the whole service in one process."""
