"""Every rule of the one table refuses with one sentence (which rule, what is allowed, what is used, when again) on both
chats; nothing is bought and nothing is posted."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest

import discord_bot
import slack_bot
from bot.operator_rules import operator_rules
from bot.settings import load_settings
from core import Core
from core_running import PROMPT, RunningBot
from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.generation.backend import ScriptedBackend
from doubles.slack.server import OpenDouble as OpenSlack
from doubles.slack.world import GENERAL, MIRA
from fixtures.refusals import REFUSALS, Refusal
from generation.domain.pricing import Price, Prices
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.request import Endpoint
from generation.rules.operator_rules import OperatorRules
from generation.rules.pause import EVERY_SERVER
from generation.rules.policy import Policy
from generation.text.rules.moments import moment_from

ADMIN = UserRef(Platform.TERMINAL, "an admin")
COSTS = Prices({"worker": dict.fromkeys(Endpoint, Price(Decimal("0.05")))})
PLACES = {Platform.DISCORD: "server", Platform.SLACK: "workspace"}
DISCORD_OPTIONS = {"num_inference_steps": "steps", "video_size": "size"}
MOMENTS = {
    Platform.DISCORD: r"<t:\d+:\w>",
    Platform.SLACK: r"<!date\^\d+\^[^>]*>",
}


class Asking(Protocol):
    """A member who asks for clips in some chat."""

    core: Core
    server: ServerRef
    member: str
    channel: str

    async def ask(self, asked: Mapping[str, Any], *, is_age_restricted: bool = False) -> str:
        """Ask; returns what only the member reads, empty when the clip is taken."""
        ...


class OnDiscord:
    def __init__(self, bot: discord_bot.Bot) -> None:
        double = bot.double
        self.bot, self.core = bot, bot.core
        self.server = discord_bot.server_ref(double.guilds.studio.id)
        self.member, self.channel = str(double.people.member.id), str(double.places.text.id)

    async def ask(self, asked: Mapping[str, Any], *, is_age_restricted: bool = False) -> str:
        options = {DISCORD_OPTIONS.get(name, name): value for name, value in asked.items()}
        if endpoint := options.pop("endpoint", None):
            options["quality"] = Endpoint(endpoint).label
        places = self.bot.double.places
        where = places.age_restricted if is_age_restricted else places.text
        message = await self.bot.animate(channel=where, **options)
        return message.content if message.ephemeral else ""


class OnSlack:
    def __init__(self, bot: slack_bot.Bot) -> None:
        self.bot, self.core, self.server = bot, bot.core, bot.server
        self.member, self.channel = MIRA, GENERAL

    async def ask(self, asked: Mapping[str, Any], *, is_age_restricted: bool = False) -> str:
        assert not is_age_restricted, "Slack has no such channels"
        flags = ""
        for name, value in asked.items():
            match name:
                case "num_frames":
                    flags += f" --frames {value}"
                case "num_inference_steps":
                    flags += f" --steps {value}"
                case "video_size":
                    flags += f" --size {value}"
                case "endpoint":
                    flags += " --turbo"
        # the next message in the channel need not wait for its slot
        self.bot.double.clock.advance(1.2)
        act = await self.bot.double.slash("/animate", asked.get("prompt", PROMPT) + flags)
        assert act.ack is not None
        return str(act.ack.payload["text"]) if act.ack.payload else ""


async def one_more(bot: RunningBot, asking: Asking) -> None:
    """A clip that is being made from then on."""
    sent = len(bot.backend.submissions)
    assert await asking.ask({}) == ""
    await bot.until(lambda: len(bot.backend.submissions) == sent + 1)


async def check_all(bot: RunningBot, asking: Asking, platform: Platform) -> None:
    """Each rule in turn, from none to two clips that are being made; between two of them no rule is set."""
    service = asking.core.service
    for row in sorted((each for each in REFUSALS if platform in each.platforms), key=lambda each: each.before):
        while len(bot.backend.submissions) < row.before:
            await one_more(bot, asking)
        if row.operator:
            continue
        await service.change_rules(asking.server, row.rules(member=asking.member, channel=asking.channel), by=ADMIN)
        if row.pause:
            reason, *until = row.pause
            moment = moment_from(until[1], asking.core.clock.now()) if until else None
            await service.pause(EVERY_SERVER, reason, until=moment, by=ADMIN)
        told = await asking.ask(row.asked, is_age_restricted=row.is_age_restricted)
        assert row.says(place=PLACES[platform], when=MOMENTS[platform]).match(told), (row.name, told)
        await service.resume(EVERY_SERVER, by=ADMIN)
        await service.reset_limits(asking.server, by=ADMIN)
        await service.change_policy(asking.server, lambda _: Policy().model_dump(), by=ADMIN)
        await service.change_rules(asking.server, {"user_active_jobs": 9}, by=ADMIN)
    assert bot.bought == 2


async def check_the_operators(asking: Asking, platform: Platform, row: Refusal) -> None:
    """One rule that the bot was started with."""
    await asking.core.service.change_rules(asking.server, row.rules(member="", channel=""), by=ADMIN)
    for _ in range(row.before):
        assert await asking.ask({}) == ""
    told = await asking.ask(row.asked)
    assert row.says(place=PLACES[platform], when=MOMENTS[platform]).match(told), (row.name, told)


def rules_of(row: Refusal, monkeypatch: pytest.MonkeyPatch) -> OperatorRules:
    for variable, value in {"FLIPBOOK_PRICE_WORKER_STANDARD": "0.05", **row.operator}.items():
        monkeypatch.setenv(variable, value)
    return operator_rules(load_settings())


async def test_every_rule_is_one_sentence_on_discord(open_discord_double: OpenDiscord, tmp_path: Path) -> None:
    double, backend = await open_discord_double(), ScriptedBackend(hold=asyncio.Event())
    async with discord_bot.running_bot(double, tmp_path, backend=backend, prices=COSTS) as bot:
        await check_all(bot, OnDiscord(bot), Platform.DISCORD)
        bot.release()
        await bot.until_recorded()
        assert len([message for message in double.world.messages() if not message.ephemeral]) == 2


async def test_every_rule_is_one_sentence_on_slack(open_slack_double: OpenSlack, tmp_path: Path) -> None:
    double, backend = await open_slack_double(**slack_bot.SHIPPED), ScriptedBackend(hold=asyncio.Event())
    async with slack_bot.running_bot(double, tmp_path, backend=backend, prices=COSTS) as bot:
        await check_all(bot, OnSlack(bot), Platform.SLACK)
        bot.release()
        await bot.until_recorded()
        assert len(slack_bot.public(double)) == 2


@pytest.mark.parametrize("row", [each for each in REFUSALS if each.operator], ids=lambda each: each.name)
async def test_the_operators_rules_are_too(
    row: Refusal,
    open_discord_double: OpenDiscord,
    open_slack_double: OpenSlack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = rules_of(row, monkeypatch)
    (tmp_path / "discord").mkdir()
    (tmp_path / "slack").mkdir()
    double = await open_discord_double()
    async with discord_bot.running_bot(double, tmp_path / "discord", rules=rules) as discord:
        await check_the_operators(OnDiscord(discord), Platform.DISCORD, row)
    other = await open_slack_double(**slack_bot.SHIPPED)
    async with slack_bot.running_bot(other, tmp_path / "slack", rules=rules) as slack:
        await check_the_operators(OnSlack(slack), Platform.SLACK, row)
