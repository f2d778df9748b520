"""What Discord says about a bot before it is started: whose token it is, where it may do what, and what is off."""

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

from adapters.discord.account import use_addresses
from adapters.discord.errors import CLOSE_CODES, NETWORK
from adapters.discord.library_log import shorten_library_log
from adapters.discord.permissions import NEEDS, Need, invite_url, missing_in_server
from adapters.discord.token_kinds import misread_token
from generation.clip_words import excerpt
from generation.findings import Checkup, Finding, Grade, clock_offset, offset_words
from generation.ports import Clock

VARIABLE: Final = "DISCORD_TOKEN"
PATIENCE_SECONDS: Final = 20.0
_HELLO: Final = 10
_MOST_SERVERS: Final = 200
_MOST_NAMED: Final = 5
_NAME_ROOM: Final = 40
_CLOCK_TOLERANCE: Final = timedelta(seconds=60)
_UNREACHABLE: Final = (discord.DiscordException, *NETWORK)


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    missing: Sequence[Need]


@dataclass(frozen=True, slots=True)
class _Account:
    """What the token opens, as Discord tells it."""

    application: discord.AppInfo
    servers: Sequence[_Server]
    sessions_left: int

    @property
    def invitation(self) -> str:
        return invite_url(self.application.id)


async def check_discord(
    token: SecretStr, *, api_url: str, gateway_url: str, clock: Clock, patience: float = PATIENCE_SECONDS
) -> Checkup:
    """Ask Discord about a token, and about the way to it; nothing is changed there, and no session is begun."""
    use_addresses(api_url, gateway_url)
    shorten_library_log()
    dates: list[str] = []
    client = discord.Client(intents=discord.Intents.none(), http_trace=_noting_dates(dates.append))
    try:
        async with asyncio.timeout(patience):
            account = await _account(client, token)
            gateway = await _gateway(gateway_url)
    except discord.LoginFailure:
        why = misread_token(token.get_secret_value()) or CLOSE_CODES[4004]
        return Checkup((Finding(Grade.BAD, "Discord token", why),), refused=frozenset({VARIABLE}))
    except _UNREACHABLE as error:
        return Checkup((_unreachable(api_url, error),), is_reached=False)
    finally:
        await client.close()
    found = [*_about_application(account), *_about_servers(account), gateway, *_about_sessions(account)]
    return Checkup((*found, *_about_clock(dates, clock)), still_to_do=_still_to_do(account))


async def _account(client: discord.Client, token: SecretStr) -> _Account:
    await client.login(token.get_secret_value())
    application = await client.application_info()
    guilds = await client.http.get_guilds(_MOST_SERVERS, with_counts=False)
    _, _, sessions = await client.http.get_bot_gateway()
    return _Account(application, [_server(guild) for guild in guilds], sessions["remaining"])


def _server(guild: Any) -> _Server:
    """A server as the bot's own list of them shows it: with the permissions of its roles there."""
    return _Server(
        excerpt(guild["name"], _NAME_ROOM), missing_in_server(discord.Permissions(int(guild["permissions"])))
    )


async def _gateway(url: str) -> Finding:
    """Whether the gateway says hello. It takes no session for that, so a bot that runs is not disturbed."""
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}?v=10&encoding=json") as socket:
            said = await socket.receive()
    except NETWORK as error:
        advice = "let this machine open wss:// connections to it"
        return Finding(Grade.BAD, "Discord gateway", f"{url} cannot be reached ({type(error).__name__}); {advice}")
    with suppress(TypeError, ValueError, AttributeError):
        if json.loads(said.data).get("op") == _HELLO:
            return Finding(Grade.GOOD, "Discord gateway", f"{url} says hello")
    return Finding(Grade.BAD, "Discord gateway", f"{url} answers, but not as a gateway does")


def _about_application(account: _Account) -> list[Finding]:
    application = account.application
    name = excerpt(application.name, _NAME_ROOM)
    found = [Finding(Grade.GOOD, "Discord token", f"accepted; it is {name}'s, application {application.id}")]
    if application.interactions_endpoint_url is not None:
        advice = "empty “Interactions Endpoint URL” on the General Information page: commands go there instead"
        found.append(Finding(Grade.BAD, "Discord application", advice))
    if application.bot_require_code_grant:
        advice = "turn “Requires OAuth2 Code Grant” off on the Bot page: invitations fail with it"
        found.append(Finding(Grade.BAD, "Discord application", advice))
    return found


def _about_servers(account: _Account) -> list[Finding]:
    servers = account.servers
    if not servers:
        return [Finding(Grade.NOTE, "Discord servers", f"the bot is in none yet; invite it: {account.invitation}")]
    names = ", ".join(server.name for server in servers[:_MOST_NAMED])
    more = f" and {len(servers) - _MOST_NAMED} more" if len(servers) > _MOST_NAMED else ""
    detail = f"the bot is in {names}{more}; invite it to others: {account.invitation}"
    return [Finding(Grade.GOOD, "Discord servers", detail), *(_lacking(server) for server in servers if server.missing)]


def _lacking(server: _Server) -> Finding:
    if len(server.missing) == len(NEEDS):
        lacks = "every permission that Flipbook needs"
    else:
        lacks = ", ".join(f"{need.label} (to {need.reason})" for need in server.missing)
    return Finding(Grade.BAD, f"Discord server {server.name}", f"lacks {lacks}; grant it to the bot's role there")


def _about_sessions(account: _Account) -> list[Finding]:
    if account.sessions_left > 0:
        return []
    detail = "none left for today: something starts the bot over and over; wait a day, and run only one Flipbook"
    return [Finding(Grade.BAD, "Discord sessions", detail)]


def _about_clock(dates: Sequence[str], clock: Clock) -> list[Finding]:
    offset = clock_offset(dates[-1] if dates else None, clock.now())
    if offset is None or abs(offset) <= _CLOCK_TOLERANCE:
        return []
    detail = f"{offset_words(offset)} of Discord's: members read wrong times; set it, or let it be set by NTP"
    return [Finding(Grade.NOTE, "clock", detail)]


def _still_to_do(account: _Account) -> str | None:
    if not account.servers:
        return f"Invite the bot to your server: {account.invitation}"
    if any(server.missing for server in account.servers):
        return f"Grant what is missing; this invitation asks for all of it: {account.invitation}"
    return None


def _unreachable(api_url: str, error: Exception) -> Finding:
    how = f"answered {error.status}" if isinstance(error, discord.HTTPException) else type(error).__name__
    detail = f"{api_url} cannot be asked at the moment ({how}); look at this machine's network, then try again"
    return Finding(Grade.BAD, "Discord", detail)


def _noting_dates(note: Callable[[str], None]) -> aiohttp.TraceConfig:
    async def answered(_session: Any, _context: Any, answer: aiohttp.TraceRequestEndParams) -> None:
        note(answer.response.headers.get("Date", ""))

    trace = aiohttp.TraceConfig()
    heard: Callable[..., Awaitable[None]] = answered
    trace.on_request_end.append(heard)
    return trace
