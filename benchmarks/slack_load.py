"""Slack under load: the whole bot against the double, with Slack's own rate limits, without judges.

The same three scenarios as ``discord_load.py``. Commands come over Socket Mode; the first answer is
the acknowledgement. Slack takes a message a second in a channel and fifty edits a minute in a
workspace, so that of many jobs in one workspace only some show progress: clips go first.
"""

import argparse
import asyncio
import json
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

from doubles.slack.inbound import payloads
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.journal import Exchange
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Channel, User
from doubles.slack.web_api.limits import RateLimits
from doubles.slack.world import APP_TOKEN, BOT

CHANNELS, PEOPLE = 200, 500
"""Few jobs of one member are at a backend at a time, so that others get their turn."""


@dataclass
class SlackStage:
    """Slack's double with a crowd, a backend, and a bot between them."""

    double: SlackDouble
    backend: LoadBackend
    bot: Child
    channels: int

    async def ask(self, number: int) -> Delivery:
        """The next of many members types a command; its acknowledgement is not waited for."""
        return await self._types(number, f"{PROMPT}, number {number}")

    async def open_form(self, number: int) -> Delivery:
        """The next of many members types the command alone."""
        return await self._types(number, "")

    def form_seconds(self, commands: Sequence[Delivery]) -> list[float]:
        """To the filled view."""
        opened = {
            (each.request or {}).get("trigger_id"): (each.answer or {}).get("view", {}).get("id")
            for each in self.double.calls("views.open")
        }
        filled = {
            (each.request or {}).get("view_id"): each.at
            for each in self.double.calls("views.update")
            if (each.answer or {}).get("ok")
        }
        return [
            filled[view] - one.attempts[0].sent_at
            for one in commands
            if (view := opened.get(one.payload["trigger_id"])) in filled
        ]

    async def _types(self, number: int, text: str) -> Delivery:
        home, platform = self.double.home, self.double.platform
        channel = home.channels[f"C{number % self.channels:010d}"]
        payload = payloads.slash(
            platform,
            home,
            channel,
            f"U{number % PEOPLE:010d}",
            "/animate",
            text,
        )
        delivery = Delivery("slash_commands", "slash", payload, home.team)
        platform.courier.deliveries.append(delivery)
        await platform.sockets.send(delivery, 0, None)
        return delivery

    def is_answered(self, command: Delivery) -> bool:
        return command.ack is not None

    def answer_seconds(self, commands: Sequence[Delivery]) -> list[float]:
        """To the acknowledgement."""
        return [one.ack.delay for one in commands if one.ack]

    @property
    def calls(self) -> list[Exchange]:
        """The bot's requests to Slack."""
        return [each for each in self.double.log if each.kind in {"call", "upload", "response_url"}]

    @property
    def requests(self) -> int:
        return len(self.calls)

    @property
    def rate_limited(self) -> int:
        return self.double.rate_limited

    @property
    def delivered(self) -> int:
        return sum(bool(file.shares) for file in self.double.home.files.values())

    @property
    def violations(self) -> Sequence[object]:
        return self.double.violations

    def clips(self) -> dict[str, float]:
        """When each job's clip came into its message, by the job's id."""
        files = self.double.home.files
        edits = [each for each in self.double.calls("chat.update") if (each.answer or {}).get("ok")]
        return {
            files[name].name[9:-4]: each.at
            for each in edits
            for name in _file_ids((each.request or {}).get("file_ids"))
            if name in files
        }


def _file_ids(argument: object) -> list[str]:
    """The ids in a call's argument: a list, or a list as JSON text."""
    if isinstance(argument, list):
        return [str(each) for each in argument]
    return [each for each in str(argument or "").strip("[]").replace('"', "").split(",") if each]


@asynccontextmanager
async def open_stage(
    module: str, backend: LoadBackend, *, channels: int = CHANNELS, in_flight: int = 1000
) -> AsyncIterator[SlackStage]:
    """Everything up and connected."""
    with tempfile.TemporaryDirectory() as folder:
        double = SlackDouble(None, rate_limits=RateLimits())
        home = double.home
        people = [
            User(f"U{number:010d}", f"member-{number}", home.team) for number in range(PEOPLE)
        ]
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
            worker = {"worker_url": backend.url, "worker_key": KEY, "jobs_in_flight": in_flight}
            async with child(module, Path(folder), **tokens, **worker) as bot:
                await double.connected(60.0)
                await asyncio.sleep(1.0)
                yield SlackStage(double, backend, bot, channels)


async def one_channel(options: argparse.Namespace) -> None:
    """Many jobs in one channel."""
    backend = LoadBackend(at_once=1, seconds=options.every, steps=STEPS)
    async with backend.serving(), open_stage(FLIPBOOK, backend, channels=1) as stage:
        await at_rate(stage.ask, 20, options.one_channel)
        most_seconds = 60 + options.one_channel * max(2.0, options.every * 2)
        await until(lambda: len(stage.clips()) == options.one_channel, most_seconds, "clips")
        arrived = stage.clips()
        late = [arrived[each.job] - each.done for each in backend.received.values()]
        edits = sum(
            "file_ids" not in json.dumps(each.request) for each in stage.double.calls("chat.update")
        )
        print_one_channel(late, edits, stage.rate_limited, options)


SLACK = ChatUnderLoad(
    name="Slack",
    open_stage=open_stage,
    minimal_bot="chat_load.minimal_slack",
    crowd_per_second=25,
    answer_heads=("commands acknowledged", "acknowledgement"),
    form_every=40,
)

if __name__ == "__main__":
    scenarios = {
        "crowd": SLACK.crowd,
        "forms": SLACK.forms,
        "compare": SLACK.compare,
        "channel": one_channel,
    }
    asyncio.run(run_scenarios("Slack under load", scenarios, rate=100.0, jobs=30))
