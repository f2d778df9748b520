"""Checks at Discord before the bot starts: its token, its application, its servers with their
permissions, the gateway and the clock."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp
import discord
from pydantic import SecretStr

from adapters.discord.errors import CLOSE_CODES, NETWORK
from adapters.discord.logging import shorten_library_log
from adapters.discord.session import use_addresses
from adapters.discord.setup.permissions import (
    REQUIRED_PERMISSIONS,
    RequiredPermission,
    invite_url,
    missing_in_server,
)
from adapters.discord.setup.token_formats import misread_token
from adapters.proxies import http_proxy, open_session, socks_connector
from generation.diagnostics import Checkup, Finding, Grade, clock_offset, offset_words
from generation.protocol.clock import Clock
from generation.text.dialect import excerpt

VARIABLE: Final = "DISCORD_TOKEN"
TIMEOUT_SECONDS: Final = 20.0
_HELLO: Final = 10
_MOST_SERVERS: Final = 200
_MOST_NAMED: Final = 5
_NAME_ROOM: Final = 40
_CLOCK_TOLERANCE: Final = timedelta(seconds=60)
_UNREACHABLE: Final = (discord.DiscordException, *NETWORK)


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    missing: Sequence[RequiredPermission]


@dataclass(frozen=True, slots=True)
class _BotFacts:
    """What Discord says about the bot of a token."""

    application: discord.AppInfo
    servers: Sequence[_Server]
    sessions_left: int

    @property
    def invitation(self) -> str:
        return invite_url(self.application.id)


async def check_discord(
    token: SecretStr,
    *,
    api_url: str,
    gateway_url: str,
    clock: Clock,
    proxy: str | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Checkup:
    """Check a token and the connection to Discord. Changes nothing there and starts no session."""
    use_addresses(api_url, gateway_url)
    shorten_library_log()
    dates: list[str] = []
    # no intents: this client logs in over REST only
    client = discord.Client(
        intents=discord.Intents.none(),
        http_trace=_date_trace(dates.append),
        proxy=http_proxy(proxy),
        connector=socks_connector(proxy),
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            facts = await _ask_facts(client, token)
            gateway = await _gateway(gateway_url, proxy)
    except discord.LoginFailure:
        return _refused(token)
    except _UNREACHABLE as error:
        return Checkup((_unreachable(api_url, error),), is_reached=False)
    finally:
        await client.close()
    return _checkup(facts, gateway, _about_clock(dates, clock))


def _checkup(facts: _BotFacts, gateway: Finding, about_clock: list[Finding]) -> Checkup:
    found = (
        *_about_application(facts),
        *_about_servers(facts),
        gateway,
        *_about_sessions(facts),
        *about_clock,
    )
    return Checkup(found, still_to_do=_still_to_do(facts))


def _refused(token: SecretStr) -> Checkup:
    why = misread_token(token.get_secret_value()) or CLOSE_CODES[4004]
    return Checkup((Finding(Grade.BAD, "Discord token", why),), refused=frozenset({VARIABLE}))


async def _ask_facts(client: discord.Client, token: SecretStr) -> _BotFacts:
    await client.login(token.get_secret_value())
    application = await client.application_info()
    # by the raw list: discord.py's Guild objects leave its permissions out
    guilds = await client.http.get_guilds(_MOST_SERVERS, with_counts=False)
    _, _, sessions = await client.http.get_bot_gateway()
    return _BotFacts(application, [_server(guild) for guild in guilds], sessions["remaining"])


def _server(guild: Any) -> _Server:
    """A guild of the bot's own list, which has the permissions of the bot's roles there."""
    return _Server(
        excerpt(guild["name"], _NAME_ROOM),
        missing_in_server(discord.Permissions(int(guild["permissions"]))),
    )


async def _gateway(url: str, proxy: str | None) -> Finding:
    """Whether the gateway says hello. That starts no session, so a running bot is not
    disturbed."""
    try:
        async with (
            open_session(proxy) as session,
            session.ws_connect(f"{url}?v=10&encoding=json") as socket,
        ):
            said = await socket.receive()
    except NETWORK as error:
        advice = "let this machine open wss:// connections to it"
        return Finding(
            Grade.BAD,
            "Discord gateway",
            f"{url} cannot be reached ({type(error).__name__}); {advice}",
        )
    # something else may answer at that address, with frames of any kind
    with suppress(TypeError, ValueError, AttributeError):
        if json.loads(said.data).get("op") == _HELLO:
            return Finding(Grade.GOOD, "Discord gateway", f"{url} says hello")
    return Finding(Grade.BAD, "Discord gateway", f"{url} answers, but not as a gateway does")


def _about_application(facts: _BotFacts) -> list[Finding]:
    application = facts.application
    name = excerpt(application.name, _NAME_ROOM)
    found = [
        Finding(
            Grade.GOOD, "Discord token", f"accepted; it is {name}'s, application {application.id}"
        )
    ]
    # both settings are legal at Discord, and make a gateway bot useless without an error
    if application.interactions_endpoint_url is not None:
        advice = (
            "empty “Interactions Endpoint URL” on the General Information page: commands "
            "go there instead"
        )
        found.append(Finding(Grade.BAD, "Discord application", advice))
    if application.bot_require_code_grant:
        advice = "turn “Requires OAuth2 Code Grant” off on the Bot page: invitations fail with it"
        found.append(Finding(Grade.BAD, "Discord application", advice))
    return found


def _about_servers(facts: _BotFacts) -> list[Finding]:
    servers = facts.servers
    if not servers:
        return [
            Finding(
                Grade.NOTE,
                "Discord servers",
                f"the bot is in none yet; invite it: {facts.invitation}",
            )
        ]
    names = ", ".join(server.name for server in servers[:_MOST_NAMED])
    more = f" and {len(servers) - _MOST_NAMED} more" if len(servers) > _MOST_NAMED else ""
    detail = f"the bot is in {names}{more}; invite it to others: {facts.invitation}"
    return [
        Finding(Grade.GOOD, "Discord servers", detail),
        *(_lacking(server) for server in servers if server.missing),
    ]


def _lacking(server: _Server) -> Finding:
    is_bad = any(permission.is_needed for permission in server.missing)
    # a list of all of them with reasons would hide the other findings
    if len(server.missing) == len(REQUIRED_PERMISSIONS):
        lacks = "every permission that Flipbook needs"
    else:
        lacks = ", ".join(
            f"{permission.label} (to {permission.reason})" for permission in server.missing
        )
    advice = "grant it to the bot's role there" if is_bad else "clips are made without it"
    return Finding(
        Grade.BAD if is_bad else Grade.NOTE,
        f"Discord server {server.name}",
        f"lacks {lacks}; {advice}",
    )


def _about_sessions(facts: _BotFacts) -> list[Finding]:
    if facts.sessions_left > 0:
        return []
    detail = (
        "none left for today: something starts the bot over and over; wait a day, and run "
        "only one Flipbook"
    )
    return [Finding(Grade.BAD, "Discord sessions", detail)]


def _about_clock(dates: Sequence[str], clock: Clock) -> list[Finding]:
    # by the last response: it is the nearest to now
    offset = clock_offset(dates[-1] if dates else None, clock.now())
    if offset is None or abs(offset) <= _CLOCK_TOLERANCE:
        return []
    advice = "members read wrong times; set it, or let it be set by NTP"
    detail = f"{offset_words(offset, 'Discord')}: {advice}"
    return [Finding(Grade.NOTE, "clock", detail)]


def _still_to_do(facts: _BotFacts) -> str | None:
    if not facts.servers:
        return f"Invite the bot to your server: {facts.invitation}"
    if any(server.missing for server in facts.servers):
        return f"Grant what is missing; this invitation asks for all of it: {facts.invitation}"
    return None


def _unreachable(api_url: str, error: Exception) -> Finding:
    how = (
        f"answered {error.status}"
        if isinstance(error, discord.HTTPException)
        else type(error).__name__
    )
    detail = (
        f"{api_url} cannot be asked at the moment ({how}); look at this machine's "
        "network, then try again"
    )
    return Finding(Grade.BAD, "Discord", detail)


def _date_trace(note: Callable[[str], None]) -> aiohttp.TraceConfig:
    """Calls ``note`` with the Date header of every response."""

    async def on_end(_session: Any, _context: Any, end: aiohttp.TraceRequestEndParams) -> None:
        note(end.response.headers.get("Date", ""))

    trace = aiohttp.TraceConfig()
    hook: Callable[..., Awaitable[None]] = on_end
    trace.on_request_end.append(hook)
    return trace
