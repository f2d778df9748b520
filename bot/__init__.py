"""The composition root: the only package that knows all the others."""

from importlib.metadata import version

__version__ = version("flipbook")
