"""The custom_ids of our buttons and forms: they hold the job's id, so that a button works after a
restart and on old messages."""

import re
from typing import Final

from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.domain.report import Decision

_FORM: Final = re.compile(rf"v1:({'|'.join(ClipAction)}):([0-9a-f]{{24}})")
_CASE: Final = re.compile(rf"v1:case:({'|'.join(Decision)}):([0-9a-f]{{24}})")


def custom_id(action: ClipAction, job_id: JobId) -> str:
    """``v1:reroll:<job id>``, of the 100 characters that Discord allows."""
    return f"v1:{action}:{job_id}"


def parse_custom_id(text: str) -> tuple[ClipAction, JobId] | None:
    """A button's action and job; None for an id that is forged or of another version."""
    match = _FORM.fullmatch(text)
    return (ClipAction(match[1]), JobId(match[2])) if match else None


def parse_case_id(text: str) -> tuple[Decision, JobId] | None:
    """What an admin decides, and about which job; None for other ids."""
    match = _CASE.fullmatch(text)
    return (Decision(match[1]), JobId(match[2])) if match else None
