"""The ids of our buttons and blocks. Old messages hold them, so their values never change."""

import re
from typing import Final

from generation.domain.clip_actions import ANIMATE, ClipAction
from generation.domain.job import JobId
from generation.domain.report import Decision
from generation.protocol.errors import JobNotFound

ACTION_PREFIX: Final = "v1:"
ANIMATE_ACTION: Final = f"{ACTION_PREFIX}{ANIMATE}"
PRIVACY_ACTION: Final = re.compile(r"\Av1:privacy(?::[a-z]+)?\Z")
"""Of several buttons in a row each has its value in its id too."""
FORGET_ACTION: Final = "v1:forget"
PRESET_ACTION: Final = re.compile(r"\Av1:(?:apply_)?preset(?::[a-z-]+)?\Z")
DELETE_ACTION: Final = f"{ACTION_PREFIX}{ClipAction.DELETE}"
REPORT_ACTION: Final = f"{ACTION_PREFIX}{ClipAction.REPORT}"
MORE_ACTION: Final = f"{ACTION_PREFIX}more"
"""The menu under a clip; the values of its entries begin with an action's word."""
CASE_ACTION: Final = re.compile(rf"v1:case:({'|'.join(Decision)})")
OLDER_ACTION: Final = "v1:history:older"
NEWER_ACTION: Final = "v1:history:newer"
"""To the pages beside one of a history; the value is the job that they begin next to."""
FORM: Final = f"v1:{ANIMATE}"
EDIT_ACTION: Final = f"v1:{ClipAction.EDIT}"
"""A form's own id, and the button that opens it on a clip."""
DRAFT_ACTION: Final = "v1:draft"
MAKE_SHORTCUT: Final = "v1:make"
TEXT_SHORTCUT: Final = "v1:text"
HOME_ACTION: Final = re.compile(r"v1:home:(refresh|notify|defaults|used|limits)")
"""The buttons of the Home tab that are about no clip."""
LIMITS_FORM: Final = "v1:limits"
DEFAULTS_FORM: Final = "v1:defaults"
WHERE: Final = "where"
"""The input of a form that asks for a channel."""
REROLL_REACTION: Final = "repeat"
"""Slack's name for 🔁."""

_ASKING: Final = re.compile(r"ask:(?P<ts>[0-9.]{1,32}):(?P<thread>[0-9.]{0,32})")
_JOB_ID: Final = re.compile(r"[0-9a-f]{24}")


def action_id(action: ClipAction) -> str:
    """The id of an action's button: ``v1:reroll``; its value is the job's id."""
    return f"{ACTION_PREFIX}{action}"


def home_action(word: str) -> str:
    """The id of a button of the Home tab."""
    return f"v1:home:{word}"


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
    """A job's id as a button holds it. Raises JobNotFound for text of another form."""
    given = text.strip().strip("`").lower()
    if not _JOB_ID.fullmatch(given):
        raise JobNotFound(text.strip()[:24])
    return JobId(given)
