"""The composition root: the only package that knows all the others."""

from generation import __version__ as __version__
