"""Discord under load: the whole bot against the double, with realistic rate limits, without judges.

Three scenarios, each with a bot in a process of its own; the double, its members and the backend
run in this process.

* The crowd: ``--in-flight`` jobs are being rendered; then ``--rate`` members a second ask for clips
  for ``--seconds``.
* Beside a minimal bot, which waits in its handler and edits every 0.2 s: requests and processor
  time per job.
* One channel: members re-roll one clip by reacting, so that every message and every edit of it goes
  by the bot's token and shares the channel's buckets. How long after its completion is each clip in
  its message?
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chat_load.backend import KEY, LoadBackend
from chat_load.child import Child, child
from chat_load.command_line import run_scenarios
from chat_load.measuring import at_rate, until
from chat_load.scenarios import FLIPBOOK, PROMPT, STEPS, ChatUnderLoad, print_one_channel

from doubles.discord.record import Exchange
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.people import User
from doubles.discord.state.places import Channel, Guild
from doubles.discord.state.world import add_guild

GUILDS, CHANNELS, MEMBERS = 50, 4, 10
"""``MEMBERS`` in each guild: few jobs of one member are at a backend at a time, so that others get
their turn."""


@dataclass
class DiscordStage:
    """Discord's double with a crowd, a backend, and a bot between them."""

    double: DiscordDouble
    backend: LoadBackend
    bot: Child
    guilds: list[Guild]

    async def ask(self, number: int) -> Interaction:
        """The next of many members asks for a clip somewhere."""
        return await self.double.slash(
            "animate",
            user=self.member(number),
            channel=self.channel(number),
            prompt=f"{PROMPT}, number {number}",
        )

    async def open_form(self, number: int) -> Interaction:
        """The next of many members types the command alone."""
        return await self.double.slash(
            "animate", user=self.member(number), channel=self.channel(number)
        )

    def form_seconds(self, commands: Sequence[Interaction]) -> list[float]:
        """To the modal, by the double's clock."""
        return self.answer_seconds([one for one in commands if one.modal is not None])

    def channel(self, number: int) -> Channel:
        """The channels of all servers, one after the other."""
        guild = self.guilds[number % len(self.guilds)]
        channels = list(guild.channels.values())
        return channels[number // len(self.guilds) % len(channels)]

    def member(self, number: int) -> User:
        """The members of all servers, one after the other."""
        members = crowd_of(self.guilds[number % len(self.guilds)])
        return members[number // len(self.guilds) % len(members)]

    def is_answered(self, command: Interaction) -> bool:
        return command.answered

    def answer_seconds(self, commands: Sequence[Interaction]) -> list[float]:
        """By the double's clock."""
        answered: dict[int, float] = {}
        for each in self.rest:
            if each.name.endswith("/callback") and (each.status or 0) < 300:
                answered.setdefault(int(each.name.split("/")[2]), each.at)
        return [answered[one.id] - one.created_at for one in commands if one.id in answered]

    @property
    def rest(self) -> list[Exchange]:
        """The bot's requests to the REST API."""
        return [each for each in self.double.log if each.kind == "rest"]

    @property
    def requests(self) -> int:
        return len(self.rest)

    @property
    def rate_limited(self) -> int:
        return self.double.served_429

    @property
    def delivered(self) -> int:
        return len(self.clips())

    @property
    def violations(self) -> Sequence[object]:
        return self.double.violations

    def clips(self) -> dict[str, float]:
        """When each job's clip arrived, by the job's id."""
        return {
            name[9:-4]: each.at
            for each in self.rest
            for name in each.files
            if (each.status or 0) < 300
        }


def crowd_of(guild: Guild) -> list[User]:
    """The members who ask for clips there."""
    people = (each.user for each in guild.members.values())
    return [user for user in people if user.name.startswith("member-")]


@asynccontextmanager
async def open_stage(
    module: str,
    backend: LoadBackend,
    *,
    guilds: int = GUILDS,
    members: int = MEMBERS,
    in_flight: int = 1000,
) -> AsyncIterator[DiscordStage]:
    """Everything up and connected."""
    with tempfile.TemporaryDirectory() as folder:
        double = DiscordDouble(judge=None, buckets=True)
        crowds = [
            add_guild(double.world, channels=CHANNELS, members=members) for _ in range(guilds)
        ]
        addresses = {"discord_api_url": double.api_url, "discord_gateway_url": double.gateway_url}
        worker = {"worker_url": backend.url, "worker_key": KEY, "jobs_in_flight": in_flight}
        async with (
            double,
            child(module, Path(folder), discord_token=double.token, **addresses, **worker) as bot,
        ):
            await until(lambda: double.gateway.live and double.world.commands, 60, "connection")
            await asyncio.sleep(1.0)
            yield DiscordStage(double, backend, bot, crowds)


async def one_channel(options: argparse.Namespace) -> None:
    """Many jobs in one channel, all by the bot's own token."""
    backend = LoadBackend(at_once=1, seconds=options.every, steps=STEPS)
    async with (
        backend.serving(),
        open_stage(FLIPBOOK, backend, guilds=1, members=options.one_channel) as stage,
    ):
        (guild,) = stage.guilds
        await stage.double.slash("animate", channel=stage.channel(0), prompt=PROMPT)
        await until(lambda: stage.delivered == 1, 60, "clip to re-roll")
        message = next(each for each in stage.double.world.messages() if each.files)
        await asyncio.sleep(1.0)
        members = crowd_of(guild)
        await at_rate(
            lambda number: stage.double.react(message, user=members[number]), 20, len(members)
        )
        most_seconds = 60 + len(members) * max(2.0, options.every * 2)
        await until(lambda: stage.delivered == 1 + len(members), most_seconds, "clips")
        arrived = stage.clips()
        late = [arrived[each.job] - each.done for each in backend.received.values()][1:]
        edits = sum(each.name.startswith("PATCH") and not each.files for each in stage.rest)
        print_one_channel(late, edits, stage.rate_limited, options)


DISCORD = ChatUnderLoad(
    name="Discord",
    open_stage=open_stage,
    minimal_bot="chat_load.minimal_discord",
    crowd_per_second=50,
    answer_heads=("commands answered", "first answer"),
    form_every=2,
)

if __name__ == "__main__":
    scenarios = {
        "crowd": DISCORD.crowd,
        "forms": DISCORD.forms,
        "compare": DISCORD.compare,
        "channel": one_channel,
    }
    asyncio.run(run_scenarios("Discord under load", scenarios, rate=200.0, jobs=60))
