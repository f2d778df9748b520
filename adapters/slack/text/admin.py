"""What admins read: the rules in force, and what they have changed."""

from collections.abc import Sequence

from adapters.slack.models import SlackContent
from adapters.slack.text.lists import of_lines
from adapters.slack.text.markup import SLACK
from adapters.slack.text.notices import text_content
from generation.domain.notice import Notice
from generation.rules.limits.presets import Preset
from generation.rules.pause import Pause
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.service.rules import RulesChange
from generation.text.dialect import Markup
from generation.text.notices import NoticeText, notice_text
from generation.text.rules import chat
from generation.text.rules.pauses import paused_words, resumed_words
from generation.text.rules.presets import apply_button, preset_buttons
from generation.text.rules.screen import Name, changed_rule_lines


def rules_content(found: ServerRules) -> SlackContent:
    """Every rule on one screen: what is in force, what is set, the ceiling; and the presets."""
    return text_content(NoticeText(tuple(chat.rules_list(found, SLACK)), preset_buttons(SLACK)))


def changed_content(change: RulesChange, names: Sequence[Name]) -> SlackContent:
    """Some limits or settings, after they were set."""
    return of_lines(changed_rule_lines(change.before, change.after, names, SLACK))


def preset_content(found: Preset, change: RulesChange, *, is_applied: bool) -> SlackContent:
    """What a preset changes, or has changed."""
    apply = "limits preset {} apply".format(found.name.replace(" ", "-"))
    how = None if is_applied else f"{SLACK.admin} {apply}"
    lines = chat.preset_list(found, change.before, change.after, SLACK, apply=how)
    is_offered = not is_applied and change.before != change.after
    return text_content(
        NoticeText(tuple(lines), (apply_button(found, SLACK),) if is_offered else ())
    )


def policy_content(found: Policy, *, before: Policy | None = None) -> SlackContent:
    """The rules on channels, members and words; ``before`` are those until a change."""
    return of_lines(chat.policy_list(found, SLACK, before=before))


def settings_content(found: Policy) -> SlackContent:
    """Every setting."""
    return of_lines(chat.settings_list(found, SLACK))


def paused_content(pause: Pause) -> SlackContent:
    """After a pause has begun."""
    return of_lines([paused_words(pause, SLACK)])


def resumed_content(pause: Pause | None) -> SlackContent:
    """After a pause was ended."""
    return of_lines([resumed_words(pause, SLACK)])


def words_content(words: Markup) -> SlackContent:
    """One sentence."""
    return of_lines([words])


def with_held(content: SlackContent, held: Sequence[Notice]) -> SlackContent:
    """An answer, and under it what could not be posted to the log channel."""
    lines = [line for notice in held for line in notice_text(notice, SLACK).lines]
    return of_lines([content.text, *lines]) if lines else content
