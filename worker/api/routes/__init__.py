"""The routes, a module per group of paths."""
