"""Notices as Slack shows them."""

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
    said = "\n".join(text.lines)[:_SECTION_LIMIT]
    section: Block = {"type": "section", "text": {"type": "mrkdwn", "text": said}}
    if not text.buttons:
        return SlackContent(said, (section,))
    return SlackContent(
        said, (section, {"type": "actions", "elements": [_button(each) for each in text.buttons]})
    )


def _button(offered: NoticeButton) -> Block:
    # the handlers know it by its action; ids after the second colon are the value
    action, _, value = offered.id.rpartition(":")
    button: Block = {
        "type": "button",
        "action_id": action,
        "value": value,
        "text": {"type": "plain_text", "text": str(offered.label)},
    }
    return button | ({"style": "danger"} if offered.is_dangerous else {})
