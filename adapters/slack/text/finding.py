"""History and queue as Slack shows them to one member."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.ids import NEWER_ACTION, OLDER_ACTION
from adapters.slack.models import Block, Identity, SlackContent
from adapters.slack.text.clips import controls
from adapters.slack.text.markup import SLACK
from generation.domain.clip_actions import ClipAction
from generation.domain.gallery import HistoryPage, JobUnderWay
from generation.domain.refs import UserRef
from generation.text import lists

MOST_LISTED: Final = 15
_SECTION_LIMIT: Final = 2_900


def history_content(page: HistoryPage, identity: Identity, *, turns: bool = False) -> SlackContent:
    """A page of a member's own clips, each with its controls; ``turns``: it takes the place of the
    page that the member saw."""
    head = lists.history_head(page, SLACK)
    lines = [
        (lists.history_line(each.job, identity.link_to(each.message), SLACK), each.job)
        for each in page.shown
    ]
    blocks = [_section("\n".join(head))]
    blocks += [_section(line) | controls(job) for line, job in lines]
    if ways := ways_beside(page):
        blocks.append({"type": "actions", "elements": ways})
    text = "\n".join([*head, *(f"{SLACK.bullet}{line}" for line, _ in lines)])
    return SlackContent(text, tuple(blocks), replaces=turns)


def ways_beside(page: HistoryPage) -> list[Block]:
    """Buttons to the pages on both sides of one."""
    return [
        _way(action, label, beside)
        for action, label, beside in (
            (NEWER_ACTION, lists.NEWER, page.newer_than),
            (OLDER_ACTION, lists.OLDER, page.older_than),
        )
        if beside is not None
    ]


def queue_content(
    jobs: Sequence[JobUnderWay], reader: UserRef, backends: Sequence[str] = ()
) -> SlackContent:
    """A workspace's jobs under way, oldest first, with ✖️ where the reader may cancel; ``backends``
    are sentences about backends in trouble."""
    shown = jobs[:MOST_LISTED]
    head = lists.queue_head(shown, backends, SLACK)
    lines = [lists.queue_line(each, place, reader, SLACK) for place, each in enumerate(shown, 1)]
    more = [SLACK.gettext(lists.MORE)] if len(jobs) > MOST_LISTED else []
    blocks = [
        _section("\n".join(head)),
        *(
            _section(line) | controls(each.job, only=ClipAction.CANCEL)
            if each.may_cancel
            else _section(line)
            for line, each in zip(lines, shown, strict=True)
        ),
        *(_section(line) for line in more),
    ]
    return SlackContent("\n".join([*head, *lines, *more]), tuple(blocks))


def _way(action: str, label: str, beside: str) -> Block:
    words = {"type": "plain_text", "text": SLACK.gettext(label)}
    return {"type": "button", "action_id": action, "text": words, "value": beside}


def _section(text: str) -> Block:
    words = {"type": "mrkdwn", "text": text[:_SECTION_LIMIT], "verbatim": True}
    return {"type": "section", "text": words}
