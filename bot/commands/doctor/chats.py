"""What both chats answer to `flipbook doctor` about their tokens."""

from collections.abc import Awaitable

from bot.commands.chat_checks import discord_checkup, slack_access, slack_checkup
from bot.settings import Settings, SettingsError
from generation.diagnostics import Checkup, Finding, Grade
from generation.protocol.clock import Clock


async def chats(settings: Settings, clock: Clock) -> list[Finding]:
    """Each platform's answers. No session is opened, so a running bot is not disturbed."""
    findings = _half_set(settings)
    if settings.discord_token is not None:
        findings += await _asked(
            "Discord", discord_checkup(settings, settings.discord_token, clock)
        )
    if settings.slack_bot_token is not None:
        access = slack_access(settings, settings.slack_bot_token)
        findings += await _asked("Slack", slack_checkup(settings, access, clock))
    return findings


async def _asked(name: str, checkup: Awaitable[Checkup]) -> list[Finding]:
    try:
        return list((await checkup).findings)
    except SettingsError as error:
        return [Finding(Grade.BAD, name, f"cannot be asked: {error}")]


def _half_set(settings: Settings) -> list[Finding]:
    if settings.slack_bot_token is None and (
        settings.slack_app_token or settings.slack_signing_secret
    ):
        detail = (
            "SLACK_BOT_TOKEN is not set, so Slack is not served; `flipbook setup slack` "
            "goes through it"
        )
        return [Finding(Grade.BAD, "Slack SLACK_BOT_TOKEN", detail)]
    if settings.discord_token is None and settings.slack_bot_token is None:
        detail = "none is set up; `flipbook setup discord` or `flipbook setup slack` sets it up"
        return [Finding(Grade.NOTE, "chats", detail)]
    return []
