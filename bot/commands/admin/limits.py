"""``flipbook admin limits``: show and change the limits of a server, of its roles, and the
ceilings over them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.commands.admin.acting import Acting, last_changes
from generation.domain.parsing import shown
from generation.domain.pricing import money
from generation.domain.refs import Platform, UserRef
from generation.protocol.errors import InvalidRequest, Violation
from generation.rules.limits import BUDGETS, LimitName
from generation.rules.server_rules import ServerRules
from generation.text.limits import limit_named, limit_value, typed_name, value_words
from generation.text.rules.screen import changed_rule_lines, has_ceiling, rule_notes

_COMMENT: Final = 32
"""Where comments begin."""


async def show_limits(acting: Acting) -> list[str]:
    """A server's limits as they can be typed again, with the ceiling and what is in force where it
    differs; today's usage and the last changes."""
    service, d = acting.service, acting.d
    rules = await service.rules_of(acting.server)
    # no user: only the server's part of the quota is printed
    usage = (await service.quota(UserRef(acting.server.platform, ""), acting.server)).usage
    used = d.ngettext(
        "# Today: {n} clip, {spent}; under way: {active}",
        "# Today: {n} clips, {spent}; under way: {active}",
        usage.server_clips_today,
        spent=money(usage.server_spent_today),
        active=usage.server_active_jobs,
    )
    return [*limit_assignments(rules), used, *await last_changes(acting)]


def limit_assignments(rules: ServerRules) -> list[str]:
    """``name=value`` for every limit, with a comment on its ceiling; and a line for each role."""
    lines = [_assignment(rules, name) for name in LimitName]
    for role, quota in sorted(rules.policy.role_limits.items()):
        lines.append(f"--role {role} {' '.join(assignments(quota))}")
    return lines


def assignments(quota: Mapping[str, Any]) -> list[str]:
    """``name=value`` for each of some limits."""
    return [f"{typed_name(LimitName(name))}={_typed(name, value)}" for name, value in quota.items()]


async def change_limits(acting: Acting, changes: Sequence[str]) -> list[str]:
    """Change limits as ``name=value``; what holds then. Raises ValueError or InvalidRequest; then
    nothing was changed."""
    change = await acting.service.change_rules(acting.server, parsed(changes), by=acting.by)
    names = [LimitName(name) for name in parsed(changes)]
    said = changed_rule_lines(change.before, change.after, names, acting.d)
    return [*said, *rule_notes(change.after, acting.d)]


async def reset_limits(acting: Acting) -> list[str]:
    """Go back to the operator's defaults; the lines of :func:`show_limits` afterwards."""
    await acting.service.reset_limits(acting.server, by=acting.by)
    return await show_limits(acting)


async def change_role(acting: Acting, role: str, changes: Sequence[str]) -> list[str]:
    """Give a role limits of its own, or change them."""
    _check_roles(acting)
    values = parsed(changes)
    change = await acting.service.change_policy(
        acting.server,
        lambda policy: {"role_limits": policy.with_role_limits(role, values)},
        by=acting.by,
    )
    return limit_assignments(change.after)


async def reset_role(acting: Acting, role: str) -> list[str]:
    """Take a role's limits of its own away."""
    change = await acting.service.change_policy(
        acting.server,
        lambda policy: {"role_limits": policy.without_role_limits(role)},
        by=acting.by,
    )
    return limit_assignments(change.after)


async def show_ceilings(acting: Acting) -> list[str]:
    """The ceilings that are stored for a server, or for all, and the last changes."""
    stored = await acting.service.ceilings_of(acting.server)
    lines = assignments(stored) or ["# no ceilings beside those of the settings"]
    return [*lines, *await last_changes(acting)]


async def change_ceilings(acting: Acting, changes: Sequence[str]) -> list[str]:
    """Set ceilings as ``name=value``; those that are stored then."""
    stored = await acting.service.set_ceilings(acting.server, parsed(changes), by=acting.by)
    return assignments(stored)


async def reset_ceilings(acting: Acting) -> list[str]:
    """Forget the stored ceilings; what :func:`show_ceilings` says then."""
    await acting.service.reset_ceilings(acting.server, by=acting.by)
    return await show_ceilings(acting)


def parsed(changes: Sequence[str]) -> dict[str, object]:
    """The limits that were typed. All of them first: one mistake among several changes none. Raises
    ValueError or InvalidRequest."""
    return dict(_change(text) for text in changes)


def _assignment(rules: ServerRules, name: LimitName) -> str:
    text = f"{typed_name(name)}={_typed(name, getattr(rules.limits, name.value))}"
    if not has_ceiling(rules, name):
        return text
    ceiling = _typed(name, getattr(rules.ceiling, name.value))
    in_force = _typed(name, getattr(rules.in_force, name.value))
    held = f"in force: {in_force}, " if rules.is_capped(name) else ""
    return f"{text:{_COMMENT}}  # {held}ceiling: {ceiling}"


def _check_roles(acting: Acting) -> None:
    if acting.server.platform is Platform.SLACK:
        raise ValueError("Slack has no roles; list members with `flipbook admin policy`.")


def _change(text: str) -> tuple[str, object]:
    typed, separator, value = text.partition("=")
    try:
        name = limit_named(typed)
    except ValueError:
        separator = ""
    if not separator:
        names = ", ".join(map(typed_name, LimitName))
        raise ValueError(f"Write name=value, not {shown(text)}. The names are {names}.")
    if name in BUDGETS and value.strip()[:1] in {"", "."}:
        allowed = "an amount such as 2.50 or '$2.50' (a shell takes an unquoted $2 away), or none"
        raise InvalidRequest((Violation(typed_name(name), allowed, shown(value)),))
    return name.value, limit_value(name, value, called=typed_name(name))


def _typed(name: str, value: object) -> str:
    """A limit as it can be typed again, without spaces."""
    if value is None:
        return "none"
    return value_words(LimitName(name), value).replace(" ", "").replace("×", "x")
