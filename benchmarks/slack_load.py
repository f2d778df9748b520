"""Slack under load: the whole bot against the double, with Slack's own rate limits and without judges.

The same three scenarios as ``discord_load.py``. Commands come over Socket Mode; the first answer is the
acknowledgement. Slack takes a message a second in a channel and fifty edits a minute in a workspace, so that of many
jobs in one workspace only some show progress: clips go first.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chat_load import PROMPT, WARM_UP, Child, at_rate, child, loads, probe_table, run_scenarios, spread, until
from chat_load_queue import KEY, Queue
from report import table

from doubles.slack import payloads
from doubles.slack.deliveries import Delivery
from doubles.slack.journal import Exchange
from doubles.slack.limits import RateLimits
from doubles.slack.server import SlackDouble
from doubles.slack.state import Channel, User
from doubles.slack.world import APP_TOKEN, BOT

CHANNELS, PEOPLE = 200, 100
AHEAD_PER_SECOND = 25
STEPS = 25


@dataclass
class Stage:
    """A double with a crowd, a backend, and a bot between them."""

    double: SlackDouble
    queue: Queue
    bot: Child
    channels: int

    async def ask(self, number: int) -> Delivery:
        """The next of many members types a command; nobody waits for its acknowledgement here."""
        home, platform = self.double.home, self.double.platform
        channel = home.channels[f"C{number % self.channels:010d}"]
        payload = payloads.slash(
            platform, home, channel, f"U{number % PEOPLE:010d}", "/animate", f"{PROMPT}, number {number}"
        )
        delivery = Delivery("slash_commands", "slash", payload, home.team)
        platform.courier.deliveries.append(delivery)
        await platform.sockets.send(delivery, 0, None)
        return delivery

    @property
    def calls(self) -> list[Exchange]:
        """The bot's requests to Slack."""
        return [each for each in self.double.log if each.kind in {"call", "upload", "response_url"}]

    def clips(self) -> dict[str, float]:
        """When each job's clip came into its message, by the job's id."""
        files = self.double.home.files
        edits = [each for each in self.double.calls("chat.update") if (each.answer or {}).get("ok")]
        return {
            files[name].name[9:-4]: each.at
            for each in edits
            for name in _listed((each.request or {}).get("file_ids"))
            if name in files
        }

    @property
    def uploaded(self) -> int:
        """How many files stand in a message."""
        return sum(bool(file.shares) for file in self.double.home.files.values())


def _listed(given: object) -> list[str]:
    if isinstance(given, list):
        return [str(each) for each in given]
    return [each for each in str(given or "").strip("[]").replace('"', "").split(",") if each]


@asynccontextmanager
async def staged(script: str, queue: Queue, *, channels: int = CHANNELS, in_flight: int = 1000) -> AsyncIterator[Stage]:
    """Everything up and connected."""
    with tempfile.TemporaryDirectory() as folder:
        double = SlackDouble(None, rate_limits=RateLimits())
        home = double.home
        people = [User(f"U{number:010d}", f"member-{number}", home.team) for number in range(PEOPLE)]
        home.users.update({each.id: each for each in people})
        members = {BOT, *home.users}
        for number in range(channels):
            channel = Channel(f"C{number:010d}", f"clips-{number}", "public", set(members))
            home.channels[channel.id] = channel
        async with double:
            tokens = {
                "slack_bot_token": home.tokens.bot,
                "slack_app_token": APP_TOKEN,
                "slack_api_url": double.base_url,
            }
            to_queue = {"worker_url": queue.url, "worker_key": KEY, "jobs_in_flight": in_flight}
            async with child(script, Path(folder), **tokens, **to_queue) as bot:
                await double.connected(60.0)
                await asyncio.sleep(1.0)
                yield Stage(double, queue, bot, channels)


async def crowd(options: argparse.Namespace) -> None:
    """Many members at once while many jobs are under way."""
    async with (
        Queue(at_once=options.in_flight, seconds=options.render, steps=STEPS).serving() as queue,
        staged("chat_load_bot.py", queue, in_flight=options.in_flight) as stage,
    ):
        before, asked = loads(), list[Delivery]()
        await at_rate(stage.ask, AHEAD_PER_SECOND, options.in_flight)
        with contextlib.suppress(TimeoutError):  # how many there are is printed
            await until(lambda: queue.under_way >= options.in_flight * 0.95, 60, "jobs in flight")
        calls, limited = len(stage.calls), stage.double.rate_limited

        async def ask(number: int) -> None:
            asked.append(await stage.ask(number))

        await stage.bot.order("mark")
        late = await at_rate(ask, options.rate, round(options.rate * options.seconds))
        seen = await stage.bot.order("report")
        under_way = queue.under_way
        with contextlib.suppress(TimeoutError):  # what has no answer by then has none
            await until(lambda: all(one.ack for one in asked), 5, "answer to everybody")
        acks = [one.ack.delay for one in asked if one.ack]
        left = await stage.bot.leave()
        row = [f"{len(acks)} of {len(asked)}", *spread(acks or [0.0]), str(under_way)]
        print(table(["commands acknowledged", "acknowledgement p50", "p99", "most", "jobs in flight"], [row]))
        print(probe_table(seen, len(asked)))
        facts = [f"{len(stage.calls) - calls} requests to Slack", f"429s: {stage.double.rate_limited - limited}"]
        facts += [f"violations of the double's rules: {len(stage.double.violations)} {stage.double.violations[:2]}"]
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
        await until(lambda: stage.uploaded >= WARM_UP, patience, "first clips")
        before, http = len(stage.calls), queue.requests
        await stage.bot.order("mark")
        await at_rate(stage.ask, options.compare_rate, options.compare)
        await until(lambda: stage.uploaded >= WARM_UP + options.compare, patience, "clips")
        await asyncio.sleep(1.0)
        seen = await stage.bot.order("report")
        return {
            "slack": (len(stage.calls) - before) / options.compare,
            "queue": (queue.requests - http) / options.compare,
            "cpu": seen["cpu"] / options.compare,
            "limited": stage.double.rate_limited,
        }


async def compare(options: argparse.Namespace) -> None:
    """Flipbook and the minimal bot, one after the other, with the same jobs."""
    ours = await whole_jobs("chat_load_bot.py", options)
    theirs = await whole_jobs("slack_load_minimal.py", options)
    rows = [
        [name, f"{run['slack']:.1f}", f"{run['queue']:.1f}", f"{run['cpu'] * 1000:.0f} ms", f"{run['limited']:.0f}"]
        for name, run in (("Flipbook", ours), ("a bot that waits in its handler", theirs))
    ]
    title = f"{options.compare} jobs of {options.compare_render:g} s"
    print(table([title, "requests to Slack/job", "to the backend/job", "CPU/job", "429s"], rows))
    ratios = [f"{name} {ours[key] / theirs[key]:.2f}" for name, key in RATIOS]
    print(f"ours to theirs: {', '.join(ratios)}; {loads()}\n")


RATIOS = (("requests to Slack", "slack"), ("requests to the backend", "queue"), ("CPU", "cpu"))


async def one_channel(options: argparse.Namespace) -> None:
    """Many jobs in one channel."""
    async with (
        Queue(at_once=1, seconds=options.every, steps=STEPS).serving() as queue,
        staged("chat_load_bot.py", queue, channels=1) as stage,
    ):
        await at_rate(stage.ask, 20, options.one_channel)
        patience = 60 + options.one_channel * max(2.0, options.every * 2)
        await until(lambda: len(stage.clips()) == options.one_channel, patience, "clips")
        came = stage.clips()
        late = [came[each.job] - each.done for each in queue.asked.values()]
        edits = sum("file_ids" not in json.dumps(each.request) for each in stage.double.calls("chat.update"))
        head = ["jobs in one channel", "completed → posted p50", "p99", "most", "progress edits meanwhile", "429s"]
        print(table(head, [[str(len(late)), *spread(late), str(edits), str(stage.double.rate_limited)]]))
        print(f"one completed every {options.every:g} s; {loads()}\n")


if __name__ == "__main__":
    asyncio.run(
        run_scenarios(
            "Slack under load", {"crowd": crowd, "compare": compare, "channel": one_channel}, rate=100.0, jobs=30
        )
    )
