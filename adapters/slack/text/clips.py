"""A clip's controls as Slack shows them: the row under its message, its settings, and answers."""

import re
from collections.abc import Sequence
from typing import Any, Final

from adapters.slack.ids import MORE_ACTION, action_id, job_block_id
from adapters.slack.models import Block, SlackContent
from adapters.slack.text.markup import SLACK, escaped_within
from generation.domain.clip_actions import ButtonPlace, ClipAction, offered
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import Platform, UserRef
from generation.domain.report import Decision, Report
from generation.text.controls import actions, reports
from generation.text.dialect import Markup

_COMMAND_ROOM: Final = 2_000
_SECTION_LIMIT: Final = 2_900
_CUT_ESCAPE: Final = re.compile(r"&[a-z]{0,3}$")
_IN_MENU: Final = (ClipAction.DELETE, ClipAction.REPORT)
"""Behind ⋯ where there are other buttons: a row is for what members do often."""


def row(job: Job) -> tuple[Block, ...]:
    """The elements under a job's message, at most five."""
    wanted = _offered(job, ButtonPlace.ROW)
    if ClipAction.SETTINGS not in wanted:
        return tuple(_button(action, job) for action in wanted)
    buttons = [_button(action, job) for action in wanted if action not in _IN_MENU]
    return (*buttons, _menu(job, _IN_MENU))


def controls(job: Job, *, only: ClipAction | None = None) -> Block:
    """What can be done with a clip, beside its line in a list: a menu, or the one button."""
    wanted = [each for each in _offered(job, ButtonPlace.ROW) if only in {None, each}]
    match wanted:
        case []:
            return {}
        case [action]:
            return {"accessory": _button(action, job)}
        case _:
            return {"accessory": _menu(job, wanted)}


def settings_content(job: Job, command: str) -> SlackContent:
    """How a clip was made, and what else can be done with it."""
    code = escaped_within(command.replace("`", "'"), _COMMAND_ROOM)
    text = "\n".join(actions.settings_lines(job, f"`{code}`", SLACK))
    return _with_buttons(
        text, job, tuple(_button(each, job) for each in _offered(job, ButtonPlace.SETTINGS))
    )


def gone_content(job: Job, *, may_make_again: bool) -> SlackContent:
    """For who asks to see a deleted or hidden clip."""
    buttons = (_button(ClipAction.REROLL, job),) if may_make_again else ()
    text = actions.gone_words(job, SLACK, may_make_again=may_make_again)
    return _with_buttons(text, job, buttons)


def deleted_answer_content(delivery: Delivery | None) -> SlackContent:
    """After a deletion."""
    return SlackContent(actions.deleted_words(delivery, SLACK))


def thanks_content(job: Job) -> SlackContent:
    """What the member who reported reads."""
    return SlackContent(reports.thanks_words(job, SLACK))


def decided_content(job: Job, decision: Decision, by: UserRef) -> SlackContent:
    """After an admin's decision."""
    return SlackContent(reports.decided_words(job, decision, by, SLACK))


def reports_content(open_reports: Sequence[Report]) -> SlackContent:
    """What no admin has decided."""
    return SlackContent("\n".join(reports.report_lines(open_reports, SLACK)))


def closed_case_content(said: str, decided: str) -> SlackContent:
    """A notice whose case is decided, without its buttons."""
    # the decision is said in any case; Slack's escapes are not cut through
    kept = said[: _SECTION_LIMIT - len(decided) - 1]
    text = f"{_CUT_ESCAPE.sub('', kept)}\n{decided}".strip()
    return SlackContent(text, ({"type": "section", "text": {"type": "mrkdwn", "text": text}},))


def no_clip_content() -> SlackContent:
    """For a shortcut on a message that shows no clip."""
    return SlackContent(actions.no_clip_words(SLACK))


def too_late_content() -> SlackContent:
    """Where Slack's trigger for a form was over."""
    return SlackContent(SLACK.gettext("That took too long for a form. Please press it again."))


def no_spoilers_content() -> SlackContent:
    """For a forged button: nothing here offers it."""
    return SlackContent(actions.no_spoilers_words(SLACK))


def comes_directly_content() -> SlackContent:
    """A clip is shown again to one member."""
    return SlackContent(actions.on_its_way_words(SLACK))


def _offered(job: Job, place: ButtonPlace) -> list[ClipAction]:
    return list(offered(job, place, Platform.SLACK))


def _with_buttons(text: str, job: Job, buttons: tuple[Block, ...]) -> SlackContent:
    section: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text[:_SECTION_LIMIT]}}
    if not buttons:
        return SlackContent(text, (section,))
    row_of = {"type": "actions", "block_id": job_block_id(job.id), "elements": list(buttons)}
    return SlackContent(text, (section, row_of))


def _button(action: ClipAction, job: Job) -> Block:
    look = actions.look_of(action, job, SLACK)
    button: Block = {
        "type": "button",
        "action_id": action_id(action),
        "text": _plain(Markup(f"{look.emoji} {look.label}")),
        "value": job.id,
        "accessibility_label": look.about,
    }
    return button | ({"confirm": _sure()} if action is ClipAction.DELETE else {})


def _menu(job: Job, actions_in_it: Sequence[ClipAction]) -> Block:
    options = [
        {
            "text": _plain(Markup(f"{look.emoji} {look.label}")),
            "value": f"{action}:{job.id}",
        }
        for action in actions_in_it
        for look in [actions.look_of(action, job, SLACK)]
    ]
    return {"type": "overflow", "action_id": MORE_ACTION, "options": options}


def _sure() -> dict[str, Any]:
    return {
        "title": _plain(SLACK.gettext(actions.SURE)),
        "text": _plain(SLACK.gettext(actions.WHAT_GOES)),
        "confirm": _plain(SLACK.gettext(actions.DELETE_IT)),
        "deny": _plain(SLACK.gettext(actions.KEEP_IT)),
        "style": "danger",
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}
