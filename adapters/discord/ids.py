"""The custom_ids of our buttons: they hold the job's id, so that a button works after a restart and
on old messages."""

import re
from enum import StrEnum
from typing import Final

from generation.domain.job import JobId

_FORM: Final = re.compile(r"v1:(reroll|cancel):([0-9a-f]{24})")


class ButtonAction(StrEnum):
    """What a button does."""

    REROLL = "reroll"
    CANCEL = "cancel"


def custom_id(action: ButtonAction, job_id: JobId) -> str:
    """``v1:reroll:<job id>``: 34 of the 100 characters that Discord allows."""
    return f"v1:{action}:{job_id}"


def parse_custom_id(text: str) -> tuple[ButtonAction, JobId] | None:
    """A button's action and job; None for an id that is forged or of another version."""
    match = _FORM.fullmatch(text)
    return (ButtonAction(match[1]), JobId(match[2])) if match else None
