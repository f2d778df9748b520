"""The composition root: the only package that knows all the others."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - started without pip, which would have refused
    sys.exit(
        "Flipbook needs Python 3.11 or newer, and this is "
        f"{sys.version_info[0]}.{sys.version_info[1]}: install python3.11 and python3.11-venv, "
        "then `make PYTHON=python3.11 demo`."
    )

from generation import __version__ as __version__
