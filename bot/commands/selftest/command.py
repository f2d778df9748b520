"""The options of ``flipbook selftest discord``, ``slack`` and ``fal``."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final, NoReturn

import typer

from bot.commands.options import log_errors_only, read_settings, refuse_misread_settings
from bot.commands.selftest.report import SelftestReport
from bot.exit_codes import Exit, die
from bot.settings import Settings, SettingsError, proxy_of
from generation.protocol.clock import Clock, SystemClock
from generation.selftest import Selftest, SelftestTarget, small_clip

selftest = typer.Typer(
    no_args_is_help=True,
    help="Try everything at a real platform once, and print a report that can be sent back.",
)


@dataclass(frozen=True, slots=True)
class _IdForms:
    """What people paste for a channel and a member, and where they find it."""

    channel: re.Pattern[str]
    member: re.Pattern[str]
    how: str

    def target(self, channel: str, member: str | None, look: float) -> SelftestTarget:
        """Ends the command where an id is none."""
        found = self.channel.fullmatch(channel.strip())
        if found is None:
            die(Exit.INVALID, f"CHANNEL takes a channel's id or link: {self.how}.")
        named = self.member.fullmatch((member or "").strip())
        if member is not None and named is None:
            die(Exit.INVALID, "--member takes a member's id: in their profile, Copy ID.")
        return SelftestTarget(found[1], named[1] if named else None, look)


_DISCORD: Final = _IdForms(
    re.compile(r"(?:https://\S+/channels/[\w@]+/|<#)?(\d{15,20})(?:/\d*)?>?"),
    re.compile(r"(?:<@!?)?(\d{15,20})>?"),
    "right-click the channel, then Copy Link",
)
_SLACK: Final = _IdForms(
    re.compile(r"(?:https://\S+/archives/|<#)?([CGD][A-Z0-9]{6,})(?:[|/]\S*)?>?"),
    re.compile(r"(?:<@)?([UW][A-Z0-9]{6,})(?:\|\S*)?>?"),
    "right-click the channel, Copy, Copy link",
)

Channel = Annotated[
    str, typer.Argument(metavar="CHANNEL", help="The channel's id or link; the bot is in it.")
]
Member = Annotated[
    str | None, typer.Option(help="A member's id: sends them the clip as a direct message too.")
]
Look = Annotated[
    float, typer.Option(min=0, max=600, help="Seconds to look at it before it is deleted.")
]


@selftest.command("discord")
def discord(channel: Channel, member: Member = None, look: Look = 0.0) -> None:
    """Post into a channel, edit, add a small clip in every way, react, delete. Exit codes: 0 all
    well, 1 a step failed or something was left, 2 no usable token or channel."""
    from adapters.discord.setup.selftest import BY_HAND, explain_discord, selftest_discord  # noqa: PLC0415 - takes a third of a second

    settings = _settings()
    token = settings.discord_token
    if token is None:
        die(Exit.INVALID, "DISCORD_TOKEN is not set: `flipbook setup discord` sets it.")
    target = _DISCORD.target(channel, member, look)

    def run(test: Selftest, clock: Clock) -> Awaitable[None]:
        return selftest_discord(
            test,
            target,
            small_clip(),
            token=token,
            api_url=settings.discord_api_url,
            gateway_url=settings.discord_gateway_url,
            clock=clock,
            proxy=proxy_of(settings, settings.discord_api_url),
        )

    _run("discord", "discord.py", settings, run=run, explain=explain_discord, by_hand=BY_HAND)


@selftest.command("slack")
def slack(channel: Channel, member: Member = None, look: Look = 0.0) -> None:
    """Post into a channel, edit, add a small clip in every way, ask Slack whether it stands, react,
    delete. Exit codes: 0 all well, 1 a step failed or something was left, 2 no usable token or
    channel."""
    from adapters.slack.setup.selftest import BY_HAND, selftest_slack  # noqa: PLC0415 - takes a third of a second
    from adapters.slack.setup.selftest_calls import explain_slack  # noqa: PLC0415

    settings = _settings()
    token = settings.slack_bot_token
    if token is None:
        die(Exit.INVALID, "SLACK_BOT_TOKEN is not set: `flipbook setup slack` sets it.")
    target = _SLACK.target(channel, member, look)

    def run(test: Selftest, clock: Clock) -> Awaitable[None]:
        api = settings.slack_api_url
        proxied = proxy_of(settings, api)
        clip = small_clip()
        return selftest_slack(
            test, target, clip, token=token, api_url=api, clock=clock, proxy=proxied
        )

    _run("slack", "slack-sdk", settings, run=run, explain=explain_slack, by_hand=BY_HAND)


@selftest.command("fal")
def fal(
    *,
    spend: Annotated[
        bool,
        typer.Option("--spend", help="Buy one turbo clip, at FLIPBOOK_PRICE_TURBO by our guess."),
    ] = False,
) -> None:
    """Ask fal with the key; buys nothing without --spend. Exit codes: 0 all well, 1 a step failed,
    2 no usable key."""
    from bot.commands.selftest.fal import BY_HAND, explain_fal, selftest_fal  # noqa: PLC0415 - httpx

    settings = _settings()
    if settings.fal_key is None:
        die(Exit.INVALID, "FAL_KEY is not set: `flipbook setup fal` sets it.")

    if spend:
        # what was not read may have been the budget
        refuse_misread_settings()

    def run(test: Selftest, clock: Clock) -> Awaitable[None]:
        return selftest_fal(test, settings, clock, spend=spend)

    _run(
        "fal --spend" if spend else "fal",
        "httpx",
        settings,
        run=run,
        explain=explain_fal,
        by_hand=BY_HAND,
    )


def _run(
    command: str,
    library: str,
    settings: Settings,
    *,
    run: Callable[[Selftest, Clock], Awaitable[None]],
    explain: Callable[[Exception], str | None],
    by_hand: Iterable[str],
) -> NoReturn:
    clock, report = SystemClock(), SelftestReport(settings, typer.echo)
    test = Selftest(report.step, explain)
    report.begin(command, library, clock)

    async def whole() -> None:
        await run(test, clock)

    try:
        asyncio.run(whole())
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    except KeyboardInterrupt:  # the first lets the deletion end, a second interrupts it
        report.end(test, ())
        raise typer.Exit(Exit.CANCELLED) from None
    raise typer.Exit(report.end(test, by_hand))


def _settings() -> Settings:
    settings = read_settings()
    log_errors_only(settings)
    return settings
