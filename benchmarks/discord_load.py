"""Discord under load: the whole bot against the double, with realistic rate limits and without judges.

Three scenarios, each with a bot in a process of its own; the double, the people and the backend run in this one.

* The crowd: ``--in-flight`` jobs are being rendered; then ``--rate`` members a second ask for clips for ``--seconds``.
* Beside a minimal bot, which waits in its handler and edits every 0.2 s: requests and processor time per job.
* One channel: members re-roll one clip by reacting, so that every message and every edit of it goes by the bot's token
  and shares the channel's buckets. How long after its completion is each clip in its message?
"""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chat_load import PROMPT, WARM_UP, Child, at_rate, child, loads, probe_table, run_scenarios, spread, until
from chat_load_queue import KEY, Queue
from report import table

from doubles.discord.interactions import Interaction
from doubles.discord.places import Channel, Guild
from doubles.discord.record import Exchange
from doubles.discord.server import DiscordDouble
from doubles.discord.world import add_guild

GUILDS, CHANNELS = 50, 4
AHEAD_PER_SECOND = 50
STEPS = 25


@dataclass
class Stage:
    """A double with a crowd, a backend, and a bot between them."""

    double: DiscordDouble
    queue: Queue
    bot: Child
    guilds: list[Guild]

    async def ask(self, number: int) -> Interaction:
        """The next of many members asks for a clip somewhere."""
        return await self.double.slash("animate", channel=self.channel(number), prompt=f"{PROMPT}, number {number}")

    def channel(self, number: int) -> Channel:
        """Channels of all servers in turn."""
        guild = self.guilds[number % len(self.guilds)]
        channels = list(guild.channels.values())
        return channels[number // len(self.guilds) % len(channels)]

    @property
    def rest(self) -> list[Exchange]:
        """The bot's requests to Discord."""
        return [each for each in self.double.log if each.kind == "rest"]

    def clips(self) -> dict[str, float]:
        """When each job's clip came, by the job's id."""
        return {name[9:-4]: each.at for each in self.rest for name in each.files if (each.status or 0) < 300}


@asynccontextmanager
async def staged(
    script: str, queue: Queue, *, guilds: int = GUILDS, members: int = 0, in_flight: int = 1000
) -> AsyncIterator[Stage]:
    """Everything up and connected."""
    with tempfile.TemporaryDirectory() as folder:
        double = DiscordDouble(judge=None, buckets=True)
        crowds = [add_guild(double.world, channels=CHANNELS, members=members) for _ in range(guilds)]
        addresses = {"discord_api_url": double.api_url, "discord_gateway_url": double.gateway_url}
        to_queue = {"worker_url": queue.url, "worker_key": KEY, "jobs_in_flight": in_flight}
        async with double, child(script, Path(folder), discord_token=double.token, **addresses, **to_queue) as bot:
            await until(lambda: double.gateway.live and double.world.commands, 60, "connection")
            await asyncio.sleep(1.0)
            yield Stage(double, queue, bot, crowds)


def first_answers(stage: Stage, asked: list[Interaction]) -> list[float]:
    """Seconds from each command to the first answer to it, by the double's clock; those without one are left out."""
    answered = {}
    for each in stage.rest:
        if each.name.endswith("/callback") and (each.status or 0) < 300:
            answered.setdefault(int(each.name.split("/")[2]), each.at)
    return [answered[one.id] - one.created_at for one in asked if one.id in answered]


async def crowd(options: argparse.Namespace) -> None:
    """Many members at once while many jobs are under way."""
    async with (
        Queue(at_once=options.in_flight, seconds=options.render, steps=STEPS).serving() as queue,
        staged("chat_load_bot.py", queue, in_flight=options.in_flight) as stage,
    ):
        before = loads()
        await at_rate(stage.ask, AHEAD_PER_SECOND, options.in_flight)
        with contextlib.suppress(TimeoutError):  # how many there are is printed
            await until(lambda: queue.under_way >= options.in_flight * 0.95, 60, "jobs in flight")
        requests, limited, asked = len(stage.rest), stage.double.served_429, []

        async def ask(number: int) -> None:
            asked.append(await stage.ask(number))

        await stage.bot.order("mark")
        late = await at_rate(ask, options.rate, round(options.rate * options.seconds))
        seen = await stage.bot.order("report")
        under_way = queue.under_way
        with contextlib.suppress(TimeoutError):  # what has no answer by then has none
            await until(lambda: all(one.answered for one in asked), 5, "answer to everybody")
        answers = first_answers(stage, asked)
        left = await stage.bot.leave()
        row = [f"{len(answers)} of {len(asked)}", *spread(answers or [0.0]), str(under_way)]
        print(table(["commands answered", "first answer p50", "p99", "most", "jobs in flight"], [row]))
        print(probe_table(seen, len(asked)))
        facts = [f"{len(stage.rest) - requests} requests to Discord", f"429s: {stage.double.served_429 - limited}"]
        facts += [f"violations of the double's rules: {len(stage.double.violations)} {stage.double.violations[:3]}"]
        facts += [
            f"exit {left['code']}, log lines {left['lines']}, troubles {len(left['troubles'])} {left['troubles'][:1]}"
        ]
        print("; ".join([*facts, f"the load itself was late by {late:.1f} s", before, loads()]) + "\n")


async def whole_jobs(script: str, options: argparse.Namespace) -> dict[str, float]:
    """So many jobs from command to clip; requests and processor seconds."""
    async with (
        Queue(at_once=1000, seconds=options.compare_render, steps=STEPS).serving() as queue,
        staged(script, queue) as stage,
    ):
        patience = options.compare_render * 3 + 120
        await at_rate(stage.ask, options.compare_rate, WARM_UP)
        await until(lambda: len(stage.clips()) >= WARM_UP, patience, "first clips")
        before, http = len(stage.rest), queue.requests
        await stage.bot.order("mark")
        await at_rate(stage.ask, options.compare_rate, options.compare)
        await until(lambda: len(stage.clips()) >= WARM_UP + options.compare, patience, "clips")
        await asyncio.sleep(1.0)
        seen = await stage.bot.order("report")
        limited = stage.double.served_429
        return {
            "discord": (len(stage.rest) - before) / options.compare,
            "queue": (queue.requests - http) / options.compare,
            "cpu": seen["cpu"] / options.compare,
            "limited": limited,
        }


async def compare(options: argparse.Namespace) -> None:
    """Flipbook and the minimal bot, one after the other, with the same jobs."""
    ours = await whole_jobs("chat_load_bot.py", options)
    theirs = await whole_jobs("discord_load_minimal.py", options)
    rows = [
        [name, f"{run['discord']:.1f}", f"{run['queue']:.1f}", f"{run['cpu'] * 1000:.0f} ms", f"{run['limited']:.0f}"]
        for name, run in (("Flipbook", ours), ("a bot that waits in its handler", theirs))
    ]
    title = f"{options.compare} jobs of {options.compare_render:g} s"
    print(table([title, "requests to Discord/job", "to the backend/job", "CPU/job", "429s"], rows))
    ratios = [f"{name} {ours[key] / theirs[key]:.2f}" for name, key in RATIOS]
    print(f"ours to theirs: {', '.join(ratios)}; {loads()}\n")


RATIOS = (("requests to Discord", "discord"), ("requests to the backend", "queue"), ("CPU", "cpu"))


async def one_channel(options: argparse.Namespace) -> None:
    """Many jobs in one channel, all by the bot's own token."""
    async with (
        Queue(at_once=1, seconds=options.every, steps=STEPS).serving() as queue,
        staged("chat_load_bot.py", queue, guilds=1, members=options.one_channel) as stage,
    ):
        (guild,) = stage.guilds
        await stage.double.slash("animate", channel=stage.channel(0), prompt=PROMPT)
        await until(lambda: len(stage.clips()) == 1, 60, "clip to re-roll")
        message = next(each for each in stage.double.world.messages() if each.files)
        await asyncio.sleep(1.0)
        crowd = [each.user for each in guild.members.values() if each.user.name.startswith("member-")]
        await at_rate(lambda number: stage.double.react(message, user=crowd[number]), 20, len(crowd))
        patience = 60 + len(crowd) * max(2.0, options.every * 2)
        await until(lambda: len(stage.clips()) == 1 + len(crowd), patience, "clips")
        came = stage.clips()
        late = [came[each.job] - each.done for each in queue.asked.values()][1:]
        edits = sum(each.name.startswith("PATCH") and not each.files for each in stage.rest)
        head = ["jobs in one channel", "completed → posted p50", "p99", "most", "progress edits meanwhile", "429s"]
        print(table(head, [[str(len(late)), *spread(late), str(edits), str(stage.double.served_429)]]))
        print(f"one completed every {options.every:g} s; {loads()}\n")


if __name__ == "__main__":
    asyncio.run(
        run_scenarios(
            "Discord under load", {"crowd": crowd, "compare": compare, "channel": one_channel}, rate=200.0, jobs=60
        )
    )
