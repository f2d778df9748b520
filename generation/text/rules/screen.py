"""All rules of a server on one screen, in their layers, and what they come to after a change."""

from collections.abc import Iterator, Sequence
from typing import Final

from generation.rules.limits import NO_CEILING, LimitName
from generation.rules.limits.presets import Preset
from generation.rules.policy import PolicyName
from generation.rules.server_rules import ServerRules
from generation.text.dialect import PLAIN, Dialect, Markup, capital
from generation.text.limits import (
    FROM_NOW_ON,
    NO_CHANGE,
    changed_limit_words,
    labelled,
    limit_label,
    limit_words,
    typed_name,
    value_words,
)
from generation.text.rules.changes import role_limit_words
from generation.text.rules.policy import (
    is_set,
    policy_label,
    policy_value_words,
    policy_words,
    typed_policy_name,
)

Name = LimitName | PolicyName
"""A field of the limits or of the policy."""

_PAIRS: Final = (
    (LimitName.USER_CLIPS_PER_HOUR, LimitName.USER_CLIPS_PER_DAY),
    (LimitName.USER_CLIPS_PER_DAY, LimitName.USER_CLIPS_PER_MONTH),
    (LimitName.USER_CLIPS_PER_DAY, LimitName.SERVER_CLIPS_PER_DAY),
    (LimitName.USER_CLIPS_PER_MONTH, LimitName.SERVER_CLIPS_PER_MONTH),
    (LimitName.SERVER_CLIPS_PER_DAY, LimitName.SERVER_CLIPS_PER_MONTH),
    (LimitName.USER_ACTIVE_JOBS, LimitName.SERVER_ACTIVE_JOBS),
)
"""The first of two can only be met where it is not above the second."""


def rules_lines(rules: ServerRules, d: Dialect = PLAIN) -> list[Markup]:
    """Every limit as it is in force, with what is set and the ceiling where they differ; the roles;
    what else is set; and what of it contradicts itself."""
    limits = [
        labelled(limit_label(name, d), layered_words(rules, name, d), d) for name in LimitName
    ]
    policy = [
        labelled(policy_label(name, d), policy_words(rules.policy, name, d), d)
        for name in PolicyName
        if is_set(rules.policy, name)
    ]
    return [*limits, *role_lines(rules, d), *policy, *rule_notes(rules, d)]


def layered_words(rules: ServerRules, name: LimitName, d: Dialect = PLAIN) -> Markup:
    """``20``; ``20 (set: 50, the operator's ceiling: 20)``; ``20 (the operator's ceiling: 50)``."""
    value = Markup(d.bold(limit_words(rules.in_force, name, d)))
    if not has_ceiling(rules, name):
        return value
    ceiling = limit_words(rules.ceiling, name, d)
    if not rules.is_capped(name):
        return d.gettext(
            "{value} (the operator's ceiling: {ceiling})", value=value, ceiling=ceiling
        )
    return d.gettext(
        "{value} (set: {set}, the operator's ceiling: {ceiling})",
        value=value,
        set=limit_words(rules.limits, name, d),
        ceiling=ceiling,
    )


def has_ceiling(rules: ServerRules, name: LimitName) -> bool:
    """Whether the operator has set one."""
    return bool(getattr(rules.ceiling, name.value) != getattr(NO_CEILING, name.value))


def role_lines(rules: ServerRules, d: Dialect = PLAIN) -> list[Markup]:
    """The roles with limits of their own."""
    return [
        d.gettext(
            "With {role}: {limits}", role=Markup(d.role(role)), limits=role_limit_words(quota, d)
        )
        for role, quota in sorted(rules.policy.role_limits.items())
    ]


def changed_rule_lines(
    before: ServerRules, after: ServerRules, names: Sequence[Name], d: Dialect = PLAIN
) -> list[Markup]:
    """After some fields were set: what holds now, and where the operator's ceiling allows less."""
    return [_changed(before, after, name, d) for name in names]


def preset_lines(
    preset: Preset, before: ServerRules, after: ServerRules, d: Dialect = PLAIN
) -> list[Markup]:
    """What a preset changes, or has changed."""
    named = Markup(d.bold(preset.name))
    lines = [
        Markup(
            d.gettext(
                "{label}: {before} → {after}",
                label=capital(_label(name, d)),
                before=_words(before, name, d),
                after=_words(after, name, d),
            )
        )
        for name in _names_in(preset)
        if _words(before, name, d) != _words(after, name, d)
    ]
    if not lines:
        return [d.gettext("Everything is set as in {preset} already.", preset=named)]
    return [d.gettext("The preset {preset} changes:", preset=named), *lines]


def rule_notes(rules: ServerRules, d: Dialect = PLAIN) -> list[Markup]:
    """What contradicts itself, or leaves nothing allowed."""
    return list(_notes(rules, d))


def _notes(rules: ServerRules, d: Dialect) -> Iterator[Markup]:
    limits, policy = rules.in_force, rules.policy
    for low, high in _PAIRS:
        least, most = getattr(limits, low.value), getattr(limits, high.value)
        if least is not None and most is not None and least > most:
            yield d.gettext(
                "Note: {low} ({least}) is never reached, because of {high} ({most}).",
                low=limit_label(low, d),
                least=value_words(low, least, d),
                high=limit_label(high, d),
                most=value_words(high, most, d),
            )
    if not limits.endpoints:
        yield d.gettext("Note: no quality is left, so no clips are made.")
    elif policy.default_quality is not None and policy.default_quality not in limits.endpoints:
        yield d.gettext("Note: the default quality is not allowed, so the allowed one is used.")
    if policy.channels and policy.channels <= policy.denied_channels:
        yield d.gettext("Note: the bot answers in no channel, because all of them are excluded.")
    if policy.allowed_users and policy.allowed_users <= policy.blocked_users:
        yield d.gettext("Note: nobody may ask, because all who may are blocked.")


def _changed(before: ServerRules, after: ServerRules, name: Name, d: Dialect) -> Markup:
    if isinstance(name, PolicyName):
        return _changed_policy(before, after, name, d)
    said = changed_limit_words(after.limits, name, d, before=before.limits)
    if not after.is_capped(name):
        return said
    ceiling = d.gettext(
        "The operator's ceiling holds: {ceiling}.",
        ceiling=Markup(d.bold(limit_words(after.ceiling, name, d))),
    )
    return Markup(f"{said} {ceiling}")


def _changed_policy(
    before: ServerRules, after: ServerRules, name: PolicyName, d: Dialect
) -> Markup:
    value = policy_words(after.policy, name, d)
    said = {"label": capital(policy_label(name, d)), "value": Markup(d.bold(value))}
    if policy_words(before.policy, name, d) == value:
        return d.gettext(NO_CHANGE, **said)
    change = after.policy.zone_change
    if name is PolicyName.TIME_ZONE and change is not None:
        begins = after.policy.calendar.day_end(change.day)
        return d.gettext(
            "{label}: {value}; the first day in it begins {when}.",
            when=Markup(d.when(begins)),
            **said,
        )
    return d.gettext(FROM_NOW_ON, **said)


def _names_in(preset: Preset) -> list[Name]:
    limits = [name for name in LimitName if name in preset.changes]
    return [*limits, *(name for name in PolicyName if name in preset.changes)]


def _label(name: Name, d: Dialect) -> Markup:
    return limit_label(name, d) if isinstance(name, LimitName) else policy_label(name, d)


def _words(rules: ServerRules, name: Name, d: Dialect) -> Markup:
    if isinstance(name, LimitName):
        return limit_words(rules.limits, name, d)
    return policy_value_words(name, getattr(rules.policy, name.value), d)


def name_words(name: Name, d: Dialect = PLAIN) -> str:
    """A field's name as admins type it."""
    return typed_name(name, d) if isinstance(name, LimitName) else typed_policy_name(name)
