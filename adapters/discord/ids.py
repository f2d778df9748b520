"""The custom_ids of our buttons and forms: they hold the job's id, so that a button works after a
restart and on old messages."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from generation.domain.clip_actions import ANIMATE, ClipAction
from generation.domain.job import JobId
from generation.domain.report import Decision

_FORM: Final = re.compile(rf"v1:({'|'.join(ClipAction)}):([0-9a-f]{{24}})")
_JOB: Final = r"(?P<parent>[0-9a-f]{24})"
_MODAL: Final = re.compile(rf"v1:(?:{ANIMATE}|{ClipAction.EDIT}:{_JOB}):(?P<opening>[0-9]{{1,20}})")
_EDITED: Final = re.compile(rf"v1:{ClipAction.EDIT}:{_JOB}")
_DRAFT: Final = re.compile(r"v1:draft:(?P<draft>[0-9a-f]{24})")
_ID: Final = re.compile(r"[0-9a-f]{24}")
_PAGE: Final = re.compile(r"v1:history:(newer|older):([0-9a-f]{24})")
CHOOSE_ID: Final = "v1:choose"
"""The list to choose a clip from; what is chosen is a job's id."""
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


class OpenedForm(NamedTuple):
    """A form that was shown: the clip that it edits, and the interaction that opened it. Sent off
    twice it asks for the same clip."""

    parent: JobId | None
    opening: str


def modal_id(opened: OpenedForm) -> str:
    """``v1:edit:<job id>:<interaction id>``: at most 53 of Discord's 100 characters."""
    edited = ANIMATE if opened.parent is None else f"{ClipAction.EDIT}:{opened.parent}"
    return f"v1:{edited}:{opened.opening}"


def opened_form(custom_id: str) -> OpenedForm | None:
    """What a modal's id says; None for one that is forged or of another version."""
    match = _MODAL.fullmatch(custom_id)
    if match is None:
        return None
    parent = match["parent"]
    return OpenedForm(None if parent is None else JobId(parent), match["opening"])


class Side(StrEnum):
    """The two sides of a page of a history."""

    NEWER = "newer"
    OLDER = "older"


def page_id(side: Side, beside: JobId) -> str:
    """``v1:history:older:<job id>``: the page next to a job that is on this one."""
    return f"v1:history:{side}:{beside}"


def page_in(custom_id: str) -> tuple[Side, JobId] | None:
    """The page that a button leads to; None for other buttons."""
    match = _PAGE.fullmatch(custom_id)
    return (Side(match[1]), JobId(match[2])) if match else None


def job_id_in(value: object) -> JobId | None:
    """The job that was chosen from a list; None for a value that is forged."""
    return JobId(value) if isinstance(value, str) and _ID.fullmatch(value) else None


def draft_button_id(draft_id: str) -> str:
    """The button that opens a form again with what was typed."""
    return f"v1:draft:{draft_id}"


def draft_in(custom_id: str) -> str | None:
    """The draft that a button opens; None for other buttons."""
    match = _DRAFT.fullmatch(custom_id)
    return None if match is None else match["draft"]


def edited_clip(custom_id: str) -> JobId | None:
    """The clip that ✏️ edits; None for other buttons."""
    match = _EDITED.fullmatch(custom_id)
    return None if match is None else JobId(match["parent"])
