"""Every limit refuses with one sentence (which limit, what is allowed, what is used, when again), on both chats and in
the words of the terminal; nothing is bought and nothing is posted."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import discord_bot
import slack_bot
from core import Core, a_core
from core_running import PROMPT, RunningBot
from doubles.discord.fixtures import OpenDouble as OpenDiscord
from doubles.generation.backend import ScriptedBackend
from doubles.slack.server import OpenDouble as OpenSlack
from doubles.slack.world import GENERAL, MIRA
from factories import a_channel, a_request, a_user
from generation.domain.job import JobStatus
from generation.domain.pricing import Price, Prices
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import FlipbookError
from generation.protocol.request import Endpoint
from generation.rules.limits import NEVER_REFUSED, LimitName
from generation.rules.operator_rules import OperatorRules
from generation.rules.policy import Policy
from generation.service import SubmitContext
from generation.text.errors import sentence
from integration.adapters.refusals_table import REFUSALS, Row

ADMIN = UserRef(Platform.TERMINAL, "an admin")
COSTS = Prices({"worker": dict.fromkeys(Endpoint, Price(Decimal("0.05")))})
PLACES = {Platform.DISCORD: "server", Platform.SLACK: "workspace", Platform.TERMINAL: "machine"}
MOMENTS = {
    Platform.DISCORD: r"<t:\d+:R>",
    Platform.SLACK: r"<!date\^\d+\^[^>]*>",
    Platform.TERMINAL: r"at \d{4}-\d\d-\d\d \d\d:\d\d \w+",
}


class Asking(Protocol):
    """A member who asks for clips in some chat."""

    core: Core
    server: ServerRef
    member: str
    channel: str

    async def ask(self, asked: Mapping[str, Any]) -> str:
        """Ask; returns what only the member reads, empty when the clip is taken."""
        ...


class OnDiscord:
    def __init__(self, bot: discord_bot.Bot) -> None:
        double = bot.double
        self.bot, self.core = bot, bot.core
        self.server = discord_bot.server_ref(double.guilds.studio.id)
        self.member, self.channel = str(double.people.member.id), str(double.places.text.id)

    async def ask(self, asked: Mapping[str, Any]) -> str:
        names = {"num_inference_steps": "steps"}
        options = {names.get(name, name): value for name, value in asked.items()}
        if size := options.pop("video_size", None):
            options |= size
        if endpoint := options.pop("endpoint", None):
            options["quality"] = endpoint.label
        message = await self.bot.animate(**options)
        return message.content if message.ephemeral else ""


class OnSlack:
    def __init__(self, bot: slack_bot.Bot) -> None:
        self.bot, self.core, self.server = bot, bot.core, bot.server
        self.member, self.channel = MIRA, GENERAL

    async def ask(self, asked: Mapping[str, Any]) -> str:
        flags = ""
        for name, value in asked.items():
            match name:
                case "num_frames":
                    flags += f" --frames {value}"
                case "num_inference_steps":
                    flags += f" --steps {value}"
                case "video_size":
                    flags += f" --size {value['width']}x{value['height']}"
                case "endpoint":
                    flags += " --turbo"
        # the next message in the channel need not wait for its slot
        self.bot.double.clock.advance(1.2)
        act = await self.bot.double.slash("/animate", PROMPT + flags)
        assert act.ack is not None
        return str(act.ack.payload["text"]) if act.ack.payload else ""


class InTheTerminal:
    """The core's errors in the words that the terminal prints."""

    def __init__(self, core: Core) -> None:
        self.core, self.server = core, a_channel().server
        self.member, self.channel = a_user().id, a_channel().id
        self._asked = 0

    async def ask(self, asked: Mapping[str, Any]) -> str:
        self._asked += 1
        context = SubmitContext(f"o{self._asked}", requested_by=a_user(), channel=a_channel())
        try:
            await self.core.service.submit(a_request(**asked), context)
        except FlipbookError as error:
            return sentence(error)
        return ""


@asynccontextmanager
async def with_two_clips(bot: RunningBot, asking: Asking) -> AsyncIterator[Asking]:
    """One clip is delivered, another is being made."""
    assert await asking.ask({}) == ""
    bot.release()
    await bot.until_recorded()
    assert bot.backend.hold is not None
    bot.backend.hold.clear()
    assert await asking.ask({}) == ""
    await bot.until(lambda: len(bot.backend.submissions) == 2)
    yield asking
    bot.release()


def expected(row: Row, platform: Platform) -> str:
    """The row's sentence as a pattern."""
    said = re.escape(row.says).replace(r"\{place\}", PLACES[platform]).replace(r"\{n\}", r"\d+")
    return said.replace(r"\{when\}", MOMENTS[platform])


async def check_all(asking: Asking, platform: Platform) -> None:
    """Each row in turn; between two of them no rule is set."""
    service = asking.core.service
    for row in REFUSALS:
        if platform not in row.platforms:
            continue
        rules = {name: _filled(value, asking) for name, value in row.rules.items()}
        await service.change_rules(asking.server, rules, by=ADMIN)
        told = await asking.ask(row.asked)
        assert re.fullmatch(expected(row, platform), told), (row.name, told)
        await service.reset_limits(asking.server, by=ADMIN)
        await service.set_policy(asking.server, Policy(), by=ADMIN)
    await service.pause(asking.server, "Back at six", by=ADMIN)
    assert await asking.ask({}) == "No new clips are taken for now: Back at six."
    await service.resume(asking.server, by=ADMIN)


def _filled(value: object, asking: Asking) -> object:
    known = {"MEMBER": asking.member, "CHANNEL": asking.channel}
    return {known.get(each, each) for each in value} if isinstance(value, set) else value


def test_the_table_has_every_limit() -> None:
    limits = {name for name in LimitName if name not in NEVER_REFUSED}
    assert limits <= {row.name for row in REFUSALS}
    assert {row.name for row in REFUSALS if row.names_a_time} == {row.name for row in REFUSALS if "{when}" in row.says}


async def test_every_limit_is_one_sentence_on_discord(open_discord_double: OpenDiscord, tmp_path: Path) -> None:
    double = await open_discord_double()
    backend = ScriptedBackend(hold=asyncio.Event())
    async with (
        discord_bot.running_bot(double, tmp_path, backend=backend, prices=COSTS) as bot,
        with_two_clips(bot, OnDiscord(bot)) as asking,
    ):
        await check_all(asking, Platform.DISCORD)
        assert bot.bought == 2
        assert len([message for message in double.world.messages() if not message.ephemeral]) == 2


async def test_every_limit_is_one_sentence_on_slack(open_slack_double: OpenSlack, tmp_path: Path) -> None:
    double = await open_slack_double(**slack_bot.SHIPPED)
    backend = ScriptedBackend(hold=asyncio.Event())
    async with (
        slack_bot.running_bot(double, tmp_path, backend=backend, prices=COSTS) as bot,
        with_two_clips(bot, OnSlack(bot)) as asking,
    ):
        await check_all(asking, Platform.SLACK)
        assert bot.bought == 2
        assert len(slack_bot.public(double)) == 2


async def test_every_limit_is_one_sentence_in_the_terminal(tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), prices=COSTS)
    async with a_core(tmp_path, rules=rules) as core:
        asking = InTheTerminal(core)
        assert await asking.ask({}) == ""
        (job, *_) = await core.store.unfinished_in(asking.server, limit=5)
        assert (await core.run(job)).status is JobStatus.SUCCEEDED
        assert await asking.ask({}) == ""
        await check_all(asking, Platform.TERMINAL)
        assert len(core.backend.submissions) == 1
