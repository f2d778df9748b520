"""The ids of our buttons: they hold the job's id, so a button works after a restart and on last month's message."""

import re
from enum import StrEnum
from typing import Final

from generation.job import JobId

_FORM: Final = re.compile(r"v1:(reroll|cancel):([0-9a-f]{24})")


class Action(StrEnum):
    """What a button asks for."""

    REROLL = "reroll"
    CANCEL = "cancel"


def custom_id(action: Action, job_id: JobId) -> str:
    """``v1:reroll:<job id>``: 34 of the 100 characters that Discord allows."""
    return f"v1:{action}:{job_id}"


def parse_custom_id(text: str) -> tuple[Action, JobId] | None:
    """What a button asks for, and of which job; None for what is not one of ours (forged, or of another version)."""
    match = _FORM.fullmatch(text)
    return (Action(match[1]), JobId(match[2])) if match else None
