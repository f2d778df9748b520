"""Checks an app before the bot starts: its tokens, their scopes, how Slack reaches the bot, and the
clock."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiohttp
from pydantic import SecretStr

from adapters.proxies import open_session
from adapters.slack.errors import SlackRefused, TokenDead
from adapters.slack.models import Identity
from adapters.slack.setup.manifest import REASONS, missing_optional, missing_scopes
from adapters.slack.setup.token_formats import WHERE, Variable, misread_value
from adapters.slack.signed_http import PATH
from adapters.slack.web_api import SlackApi
from generation.diagnostics import Checkup, Finding, Grade, clock_offset, offset_words
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryError
from generation.text.dialect import excerpt

TIMEOUT_SECONDS: Final = 20.0
SIGNATURE_WINDOW: Final = timedelta(minutes=5)
"""How old a signed request may be by this machine's clock."""
_CLOCK_TOLERANCE: Final = timedelta(seconds=60)
_NAME_ROOM: Final = 40
_ADD_SCOPES: Final = "add them on “OAuth & Permissions” and install the app again"
_WHY_REFUSED: Final = {
    "token_revoked": "it was revoked; install the app again",
    "token_expired": (
        "it has expired: the app rotates its tokens; create it again from the manifest"
    ),
    "account_inactive": "the app was removed from the workspace; install it again",
    "app_uninstalled": "the app was removed from the workspace; install it again",
    "missing_scope": "it lacks the scope connections:write",
    "not_allowed_token_type": "it is a token of another kind",
    "invalid_auth": "Slack does not know it",
}


@dataclass(frozen=True, slots=True)
class SlackAccess:
    """What an operator has set: the bot token, and how Slack reaches the bot."""

    bot_token: SecretStr
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    public_url: str | None = None
    proxy: str | None = None

    @property
    def is_signed_http(self) -> bool:
        """Whether acts come as signed POSTs; a socket has priority where both are set."""
        return self.app_token is None and self.signing_secret is not None


class _Refused(Exception):
    def __init__(self, variable: Variable, error: TokenDead | SlackRefused) -> None:
        super().__init__(error.code)
        self.variable = variable
        self.code = error.code


async def check_slack(
    access: SlackAccess, *, api_url: str, clock: Clock, timeout_seconds: float = TIMEOUT_SECONDS
) -> Checkup:
    """Check the tokens and how Slack reaches the bot. Changes nothing there and opens no socket: a
    second one would take acts away from a bot that runs."""
    api = SlackApi(access.bot_token, api_url, proxy=access.proxy)
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _checkup(api, access, clock)
    except _Refused as refused:
        return Checkup(
            (_refused(refused, access.bot_token),), refused=frozenset({refused.variable.value})
        )
    except (DeliveryError, TimeoutError) as error:
        return Checkup((_unreachable(api_url, error),), is_reached=False)
    finally:
        await api.close()


async def _checkup(api: SlackApi, access: SlackAccess, clock: Clock) -> Checkup:
    try:
        identity = await api.identity()
    except (TokenDead, SlackRefused) as error:
        raise _Refused(Variable.BOT_TOKEN, error) from error
    # Slack accepts a person's token as well, but posts under the person's name
    if identity.bot_id is None:
        raise _Refused(
            Variable.BOT_TOKEN, SlackRefused("not_allowed_token_type", "a person's token")
        )
    about_bot = [_about_token(identity), *_about_scopes(identity)]
    refused: frozenset[str] = frozenset()
    try:
        connection = await _about_connection(api, access, identity)
    except _Refused as error:
        connection, refused = [_refused(error, access.app_token)], frozenset({error.variable.value})
    about_clock = _about_clock(identity, access, clock)
    return Checkup(
        (*about_bot, *connection, *about_clock), refused, still_to_do=_still_to_do(identity)
    )


def _about_token(identity: Identity) -> Finding:
    bot, team = excerpt(identity.user_name, _NAME_ROOM), excerpt(identity.team_name, _NAME_ROOM)
    return Finding(
        Grade.GOOD,
        f"Slack {Variable.BOT_TOKEN}",
        f"accepted; it is {bot}'s in {team}, {identity.team}",
    )


def _about_scopes(identity: Identity) -> list[Finding]:
    missing, without = missing_scopes(identity.scopes), missing_optional(identity.scopes)
    if missing:
        detail = f"missing: {_with_reasons(missing)}; {_ADD_SCOPES}"
        return [Finding(Grade.BAD, "Slack scopes", detail), *_about_optional(without)]
    if without:
        return [
            Finding(Grade.GOOD, "Slack scopes", "all that are needed are granted"),
            *_about_optional(without),
        ]
    return [Finding(Grade.GOOD, "Slack scopes", f"all {len(REASONS)} are granted")]


def _about_optional(without: Sequence[str]) -> list[Finding]:
    if not without:
        return []
    detail = (
        f"without {', '.join(without)}, which are optional, a connection that breaks while Slack "
        "takes a message can leave a second message behind, never a second clip"
    )
    return [Finding(Grade.NOTE, "Slack scopes", detail)]


def _with_reasons(scopes: Sequence[str]) -> str:
    return ", ".join(f"{scope} ({REASONS[scope]})" for scope in scopes)


def _still_to_do(identity: Identity) -> str | None:
    missing = missing_scopes(identity.scopes)
    return (
        f"Add the scopes {', '.join(missing)} on “OAuth & Permissions”, then install the app again."
        if missing
        else None
    )


async def _about_connection(
    api: SlackApi, access: SlackAccess, identity: Identity
) -> list[Finding]:
    if access.app_token is not None:
        return await _about_socket(api, access.app_token, identity, access.proxy)
    if access.signing_secret is not None:
        return [_about_address(access.public_url)]
    detail = "none: set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for signed HTTP"
    return [Finding(Grade.BAD, "Slack way in", detail)]


async def _about_socket(
    api: SlackApi, app_token: SecretStr, identity: Identity, proxy: str | None
) -> list[Finding]:
    try:
        address = await api.open_socket(app_token)
    except (TokenDead, SlackRefused) as error:
        raise _Refused(Variable.APP_TOKEN, error) from error
    found = [Finding(Grade.GOOD, f"Slack {Variable.APP_TOKEN}", "accepted, with connections:write")]
    # Slack refuses this without users:read, which is reported already
    with suppress(SlackRefused):
        found += _about_app(await api.app_of(identity.bot_id or ""), app_token)
    return [*found, await _about_host(address, proxy)]


def _about_app(app_id: str, app_token: SecretStr) -> list[Finding]:
    """Both tokens must be of one app, else no command arrives."""
    # an app-level token holds the id of its app: xapp-1-A0123456789-…
    _, _, rest = app_token.get_secret_value().partition("-1-")
    named = rest.partition("-")[0]
    if not named or named == app_id:
        return []
    detail = (
        f"is of the app {excerpt(named, _NAME_ROOM)}, the bot token of {app_id}: take "
        "both from one app"
    )
    return [Finding(Grade.BAD, f"Slack {Variable.APP_TOKEN}", detail)]


async def _about_host(address: str, proxy: str | None) -> Finding:
    """Whether this machine can connect to Slack's socket server."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        await (_connect(parts) if proxy is None else _connect_through(proxy, parts))
    except (aiohttp.ClientError, OSError) as error:
        advice = "let this machine open wss:// connections to it"
        return Finding(
            Grade.BAD,
            "Slack socket",
            f"{host} cannot be reached ({type(error).__name__}); {advice}",
        )
    return Finding(Grade.GOOD, "Slack socket", f"{host} can be reached")


async def _connect(address: SplitResult) -> None:
    is_secure = address.scheme == "wss"
    _, writer = await asyncio.open_connection(
        address.hostname, address.port or (443 if is_secure else 80), ssl=is_secure or None
    )
    # the connection itself is the answer
    writer.close()
    await writer.wait_closed()


async def _connect_through(proxy: str, address: SplitResult) -> None:
    # the server's first page, for the address itself would open a socket; any answer will do
    page = address._replace(scheme=address.scheme.replace("ws", "http"), path="/", query="")
    async with open_session(proxy) as session, session.get(page.geturl()):
        pass


def _about_address(public_url: str | None) -> Finding:
    if public_url is None:
        detail = (
            "signed HTTP needs an address that Slack reaches: set FLIPBOOK_PUBLIC_URL, or "
            "use SLACK_APP_TOKEN instead"
        )
        return Finding(Grade.BAD, "Slack address", detail)
    address = f"{public_url.rstrip('/')}{PATH}"
    if not public_url.startswith("https://"):
        return Finding(
            Grade.BAD,
            "Slack address",
            f"Slack sends to https:// only, and FLIPBOOK_PUBLIC_URL is {public_url}",
        )
    return Finding(Grade.GOOD, "Slack address", f"signed requests come to {address}")


def _about_clock(identity: Identity, access: SlackAccess, clock: Clock) -> list[Finding]:
    offset = clock_offset(identity.answered_at, clock.now())
    if offset is None:
        return []
    off = offset_words(offset, "Slack")
    # a minute early: the offset is measured over the network, and the clock may drift on
    if access.is_signed_http and abs(offset) >= SIGNATURE_WINDOW - _CLOCK_TOLERANCE:
        why = (
            "requests signed more than five minutes ago are refused as replayed, so all of "
            "them get 401"
        )
        return [Finding(Grade.BAD, "clock", f"{off}: {why}; set it, or let it be set by NTP")]
    if abs(offset) > _CLOCK_TOLERANCE:
        return [
            Finding(
                Grade.NOTE,
                "clock",
                f"{off}: members read wrong times; set it, or let it be set by NTP",
            )
        ]
    return [Finding(Grade.GOOD, "clock", "agrees with Slack's within a minute")]


def _refused(refused: _Refused, token: SecretStr | None) -> Finding:
    """Why a token is not accepted, and where to find the right one."""
    # the token's form often says more than Slack's error code
    variable = refused.variable
    misread = misread_value(variable, token.get_secret_value() if token is not None else "")
    why = misread or f"{_WHY_REFUSED.get(refused.code, 'Slack refuses it')}. {WHERE[variable]}"
    return Finding(
        Grade.BAD, f"Slack {variable}", f"not accepted ({excerpt(refused.code, _NAME_ROOM)}): {why}"
    )


def _unreachable(api_url: str, error: Exception) -> Finding:
    why = error.reason if isinstance(error, DeliveryError) else "it does not answer"
    detail = (
        f"{api_url} cannot be asked at the moment ({why}); look at this machine's "
        "network, then try again"
    )
    return Finding(Grade.BAD, "Slack", detail)
