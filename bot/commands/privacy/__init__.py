"""``flipbook privacy`` and ``flipbook prune``: what is kept of members, for operators."""
