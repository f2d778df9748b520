"""``flipbook spend``: what was spent, by what, and whether the books are right."""
