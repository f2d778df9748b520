"""The ids of our buttons and blocks. Old messages hold them, so their values never change."""

import re
from typing import Final

from generation.domain.job import JobId
from generation.protocol.errors import JobNotFound

REROLL_ACTION: Final = "v1:reroll"
CANCEL_ACTION: Final = "v1:cancel"
ANIMATE_ACTION: Final = "v1:animate"
PRIVACY_ACTION: Final = "v1:privacy"
FORGET_ACTION: Final = "v1:forget"
REROLL_REACTION: Final = "repeat"
"""Slack's name for 🔁."""

_ASKING: Final = re.compile(r"ask:(?P<ts>[0-9.]{1,32}):(?P<thread>[0-9.]{0,32})")
_JOB_ID: Final = re.compile(r"[0-9a-f]{24}")


def job_block_id(job_id: JobId) -> str:
    """The id of the block that holds a job's buttons."""
    return f"job:{job_id}"


def asking_block_id(ts: str, thread: str | None) -> str:
    """The id of the block that asks about a mention: its ``ts`` and thread."""
    return f"ask:{ts}:{thread or ''}"


def asked_about(block_id: str) -> tuple[str, str | None] | None:
    """The ``ts`` and the thread of the mention that a block asks about; None for other blocks."""
    found = _ASKING.fullmatch(block_id)
    return None if found is None else (found["ts"], found["thread"] or None)


def job_id_in(text: str) -> JobId:
    """A job's id as a button or a member wrote it. Raises JobNotFound for text of another form."""
    given = text.strip().strip("`").lower()
    if not _JOB_ID.fullmatch(given):
        raise JobNotFound(text.strip()[:24])
    return JobId(given)
