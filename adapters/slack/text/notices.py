"""Notices as Slack shows them."""

from collections import Counter
from collections.abc import Sequence

from adapters.slack.models import Block, SlackContent
from adapters.slack.text.markup import SLACK
from generation.domain.notice import Notice
from generation.text.notices import NoticeButton, NoticeText, notice_text

_SECTION_LIMIT = 2_900
"""Characters; Slack takes 3,000 in a section."""


def notice_content(notice: Notice) -> SlackContent:
    """The notice with its buttons."""
    return text_content(notice_text(notice, SLACK))


def text_content(text: NoticeText) -> SlackContent:
    """Lines with buttons under them."""
    blocks = [_section(said) for said in _parts(text.lines)]
    if text.buttons:
        blocks.append({"type": "actions", "elements": _row(text.buttons)})
    return SlackContent("\n".join(text.lines), tuple(blocks))


def _parts(lines: Sequence[str]) -> list[str]:
    """The lines, as many together as a section takes."""
    parts: list[str] = []
    for line in lines:
        longer = f"{parts[-1]}\n{line}" if parts else line
        if parts and len(longer) <= _SECTION_LIMIT:
            parts[-1] = longer
        else:
            parts.append(line[:_SECTION_LIMIT])
    return parts


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _row(offered: Sequence[NoticeButton]) -> list[Block]:
    actions = Counter(_parted(each)[0] for each in offered)
    return [_button(each, is_alone=actions[_parted(each)[0]] == 1) for each in offered]


def _parted(offered: NoticeButton) -> tuple[str, str]:
    """The handlers know a button by its action; what follows the last colon is the value."""
    action, _, value = offered.id.rpartition(":")
    return action, value


def _button(offered: NoticeButton, *, is_alone: bool) -> Block:
    action, value = _parted(offered)
    button: Block = {
        "type": "button",
        # Slack refuses the whole message where two buttons of a row have one id
        "action_id": action if is_alone else offered.id,
        "value": value,
        "text": {"type": "plain_text", "text": str(offered.label)},
    }
    return button | ({"style": "danger"} if offered.is_dangerous else {})
