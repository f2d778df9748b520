"""The operator's smaller tools: migrate, config, admin limits."""

import getpass
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import SecretStr

from bot.app import App, Role, open_app
from bot.settings import Settings, variable_of
from generation.errors import InvalidRequest, Violation
from generation.limits import LimitName
from generation.parsing import shown
from generation.places import Platform, ServerRef, UserRef
from generation.pricing import Micros, dollars, micros
from generation.request import Endpoint
from generation.wording import limit_label

_MASK: Final = "********"
_PASSWORD: Final = re.compile(r"(://[^/@]*?:)[^/@]+@")
_MOST_DOLLARS: Final = Decimal(1_000_000)


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; one line about it. Raises DatabaseTooNew."""
    async with _opened(settings):
        return f"The database at {_where(settings)} is up to date."


def effective_settings(settings: Settings) -> list[str]:
    """One line per setting, in the form of a ``.env`` file, secrets masked."""
    return [f"{variable_of(name)}={_plain(getattr(settings, name))}" for name in type(settings).model_fields]


async def show_limits(settings: Settings, server: str) -> list[str]:
    """A server's limits, today's usage and the last changes. Raises ValueError for what is no server."""
    ref = ServerRef.parse(server)
    async with _opened(settings) as app:
        quota = await app.service.quota(UserRef(ref.platform, ""), ref)
        lines = [f"{name}={_limit_value(name, getattr(quota.limits, name))}" for name in LimitName]
        usage = quota.usage
        spent = dollars(usage.server_spent_today)
        lines.append(f"# today: {usage.server_clips_today} clips, {spent}; under way: {usage.server_active_jobs}")
        changes = await app.service.audit_of(ref, limit=5)
        return lines + [f"# {c.at:%Y-%m-%d %H:%M} {c.by}: {c.what} {c.before} → {c.after}" for c in changes]


async def change_limits(settings: Settings, server: str, changes: Sequence[str]) -> list[str]:
    """Change limits as ``name=value``. Raises ValueError or InvalidRequest; then nothing was changed."""
    ref = ServerRef.parse(server)
    parsed = dict(_change(text) for text in changes)
    async with _opened(settings) as app:
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
        amount = Decimal("NaN")
    if not (amount.is_finite() and abs(amount) <= _MOST_DOLLARS):
        allowed = f"an amount from $0 to {dollars(micros(_MOST_DOLLARS))} such as $2.50, or none"
        raise InvalidRequest((Violation(LimitName.SERVER_BUDGET_PER_DAY, allowed, shown(value)),))
    return micros(amount)


def _endpoint(word: str) -> Endpoint:
    try:
        return Endpoint[word.strip().upper()]
    except KeyError:
        raise InvalidRequest((Violation(LimitName.ENDPOINTS, "standard, turbo or both", shown(word)),)) from None


def _limit_value(name: LimitName, value: object) -> str:
    if value is None:
        return "none"
    if name is LimitName.ENDPOINTS and isinstance(value, frozenset):
        return ",".join(sorted(endpoint.label for endpoint in value))
    if name is LimitName.SERVER_BUDGET_PER_DAY and isinstance(value, int):
        return dollars(Micros(value))
    return str(value)


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return _MASK
        case str():
            return _PASSWORD.sub(rf"\1{_MASK}@", value)
        case tuple() | frozenset():
            return ",".join(sorted(map(str, value)) if isinstance(value, frozenset) else map(str, value))
        case _ if hasattr(value, "model_dump_json"):
            return str(value.model_dump_json())
        case _:
            return str(value)


def _where(settings: Settings) -> str:
    return settings.database.rpartition("@")[2] if "@" in settings.database else settings.database


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[App]:
    async with open_app(settings, Role("maintenance")) as app:
        yield app
