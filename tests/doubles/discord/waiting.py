"""Waits for the bot without sleeping, and reads what people see."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from doubles.discord.backstage import Backstage
from doubles.discord.clock import DoubleClock
from doubles.discord.gateway.sessions import Gateway
from doubles.discord.record import Exchange
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Attachment, Message
from doubles.discord.state.world import Guilds, People, Places, World

PATIENCE = 40.0
"""Real seconds to wait for something that should happen at once."""


@dataclass(frozen=True)
class Seen:
    """A message as people in the channel see it."""

    author: str
    content: str
    files: tuple[str, ...] = ()
    custom_ids: tuple[str, ...] = ()
    reactions: tuple[str, ...] = ()
    only_for: str | None = None
    """The one person who sees an ephemeral message."""
    thinking: bool = False


class Waiting:
    """The double as a test reads it and waits for it."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage

    @property
    def clock(self) -> DoubleClock:
        """The double's own time; `clock.advance(seconds)` moves it."""
        return self.stage.clock

    @property
    def world(self) -> World:
        return self.stage.world

    @property
    def people(self) -> People:
        return self.world.people

    @property
    def guilds(self) -> Guilds:
        return self.world.guilds

    @property
    def places(self) -> Places:
        return self.world.places

    @property
    def gateway(self) -> Gateway:
        return self.stage.gateway

    @property
    def log(self) -> list[Exchange]:
        """Every request, frame and answer so far."""
        return self.stage.record.log

    @property
    def violations(self) -> list[str]:
        """What the judges refused, which rules were broken, which routes were missing. Empty when all is well."""
        return self.stage.record.violations

    @property
    def judged(self) -> int:
        """How many requests, answers and gateway payloads were judged."""
        return self.stage.record.judged

    def take_violations(self) -> list[str]:
        """The violations so far, and begin again with none: for tests that provoke them."""
        taken = list(self.violations)
        self.violations.clear()
        return taken

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """Route and Discord's code of every error answer so far."""
        return [(item.name, item.code) for item in self.log if item.code is not None]

    def requests(self, name: str) -> list[Exchange]:
        """The REST exchanges whose `METHOD /path` contains this, in their order."""
        return [item for item in self.log if item.kind == "rest" and name in item.name]

    def state(self) -> dict[str, list[Seen]]:
        """What stands in each channel that is not empty, by the channel's name."""
        shown: dict[str, list[Seen]] = {}
        for message in self.world.messages():
            shown.setdefault(message.channel.name, []).append(seen(message))
        return shown

    @property
    def unanswered(self) -> list[Interaction]:
        """Interactions that never got a first response."""
        return [item for item in self.world.interactions.values() if not item.answered]

    async def wait_until(self, holds: Callable[[], object], timeout: float = PATIENCE, *, what: str = "that") -> None:
        """Return as soon as `holds()` is true; fail after `timeout` real seconds with the end of the log.

        It is asked again whenever something happens on the double, not when only the bot changes.
        """
        try:
            async with asyncio.timeout(timeout):
                await self.stage.changes.wait_until(lambda: bool(holds()))
        except TimeoutError:
            last = [f"{item.kind} {item.name} {item.status or ''}".rstrip() for item in self.log[-8:]]
            raise AssertionError(
                f"waited {timeout:g} s for {what}; violations {self.violations}; last {last}"
            ) from None

    async def wait_for_message(self, predicate: Callable[[Message], object], timeout: float = PATIENCE) -> Message:
        """The first message, old or new, of which this is true; ephemeral ones count."""
        await self.wait_until(lambda: any(map(predicate, self.world.messages())), timeout, what="a message")
        return next(message for message in self.world.messages() if predicate(message))

    async def wait_for_answer(self, interaction: Interaction, timeout: float = PATIENCE) -> Interaction:
        """Until the first response is there: a message, "thinking", a modal, choices."""
        await self.wait_until(lambda: interaction.answered, timeout, what="a first response")
        return interaction

    async def wait_for_reply(self, interaction: Interaction, timeout: float = PATIENCE) -> Message:
        """The first response once it says something; public or ephemeral."""
        await self.wait_until(lambda: interaction.shown, timeout, what="an answer that says something")
        assert interaction.shown is not None
        return interaction.shown

    async def wait_for_exchange(self, predicate: Callable[[Exchange], object], timeout: float = PATIENCE) -> Exchange:
        """The first exchange, old or new, of which this is true."""
        await self.wait_until(lambda: any(map(predicate, self.log)), timeout, what="an exchange")
        return next(item for item in self.log if predicate(item))

    async def wait_connected(self, timeout: float = PATIENCE) -> None:
        """Until the bot has a live session."""
        await self.wait_until(lambda: self.gateway.live, timeout, what="a gateway session")

    async def download(self, attachment: Attachment, *, headers: dict[str, str] | None = None) -> bytes:
        """Fetch a file as a person's app does, from its signed link."""
        url = self.stage.links.url(attachment)
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            response.raise_for_status()
            return await response.read()


def seen(message: Message) -> Seen:
    """A message, reduced to what is seen of it."""
    author = message.interaction.user.name if message.ephemeral and message.interaction else None
    return Seen(
        message.author.name,
        message.content,
        tuple(message.files),
        tuple(message.custom_ids),
        tuple(message.reactions),
        only_for=author,
        thinking=message.loading,
    )
