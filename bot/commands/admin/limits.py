"""``flipbook admin limits``: shows and changes what a server allows its members."""

import getpass
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from bot.commands.admin.database import maintenance_app
from bot.settings import Settings
from generation.domain.limits import LimitName
from generation.domain.parsing import shown
from generation.domain.pricing import Micros, dollars, micros
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import Endpoint
from generation.text.errors import limit_label

_MOST_DOLLARS: Final = Decimal(1_000_000)


async def show_limits(settings: Settings, server: str) -> list[str]:
    """A server's limits, today's usage and the last changes.

    Raises ValueError where ``server`` is not of the form platform:id.
    """
    ref = ServerRef.parse(server)
    async with maintenance_app(settings) as app:
        # no user: only the server's part of the quota is printed
        quota = await app.service.quota(UserRef(ref.platform, ""), ref)
        lines = [f"{name}={_limit_value(name, getattr(quota.limits, name))}" for name in LimitName]
        usage = quota.usage
        spent = dollars(usage.server_spent_today)
        lines.append(
            f"# today: {usage.server_clips_today} clips, {spent}; under way: "
            f"{usage.server_active_jobs}"
        )
        changes = await app.service.audit_of(ref, limit=5)
        return lines + [
            f"# {c.at:%Y-%m-%d %H:%M} {c.by}: {c.what} {c.before} → {c.after}" for c in changes
        ]


async def change_limits(settings: Settings, server: str, changes: Sequence[str]) -> list[str]:
    """Change limits as ``name=value``; the lines of :func:`show_limits` afterwards.

    Raises ValueError or InvalidRequest; then nothing was changed.
    """
    ref = ServerRef.parse(server)
    # parse all of them first: one mistake among several changes none
    parsed = dict(_change(text) for text in changes)
    async with maintenance_app(settings) as app:
        await app.service.set_limits(ref, parsed, by=UserRef(Platform.TERMINAL, getpass.getuser()))
    return await show_limits(settings, server)


def _change(text: str) -> tuple[str, object]:
    name, separator, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not separator or name not in set(LimitName):
        raise ValueError(f"{shown(text)} is not name=value with one of: {', '.join(LimitName)}.")
    return name, _parsed(LimitName(name), value.strip())


def _parsed(name: LimitName, value: str) -> object:
    if value.lower() == "none":
        return None
    if name is LimitName.ENDPOINTS:
        return frozenset(_endpoint(part) for part in value.split(","))
    if name is LimitName.SERVER_BUDGET_PER_DAY:
        return _money(value)
    try:
        return int(value)
    except ValueError:
        raise InvalidRequest(
            (Violation(name, f"a whole number ({limit_label(name)}) or none", shown(value)),)
        ) from None


def _money(value: str) -> int:
    try:
        amount = Decimal(value.lstrip("$"))
    except InvalidOperation:
        amount = Decimal("NaN")  # refused below, with the same sentence as one out of range
    # of an unquoted $2.50 the shell leaves .50, which is not what was meant
    if not (amount.is_finite() and abs(amount) <= _MOST_DOLLARS) or value.startswith("."):
        allowed = (
            f"an amount from $0 to {dollars(micros(_MOST_DOLLARS))} such as 2.50 or '$2.50' (a "
            "shell takes an unquoted $2 away), or none"
        )
        raise InvalidRequest((Violation(LimitName.SERVER_BUDGET_PER_DAY, allowed, shown(value)),))
    return micros(amount)


def _endpoint(word: str) -> Endpoint:
    try:
        return Endpoint[word.strip().upper()]
    except KeyError:
        raise InvalidRequest(
            (Violation(LimitName.ENDPOINTS, "standard, turbo or both", shown(word)),)
        ) from None


def _limit_value(name: LimitName, value: object) -> str:
    if value is None:
        return "none"
    if name is LimitName.ENDPOINTS and isinstance(value, frozenset):
        return ",".join(sorted(endpoint.label for endpoint in value))
    if name is LimitName.SERVER_BUDGET_PER_DAY and isinstance(value, int):
        return dollars(Micros(value))
    return str(value)
