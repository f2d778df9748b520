"""What admins read in a chat: every rule on one screen, settings, presets."""

from typing import Final

from generation.domain.parsing import shown
from generation.domain.refs import Platform
from generation.protocol.errors import InvalidRequest, Violation
from generation.rules.limits import LimitName, Limits
from generation.rules.limits.presets import PRESETS, Preset, preset_named
from generation.rules.policy import Policy, PolicyName
from generation.rules.server_rules import ServerRules
from generation.text.dialect import Dialect, Markup
from generation.text.limits import labelled, limit_label, typed_name
from generation.text.rules.policy import (
    is_set,
    policy_label,
    policy_named,
    policy_words,
    typed_policy_name,
)
from generation.text.rules.screen import layered_words, preset_lines, role_lines, rule_notes

SETTINGS: Final = (
    PolicyName.TIME_ZONE,
    PolicyName.REROLL_EMOJI,
    PolicyName.ADDED_NEGATIVE,
    PolicyName.DEFAULT_QUALITY,
    PolicyName.DEFAULT_SIZE,
    PolicyName.DEFAULT_FRAMES,
    PolicyName.DEFAULT_STEPS,
    PolicyName.DEFAULT_FPS,
    PolicyName.AGE_RESTRICTED,
    PolicyName.REPORTS_UNTIL_HIDDEN,
    PolicyName.NOTIFY,
)
"""What ``settings set`` changes; the log channel has a command of its own, because it is tried
first."""
_WHO_AND_WHERE: Final = (
    PolicyName.CHANNELS,
    PolicyName.DENIED_CHANNELS,
    PolicyName.ALLOWED_USERS,
    PolicyName.BLOCKED_USERS,
    PolicyName.ALLOWED_ROLES,
    PolicyName.EXEMPT_ROLES,
    PolicyName.BLOCKED_TERMS,
    PolicyName.ALLOWED_TERMS,
)
_ALWAYS: Final = frozenset(
    {
        PolicyName.CHANNELS,
        PolicyName.BLOCKED_USERS,
        PolicyName.BLOCKED_TERMS,
        PolicyName.ALLOWED_TERMS,
    }
)
"""Shown also where there is no such rule."""


def rules_list(rules: ServerRules, d: Dialect) -> list[Markup]:
    """Limits in their layers, and every other rule that is set."""
    title = Markup(d.bold(d.gettext("Limits of this {place}")))
    limits = [
        _named(labelled(limit_label(name, d), layered_words(rules, name, d), d), name, d)
        for name in LimitName
    ]
    others = [
        labelled(policy_label(name, d), policy_words(rules.policy, name, d), d)
        for name in PolicyName
        if is_set(rules.policy, name)
    ]
    lines = [*limits, *role_lines(rules, d), *others, *rule_notes(rules, d)]
    return [title, *(Markup(f"{d.bullet}{line}") for line in lines)]


def settings_list(policy: Policy, d: Dialect) -> list[Markup]:
    """Every setting with its value, and the name by which it is changed where that is typed."""
    title = Markup(d.bold(d.gettext("Settings of this {place}")))
    lines = [_setting(policy, name, d) for name in (PolicyName.LOG_CHANNEL, *settings_of(d))]
    return [title, *(Markup(f"{d.bullet}{line}") for line in lines)]


def settings_of(d: Dialect) -> tuple[PolicyName, ...]:
    """The settings that a platform has: Slack knows no age restriction."""
    if d.platform is not Platform.SLACK:
        return SETTINGS
    return tuple(name for name in SETTINGS if name is not PolicyName.AGE_RESTRICTED)


def policy_list(policy: Policy, d: Dialect, *, before: Policy | None = None) -> list[Markup]:
    """Who may ask, where, and with which words; ``before`` is the policy until a change."""
    title = Markup(d.bold(d.gettext("Rules of this {place}")))
    head = [d.gettext("No change: it was like this before.")] if policy == before else []
    lines = [
        labelled(policy_label(name, d), policy_words(policy, name, d), d)
        for name in _WHO_AND_WHERE
        if name in _ALWAYS or is_set(policy, name)
    ]
    roles = role_lines(ServerRules(Limits(), policy=policy), d)
    return [*head, title, *(Markup(f"{d.bullet}{line}") for line in (*lines, *roles))]


def setting_named(text: str, d: Dialect) -> PolicyName:
    """The setting that an admin has typed the name of. Raises InvalidRequest."""
    known = settings_of(d)
    try:
        name = policy_named(text)
    except ValueError:
        name = None
    if name not in known:
        names = ", ".join(map(typed_policy_name, known))
        raise InvalidRequest((Violation("Setting", names, _given(text)),))
    return name


def preset_from(text: str) -> Preset:
    """The preset that an admin has typed the name of. Raises InvalidRequest."""
    found = preset_named(text)
    if found is None:
        names = ", ".join(preset.name for preset in PRESETS)
        raise InvalidRequest((Violation("Preset", names, _given(text)),))
    return found


def preset_list(
    preset: Preset, before: ServerRules, after: ServerRules, d: Dialect, *, apply: str | None
) -> list[Markup]:
    """What a preset changes; ``apply`` is the command that does it, None where it is done."""
    first, *changes = preset_lines(preset, before, after, d)
    lines = [first, *(Markup(f"{d.bullet}{line}") for line in changes)]
    if apply is None or not changes:
        return lines
    how = d.gettext("Nothing is changed yet; {apply} does it.", apply=Markup(d.code(apply)))
    return [*lines, how]


def _setting(policy: Policy, name: PolicyName, d: Dialect) -> Markup:
    value = Markup(d.bold(policy_words(policy, name, d)))
    return _named(labelled(policy_label(name, d), value, d), name, d)


def _named(line: Markup, name: LimitName | PolicyName, d: Dialect) -> Markup:
    """The line with the name by which its value is changed, where that is typed."""
    if d.platform is Platform.DISCORD:  # there it is chosen from a list
        return line
    typed = typed_name(name, d) if isinstance(name, LimitName) else typed_policy_name(name)
    return Markup(f"{line} ({d.code(typed)})")


def _given(text: str) -> str:
    return shown(text.strip())
