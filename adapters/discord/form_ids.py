"""The custom_ids of forms and of the buttons that open one. They hold everything that has to be
known when a form comes back, so that it works after a restart."""

import re
from typing import Final, NamedTuple

from generation.domain.clip_actions import ANIMATE, ClipAction
from generation.domain.job import JobId

_JOB: Final = r"(?P<parent>[0-9a-f]{24})"
_MODAL: Final = re.compile(rf"v1:(?:{ANIMATE}|{ClipAction.EDIT}:{_JOB}):(?P<opening>[0-9]{{1,20}})")
_EDIT: Final = re.compile(rf"v1:{ClipAction.EDIT}:{_JOB}")
_DRAFT: Final = re.compile(r"v1:draft:(?P<draft>[0-9a-f]{24})")


class OpenedForm(NamedTuple):
    """A form that was shown: the clip that it edits, and the interaction that opened it. Sent off
    twice it is the same wish."""

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


def draft_button_id(draft_id: str) -> str:
    """The button that opens a form again with what was typed."""
    return f"v1:draft:{draft_id}"


def draft_in(custom_id: str) -> str | None:
    """The draft that a button opens; None for other buttons."""
    match = _DRAFT.fullmatch(custom_id)
    return None if match is None else match["draft"]


def edited_clip(custom_id: str) -> JobId | None:
    """The clip that ✏️ edits; None for other buttons."""
    match = _EDIT.fullmatch(custom_id)
    return None if match is None else JobId(match["parent"])
