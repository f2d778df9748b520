"""How benchmarks start their processes, and print: the machine, and tables for the docs."""

import logging
import os
import platform
import sys
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

PYTHON = (sys.executable, "-m")
_PATHS = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(_PATHS)}
"""With it, ``PYTHON`` runs a module of a benchmark, such as ``chat_load.bot``."""


def machine() -> str:
    """One line: date, processor, cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def quiet(shown: int = logging.ERROR) -> None:
    """Keep warnings and log lines below a level out of the tables; the others go to standard
    error."""
    warnings.simplefilter("ignore")
    logging.disable(shown - 1)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(shown),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
