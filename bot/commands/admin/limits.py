"""``flipbook admin limits`` and ``flipbook admin channels``: show and change what a server allows
its members."""

import getpass
from collections.abc import Sequence
from typing import Final

from bot.commands.admin.database import maintenance_app
from bot.settings import Settings
from generation.domain.parsing import shown
from generation.domain.pricing import money
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import InvalidRequest, Violation
from generation.rules.limits import BUDGETS, LimitName, Limits
from generation.rules.policy import Policy
from generation.service import Service
from generation.text.audit import audit_words, policy_lines
from generation.text.dialect import Dialect, plain_for
from generation.text.limits import limit_named, limit_value, limit_words, typed_name

_MOST_CHANGES: Final = 5


async def show_limits(settings: Settings, server: str) -> list[str]:
    """A server's limits, today's usage and the last changes.

    Raises ValueError where ``server`` is not of the form platform:id.
    """
    ref = ServerRef.parse(server)
    d = plain_for(ref.platform)
    async with maintenance_app(settings) as app:
        # no user: only the server's part of the quota is printed
        quota = await app.service.quota(UserRef(ref.platform, ""), ref)
        lines = [f"{typed_name(name)}={_typed_value(quota.limits, name)}" for name in LimitName]
        usage = quota.usage
        used = d.ngettext(
            "# Today: {n} clip, {spent}; under way: {active}",
            "# Today: {n} clips, {spent}; under way: {active}",
            usage.server_clips_today,
            spent=money(usage.server_spent_today),
            active=usage.server_active_jobs,
        )
        return [*lines, used, *await _changes(app.service, ref, d)]


async def change_limits(settings: Settings, server: str, changes: Sequence[str]) -> list[str]:
    """Change limits as ``name=value``; the lines of :func:`show_limits` afterwards.

    Raises ValueError or InvalidRequest; then nothing was changed.
    """
    ref = ServerRef.parse(server)
    # parse all of them first: one mistake among several changes none
    parsed = dict(_change(text) for text in changes)
    async with maintenance_app(settings) as app:
        await app.service.set_limits(ref, parsed, by=_operator())
    return await show_limits(settings, server)


async def show_channels(settings: Settings, server: str) -> list[str]:
    """A server's rules on channels, members and words, and the last changes. Raises ValueError."""
    ref = ServerRef.parse(server)
    d = plain_for(ref.platform)
    async with maintenance_app(settings) as app:
        policy = await app.service.policy_of(ref)
        return [*policy_lines(policy, d), *await _changes(app.service, ref, d)]


async def change_channels(
    settings: Settings,
    server: str,
    *,
    added: frozenset[str] = frozenset(),
    removed: frozenset[str] = frozenset(),
    everywhere: bool = False,
) -> list[str]:
    """Let the bot answer in channels or no longer, or everywhere; the lines of
    :func:`show_channels` afterwards.

    Raises ValueError, and LastChannel where the last channel would go.
    """
    ref = ServerRef.parse(server)
    async with maintenance_app(settings) as app:
        policy = await app.service.policy_of(ref)
        kept = policy.without_channels(removed) if removed else policy.channels
        channels = frozenset[str]() if everywhere else kept | added
        changed = Policy.model_validate(policy.model_dump() | {"channels": channels})
        await app.service.set_policy(ref, changed, by=_operator())
    return await show_channels(settings, server)


async def _changes(service: Service, server: ServerRef, d: Dialect) -> list[str]:
    return [f"# {audit_words(c, d)}" for c in await service.audit_of(server, limit=_MOST_CHANGES)]


def _operator() -> UserRef:
    return UserRef(Platform.TERMINAL, getpass.getuser())


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


def _typed_value(limits: Limits, name: LimitName) -> str:
    """A limit as it can be typed again, without spaces."""
    if getattr(limits, name.value) is None:
        return "none"
    return limit_words(limits, name).replace(" ", "").replace("×", "x")
