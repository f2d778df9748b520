"""``flipbook admin policy`` and ``flipbook admin channels``: show and change who may ask, where,
for what, and what a server adds to requests."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from bot.commands.admin.acting import Acting, last_changes
from generation.domain.parsing import shown
from generation.domain.refs import Platform
from generation.protocol.request import Endpoint, ImageSize
from generation.rules.policy import Policy, PolicyName
from generation.text.audit import policy_lines
from generation.text.rules.policy import LISTS, policy_named, policy_value, typed_policy_name
from generation.text.rules.screen import changed_rule_lines, rule_notes

_ROLES: Final = frozenset({PolicyName.ALLOWED_ROLES, PolicyName.EXEMPT_ROLES})


async def show_policy(acting: Acting) -> list[str]:
    """A server's rules as they can be typed again, and the last changes."""
    policy = await acting.service.policy_of(acting.server)
    return [*policy_assignments(policy), *await last_changes(acting)]


def policy_assignments(policy: Policy) -> list[str]:
    """``name=value`` for every field."""
    return [f"{typed_policy_name(name)}={typed_policy_value(policy, name)}" for name in PolicyName]


async def change_policy(acting: Acting, changes: Sequence[str]) -> list[str]:
    """Change fields as ``name=value``; what holds then. Raises ValueError or InvalidRequest; then
    nothing was changed."""
    parsed = dict(_change(acting, text) for text in changes)
    return await _changed(acting, {name.value: value for name, value in parsed.items()}, [*parsed])


async def add_to_policy(acting: Acting, field: str, values: Sequence[str]) -> list[str]:
    """Put more into a list. Raises ValueError for what is no list."""
    name = _list_named(acting, field)

    def longer(policy: Policy) -> Mapping[str, object]:
        after = policy
        for value in values:
            after = after.model_copy(update={name.value: _with(after, name, value)})
        return {name.value: getattr(after, name.value)}

    change = await acting.service.change_policy(acting.server, longer, by=acting.by)
    return [*changed_rule_lines(change.before, change.after, [name], acting.d)]


async def remove_from_policy(acting: Acting, field: str, values: Sequence[str]) -> list[str]:
    """Take something out of a list. Raises ValueError for what is no list, and LastChannel where
    the last channel would go."""
    name = _list_named(acting, field)

    def shorter(policy: Policy) -> Mapping[str, object]:
        after = policy
        for value in values:
            after = after.model_copy(update={name.value: _without(after, name, value)})
        return {name.value: getattr(after, name.value)}

    change = await acting.service.change_policy(acting.server, shorter, by=acting.by)
    return [*changed_rule_lines(change.before, change.after, [name], acting.d)]


async def show_channels(acting: Acting) -> list[str]:
    """Where the bot answers, what is blocked, and the last changes."""
    policy = await acting.service.policy_of(acting.server)
    return [*policy_lines(policy, acting.d), *await last_changes(acting)]


async def answer_everywhere(acting: Acting) -> list[str]:
    """Answer in every channel; the lines of :func:`show_channels` afterwards."""
    await acting.service.change_rules(acting.server, {"channels": frozenset()}, by=acting.by)
    return await show_channels(acting)


async def add_channels(acting: Acting, ids: Sequence[str]) -> list[str]:
    """Answer in these channels too; the lines of :func:`show_channels` afterwards."""
    await add_to_policy(acting, PolicyName.CHANNELS, ids)
    return await show_channels(acting)


async def remove_channels(acting: Acting, ids: Sequence[str]) -> list[str]:
    """Answer in these channels no longer; the lines of :func:`show_channels` afterwards. Raises
    LastChannel."""
    await remove_from_policy(acting, PolicyName.CHANNELS, ids)
    return await show_channels(acting)


def typed_policy_value(policy: Policy, name: PolicyName) -> str:
    """A field's value as it can be typed again."""
    value: Any = getattr(policy, name.value)
    match value:
        case frozenset():
            return ",".join(sorted(value)) or "none"
        case None | "":
            return "none"
        case Endpoint():
            return value.label
        case ImageSize(width=width, height=height):
            return f"{width}x{height}"
        case Enum():
            return str(value.value)
    return str(value)


async def _changed(
    acting: Acting, changes: Mapping[str, object], names: Sequence[PolicyName]
) -> list[str]:
    change = await acting.service.change_rules(acting.server, changes, by=acting.by)
    said = changed_rule_lines(change.before, change.after, names, acting.d)
    return [*said, *rule_notes(change.after, acting.d)]


def _change(acting: Acting, text: str) -> tuple[PolicyName, object]:
    typed, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"Write name=value, not {shown(text)}. {_names()}")
    name = _named(acting, typed)
    return name, policy_value(name, value, acting.d)


def _list_named(acting: Acting, text: str) -> PolicyName:
    name = _named(acting, text)
    if name not in LISTS:
        lists = ", ".join(map(typed_policy_name, LISTS))
        raise ValueError(f"{typed_policy_name(name)} is no list; set it. The lists are {lists}.")
    return name


def _named(acting: Acting, text: str) -> PolicyName:
    try:
        name = policy_named(text)
    except ValueError:
        raise ValueError(f"There is no rule named {shown(text)}. {_names()}") from None
    if name in _ROLES and acting.server.platform is Platform.SLACK:
        raise ValueError("Slack has no roles; list members as allowed_members.")
    return name


def _names() -> str:
    return f"The names are {', '.join(map(typed_policy_name, PolicyName))}."


def _with(policy: Policy, name: PolicyName, value: str) -> frozenset[str]:
    # terms are compared however they are written
    if name is PolicyName.BLOCKED_TERMS:
        return policy.with_term(value)
    if name is PolicyName.ALLOWED_TERMS:
        return policy.with_phrase(value)
    found: frozenset[str] = getattr(policy, name.value)
    return found | _ids(name, value)


def _without(policy: Policy, name: PolicyName, value: str) -> frozenset[str]:
    if name is PolicyName.BLOCKED_TERMS:
        return policy.without_term(value)
    if name is PolicyName.ALLOWED_TERMS:
        return policy.without_phrase(value)
    if name is PolicyName.CHANNELS:
        return policy.without_channels(_ids(name, value))
    found: frozenset[str] = getattr(policy, name.value)
    return found - _ids(name, value)


def _ids(name: PolicyName, value: str) -> frozenset[str]:
    found = policy_value(name, value)
    return found if isinstance(found, frozenset) else frozenset()
