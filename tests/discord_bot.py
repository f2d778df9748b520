"""A whole bot on the Discord double: the real adapter, a real core on real SQLite, a scripted backend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.discord import DiscordChat, DiscordTiming
from adapters.discord.refs import server_ref, user_ref
from core import a_core
from core_running import PATIENCE_SECONDS, PROMPT, RunningBot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import InteractionKind
from doubles.discord.state.messages import Message
from doubles.generation.backend import ScriptedBackend
from generation.delivery.timing import RelayTiming
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from generation.service import Quota


class DoubleTime:
    """The double's clock as the bot's: sleeping tasks wake when a test moves it."""

    def __init__(self, double: DiscordDouble) -> None:
        self._double = double
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._double.clock.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        until = self._double.clock.now() + seconds
        while (left := until - self._double.clock.now()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._moved.wait()

    def advance(self, seconds: float) -> None:
        """Move the time of double and bot."""
        self._double.clock.advance(seconds)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


UNHURRIED = DiscordTiming(defer_after=30.0)
"""A busy machine takes longer than the quarter of a second after which the bot defers a response; only tests about that
have a shorter time."""


@dataclass
class Bot(RunningBot):
    """The bot on the Discord double."""

    double: DiscordDouble
    chat: DiscordChat
    time: DoubleTime

    def advance(self, seconds: float) -> None:
        """Move the time of double and bot."""
        self.time.advance(seconds)

    async def animate(self, **options: Any) -> Message:
        """A member asks for a clip and gets the first response."""
        asked = await self.double.slash("animate", **({"prompt": PROMPT} | options))
        return await self.double.wait_for_reply(asked)

    async def clip(self, **options: Any) -> Message:
        """A member asks for a clip and gets it."""
        message = await self.animate(**options)
        self.release()
        await self.until_clip(message)
        return message

    async def rendering(self, **options: Any) -> Message:
        """A clip that is being made and has shown its first progress, so that the next edit is the outcome's."""
        message = await self.animate(**options)
        await self.until_status(JobStatus.RUNNING)
        await self.until(lambda: message.edits)
        return message

    async def finish(self) -> None:
        """Let it finish and be delivered."""
        self.release()
        await self.until_recorded()

    @property
    def the_clip(self) -> Message:
        """The one message with a clip, of the one job that was bought."""
        (message,) = clips(self.double)
        assert self.bought == 1
        return message

    async def ask(self, command: str, **options: Any) -> Message:
        """A member uses one of the other commands and gets its response."""
        user, channel = options.pop("user", None), options.pop("channel_of_command", None)
        asked = await self.double.slash(command, user=user, channel=channel, options=options)
        return await self.double.wait_for_reply(asked)

    async def ask_as_admin(self, command: str, **options: Any) -> Message:
        """The same by the moderator, who manages the server."""
        return await self.ask(f"flipbook-admin {command}", user=self.double.people.moderator, **options)

    async def press(self, message: Message, action: str, **who: Any) -> Message:
        """A member presses a button of a message and gets a response."""
        custom_id = next(name for name in message.custom_ids if name.startswith(f"v1:{action}:"))
        return await self.double.wait_for_reply(await self.double.click(message, custom_id, **who))

    async def forged(self, command: str, options: list[dict[str, Any]], *, user: Any = None) -> Message:
        """A command with options that Discord's own app would not send."""
        data = {"id": "1", "type": 1, "name": command, "options": options}
        people, places = self.double.people, self.double.places
        sent = self.double._send(InteractionKind.COMMAND, user or people.member, places.text, data)
        return await self.double.wait_for_reply(sent)

    async def until_clip(self, message: Message) -> None:
        """Until the message has the clip and the delivery is recorded."""
        await self.double.wait_until(lambda: message.files, what="the clip")

    async def until_opened(self, job: Job) -> None:
        """Until the first answer is recorded."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (delivery := await self.core.store.delivery_of(job.id)) is None or delivery.message is None:
                await asyncio.sleep(0.002)

    async def until_job(self) -> Job:
        """The first job, as soon as there is one."""
        await self.until_status(JobStatus.PENDING)
        return (await self.jobs())[0]

    async def until_handled(self) -> None:
        """Until the bot has handled everything that has happened so far."""
        await self.ask("flipbook queue")  # events come in their order
        handler = (await self.chat._session.login()).handler
        assert handler is not None
        await handler.drain(PATIENCE_SECONDS)

    async def quota(self) -> Quota:
        """What the ordinary member has used."""
        people, guild = self.double.people, self.double.guilds.studio
        return await self.core.service.quota(user_ref(people.member.id), server_ref(guild.id))


def actions(message: Message) -> list[str]:
    """What the buttons of a message do, in order."""
    return [name.split(":")[1] for name in message.custom_ids]


def clips(double: DiscordDouble) -> list[Message]:
    """Every message with a clip that anyone can see."""
    return [message for message in double.world.messages() if message.files]


def of_jobs(double: DiscordDouble) -> list[Message]:
    """Every message, without the replies that tell somebody of a clip."""
    return [message for message in double.world.messages() if not message.pinged]


@asynccontextmanager
async def running_bot(
    double: DiscordDouble,
    folder: Path,
    *,
    backend: ScriptedBackend | None = None,
    timing: DiscordTiming | None = None,
    post: RelayTiming | None = None,
    token: str | None = None,
    kill: bool = False,
    time: DoubleTime | None = None,
    **core_options: Any,
) -> AsyncIterator[Bot]:
    """Everything that ``flipbook run`` runs for Discord; a second one in the same folder is a restart.

    With ``kill`` it ends as by SIGKILL: nothing is finished, saved or said.
    """
    time = time or DoubleTime(double)
    backend = backend or ScriptedBackend()
    chat = DiscordChat(
        SecretStr(token or double.token),
        state_dir=folder,
        api_url=double.api_url,
        gateway_url=double.gateway_url,
        clock=time,
        timing=timing or UNHURRIED,
    )
    messengers = {Platform.DISCORD: chat.messenger}
    core_options |= {"clock": time, "backend": backend, "messengers": messengers, "relay_timing": post or RelayTiming()}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(chat.close)
        core = await stack.enter_async_context(a_core(folder, **core_options))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [
            group.create_task(part)
            for part in (core.dispatcher.run(), core.relay.run(), core.notices.run(), chat.run(core.service))
        ]
        await double.wait_connected()
        try:
            yield Bot(core, backend, double, chat, time)
        finally:
            if kill:
                for task in tasks:
                    task.cancel()
            core.dispatcher.stop()
            core.relay.stop()
            core.notices.stop()
            tasks[-1].cancel()
