"""Who a token belongs to, how that bot is invited, and what its settings at Discord keep from working: for setup."""

from dataclasses import dataclass

import discord
from pydantic import SecretStr

from adapters.discord.account import use_addresses
from adapters.discord.errors import CLOSE_CODES, NETWORK, DiscordUnusable
from adapters.discord.library_log import shorten_library_log
from adapters.discord.permissions import invite_url


@dataclass(frozen=True, slots=True)
class Introduction:
    """A bot as Discord knows it; ``problems`` has a sentence for each setting that has to change."""

    name: str
    application_id: int
    invite_url: str
    problems: tuple[str, ...] = ()


async def introduce(token: SecretStr, *, api_url: str, gateway_url: str) -> Introduction:
    """Ask Discord whose token this is. Raises DiscordUnusable, in one sentence, when it does not say."""
    use_addresses(api_url, gateway_url)
    shorten_library_log()
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token.get_secret_value())
        return _introduction(await client.application_info())
    except discord.LoginFailure as error:
        raise DiscordUnusable(CLOSE_CODES[4004]) from error
    except (discord.DiscordException, *NETWORK) as error:
        raise DiscordUnusable("Discord cannot be reached from here at the moment.") from error
    finally:
        await client.close()


def _introduction(application: discord.AppInfo) -> Introduction:
    problems = []
    if application.interactions_endpoint_url is not None:
        problems.append("Empty “Interactions Endpoint URL” on the General Information page: commands go there instead.")
    if application.bot_require_code_grant:
        problems.append("Turn “Requires OAuth2 Code Grant” off on the Bot page: invitations fail with it.")
    return Introduction(application.name, application.id, invite_url(application.id), tuple(problems))
