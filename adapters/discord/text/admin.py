"""What admins read: the rules in force, and what they have changed."""

from collections.abc import Sequence

from adapters.discord.text.lists import fitting
from adapters.discord.text.markup import DISCORD
from generation.domain.notice import Notice
from generation.rules.limits.presets import Preset
from generation.rules.pause import Pause
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.service.rules import RulesChange
from generation.text.notices import notice_text
from generation.text.rules import chat
from generation.text.rules.pauses import paused_words, resumed_words
from generation.text.rules.screen import Name, changed_rule_lines


def rules(found: ServerRules) -> str:
    """Every rule on one screen: what is in force, what is set, the ceiling."""
    return fitting(chat.rules_list(found, DISCORD))


def changed(change: RulesChange, names: Sequence[Name]) -> str:
    """Some limits or settings, after they were set."""
    return fitting(changed_rule_lines(change.before, change.after, names, DISCORD))


def preset(found: Preset, change: RulesChange, *, is_applied: bool) -> str:
    """What a preset changes, or has changed."""
    apply = f"limits preset preset:{found.name} apply:True"
    how = None if is_applied else f"{DISCORD.admin} {apply}"
    return fitting(chat.preset_list(found, change.before, change.after, DISCORD, apply=how))


def policy(change: RulesChange) -> str:
    """The rules on channels, members, roles and words, after a change of them."""
    found, before = change.after.policy, change.before.policy
    return fitting(chat.policy_list(found, DISCORD, before=before))


def policy_list(found: Policy) -> str:
    """The rules on channels, members, roles and words."""
    return fitting(chat.policy_list(found, DISCORD))


def settings(found: Policy) -> str:
    """Every setting."""
    return fitting(chat.settings_list(found, DISCORD))


def paused(pause: Pause) -> str:
    """After a pause has begun."""
    return paused_words(pause, DISCORD)


def resumed(pause: Pause | None) -> str:
    """After a pause was ended."""
    return resumed_words(pause, DISCORD)


def held(notice: Notice) -> str:
    """What could not be posted to the log channel, told now."""
    return fitting(notice_text(notice, DISCORD).lines)
