"""The Home tab: a member's clips under way and ended, each with its buttons, what is left to them,
and for admins the limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.slack.ids import MAKE_SHORTCUT, home_action, job_block_id
from adapters.slack.models import Block, Identity, SlackContent
from adapters.slack.text import clips
from adapters.slack.text.finding import ways_beside
from adapters.slack.text.markup import SLACK, date
from generation.domain.clip_actions import state_of
from generation.domain.job import Job
from generation.rules.choices import OwnChoices
from generation.rules.server_rules import ServerRules
from generation.service import Quota
from generation.service.pages import MemberClips
from generation.text.controls import home as words
from generation.text.dialect import Markup
from generation.text.forms import choices
from generation.text.forms.fields import CLOSE, loading_words
from generation.text.help import MAKE_A_CLIP
from generation.text.money.quota import quota_lines
from generation.text.rules import chat

View = dict[str, Any]
MOST_UNDER_WAY: Final = 10
"""With two blocks for each clip, all of a page stays far below the 100 that Slack takes."""
_SECTION_LIMIT: Final = 2_900
_MOST_LINES: Final = 3
"""Sections of lines about one thing."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """What is on a member's page. ``identity`` knows the addresses of clips' messages, ``own`` is
    what the member has chosen, ``rules`` are there for admins alone, ``trouble`` are sentences
    about backends and chats."""

    clips: MemberClips
    quota: Quota
    identity: Identity
    own: OwnChoices
    rules: ServerRules | None = None
    trouble: Sequence[str] = ()


def home_view(page: HomePage, now: datetime, notice: SlackContent | None = None) -> View:
    """The page as it is published; ``notice`` answers the member's last click."""
    return _view(list(_blocks(page, now, notice)))


def refused_home(sentence: str) -> View:
    """For a person whom the bot may not serve."""
    return _view([_section(sentence)])


def answer_view(text: str | None = None) -> View:
    """An answer to a click in the Home tab, where no message can hold it; None: it is yet to
    come."""
    lines = [loading_words(SLACK)] if text is None else text.split("\n")
    return {
        "type": "modal",
        "title": _plain("Flipbook"),
        "close": _plain(SLACK.gettext(CLOSE)),
        "blocks": list(_sections(lines)),
    }


def shown_states(found: MemberClips) -> object:
    """What of a page changes when something happens to a clip, but not when one only moves on."""
    under_way = tuple((job.id, progress.phase) for job, progress in found.under_way)
    return under_way, tuple((each.job.id, state_of(each.job)) for each in found.history.shown)


def shown_moves(found: MemberClips) -> Sequence[str]:
    """What of a page changes when a clip moves on."""
    return [words.under_way_words(job, progress, SLACK) for job, progress in found.under_way]


def _blocks(page: HomePage, now: datetime, notice: SlackContent | None) -> Iterator[Block]:
    if notice is not None:
        yield from _notice(notice)
        yield {"type": "divider"}
    yield _buttons()
    yield _context(words.as_of_words(Markup(date(now)), SLACK))
    for line in page.trouble:
        yield _context(f"⚠️ {SLACK.escape(line)}")
    yield _header(words.UNDER_WAY)
    yield from (
        _under_way(page)
        if page.clips.under_way
        else [_section(words.nothing_under_way_words(SLACK))]
    )
    yield _header(words.HISTORY)
    yield from _history(page)
    yield _header(words.QUOTA)
    quota = page.quota
    yield from _sections(
        quota_lines(quota.limits, quota.usage, SLACK, hour_resets_at=quota.hour_resets_at)
    )
    yield from _choices(page.own)
    if page.rules is not None:
        yield from _for_admins(page.rules)


def _notice(notice: SlackContent) -> Iterator[Block]:
    """An answer as it would be a message; a block's id may be that of another one on the page."""
    for block in notice.blocks:
        yield {name: value for name, value in block.items() if name != "block_id"}
    if not notice.blocks:
        yield from _sections(notice.text.split("\n"))


def _under_way(page: HomePage) -> Iterator[Block]:
    for job, progress in page.clips.under_way[:MOST_UNDER_WAY]:
        yield _section(words.under_way_words(job, progress, SLACK))
        yield _row(job)


def _history(page: HomePage) -> Iterator[Block]:
    """A page of the clips that have ended, each with its buttons, and the ways to those beside."""
    history = page.clips.history
    if not history.shown:
        yield _section(words.no_clips_words(SLACK))
    for each in history.shown:
        link = page.identity.link_to(each.message)
        yield _section(words.ended_clip_words(each.job, link, SLACK))
        if clips.row(each.job):
            yield _row(each.job)
    if ways := ways_beside(history):
        yield {"type": "actions", "elements": ways}


def _choices(own: OwnChoices) -> Iterator[Block]:
    """When the member is told, to be chosen here, and their defaults."""
    yield _header(words.CHOICES)
    options = [
        {"text": _plain(label), "value": value} for label, value in choices.notify_choices(SLACK)
    ]
    chosen = choices.SERVERS_CHOICE if own.chosen.notify is None else own.chosen.notify.value
    select = {
        "type": "static_select",
        "action_id": home_action("notify"),
        "options": options,
        "initial_option": next(each for each in options if each["value"] == chosen),
    }
    yield _section("\n".join(choices.notify_lines(own, SLACK)))
    change = _button(home_action("defaults"), f"✏️ {SLACK.gettext(words.CHANGE_DEFAULTS)}")
    yield {"type": "actions", "elements": [select, change]}
    yield from _sections(choices.defaults_lines(own, SLACK))


def _row(job: Job) -> Block:
    return {"type": "actions", "block_id": job_block_id(job.id), "elements": list(clips.row(job))}


def _for_admins(rules: ServerRules) -> Iterator[Block]:
    yield _header(words.ADMINS)
    yield {
        "type": "actions",
        "elements": [
            _button(home_action("limits"), f"⚙️ {SLACK.gettext(words.CHANGE_LIMITS)}"),
            _button(home_action("used"), f"📊 {SLACK.gettext(words.WHO_USED)}"),
        ],
    }
    yield from _sections(chat.rules_list(rules, SLACK))


def _buttons() -> Block:
    make = _button(MAKE_SHORTCUT, f"🎬 {SLACK.gettext(MAKE_A_CLIP)}") | {"style": "primary"}
    refresh = _button(home_action("refresh"), f"🔄 {SLACK.gettext(words.REFRESH)}")
    return {"type": "actions", "elements": [make, refresh]}


def _button(action_id: str, label: str) -> Block:
    return {"type": "button", "action_id": action_id, "text": _plain(label)}


def _sections(lines: Sequence[str]) -> Iterator[Block]:
    """The lines in as few sections as hold them, at most :data:`_MOST_LINES`."""
    text, count = "", 0
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        if len(longer) > _SECTION_LIMIT:
            yield _section(text)
            text, count = line[:_SECTION_LIMIT], count + 1
            if count == _MOST_LINES:
                return
        else:
            text = longer
    if text:
        yield _section(text)


def _view(blocks: list[Block]) -> View:
    return {"type": "home", "blocks": blocks}


def _header(message: str) -> Block:
    return {"type": "header", "text": _plain(SLACK.gettext(message))}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
