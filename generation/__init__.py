"""The core: what a clip is, what a job is, and how one becomes the other. It imports no
other package of Flipbook."""

from importlib.metadata import version
from typing import Final

# the package index has another project called "flipbook"
DISTRIBUTION: Final = "flipbook-bot"

__version__ = version(DISTRIBUTION)


def how_to_install(extra: str) -> str:
    """What to do where the libraries of ``extra`` are missing: Flipbook is installed from its
    own folder, not from a package index."""
    return f"in the folder that Flipbook was installed from: pip install '.[{extra}]'"
