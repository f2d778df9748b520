"""``flipbook doctor``: checks everything that clips depend on."""
