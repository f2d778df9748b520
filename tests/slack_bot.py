"""A whole bot on the Slack double: the real adapter, a real core on real SQLite, a scripted backend."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from adapters.slack import SlackChat, SlackTiming, manifest
from core import Core, a_core
from core_running import PATIENCE_SECONDS, PROMPT, RunningBot
from doubles.clock import settle
from doubles.generation.backend import ScriptedBackend
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import APP_TOKEN, GENERAL, SIGNING_SECRET
from generation.delivery.timing import RelayTiming
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef
from generation.protocol.backoff import Backoff

MADE = ["v1:reroll", "v1:edit", "v1:other_quality", "v1:settings", "v1:more"]
"""The elements under a finished clip."""
QUICK = RelayTiming(retry=Backoff(0.05, 0.4), poll_every=0.05)
"""A relay with short pauses, so that tests need not wait."""

SHIPPED: Mapping[str, Any] = {
    "scopes": tuple(manifest()["oauth_config"]["scopes"]["bot"]),
    "events": tuple(manifest()["settings"]["event_subscriptions"]["bot_events"]),
}
"""What the double grants and tells when the app was made from our manifest."""


class DoubleTime:
    """The double's clock as the bot's; a sleep ends when a test moves the clock past it."""

    def __init__(self, double: SlackDouble) -> None:
        self._double = double

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._double.clock.now(), UTC)

    async def sleep(self, seconds: float) -> None:
        until = self._double.clock.now() + seconds
        while (left := until - self._double.clock.now()) > 0:
            with contextlib.suppress(TimeoutError):
                await self._double.platform.changes.until(lambda: self._double.clock.now() >= until, left)


@dataclass
class Bot(RunningBot):
    """The bot on the Slack double."""

    double: SlackDouble
    chat: SlackChat

    async def animate(self, text: str = PROMPT, **how: Any) -> Message:
        """A member asks for a clip; returns the message that answers."""
        known = {message.ts for message in self.double.state().bot_messages()}
        await self.double.slash("/animate", text, **how)
        return await self.double.wait_for_message(lambda said: said.ts not in known and not said.ephemeral_for)

    async def clip(self, text: str = PROMPT, **how: Any) -> Message:
        """A member asks for a clip and gets it."""
        message = await self.animate(text, **how)
        self.release()
        return await self.delivered(message)

    async def delivered(self, message: Message) -> Message:
        """Until that message has its clip and this is recorded."""
        await self.double.wait_for(lambda: message.file_ids)
        await self.until(lambda: any(d.message and d.message.id == message.ts for d in self.sent))
        self.double.clock.advance(1.2)  # the next message in the channel need not wait for its slot
        return message

    @property
    def server(self) -> ServerRef:
        """The home workspace."""
        return ServerRef(Platform.SLACK, self.double.home.team)

    async def until_put_off(self) -> None:
        """Until a failed attempt to deliver an outcome is recorded."""
        await self.until(lambda: any(item.attempts for item in self.core.observer.deliveries))

    async def until_opened(self, message: Message) -> None:
        """Until that message is recorded as a job's."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.core.store.job_of_message(self.ref(message)) is None:
                await asyncio.sleep(0.002)

    def ref(self, message: Message) -> MessageRef:
        """A message as the core knows it."""
        server = ServerRef(Platform.SLACK, message.team)
        return MessageRef(ChannelRef(server, message.channel, message.thread_ts), message.ts)

    async def told(self, act: Delivery | None, user: str | None = None) -> str:
        """What only the person who acted reads."""
        assert act is not None
        at = act.attempts[0].sent_at
        said = await self.double.wait_for_message(
            lambda each: each.ephemeral_for and (user is None or each.ephemeral_for == user) and float(each.ts) >= at
        )
        return said.text


def clips(double: SlackDouble, *, team: str | None = None) -> list[Message]:
    """Every message with a clip, without those whose file was deleted."""
    files = {each.id: each for home in double.state().workspaces.values() for each in home.files.values()}
    said = [each for each in double.state().bot_messages() if team in (None, each.team)]
    return [each for each in said if any(not files[name].deleted for name in each.file_ids)]


def public(double: SlackDouble, channel: str = GENERAL) -> list[Message]:
    """The bot's messages in a channel of the home workspace that all members see."""
    return [said for said in double.home.messages_in(channel) if said.bot_id and not said.ephemeral_for]


def of_jobs(double: SlackDouble, channel: str = GENERAL) -> list[Message]:
    """The same without the replies that tell somebody of a clip."""
    return [said for said in public(double, channel) if not said.text.startswith("<@")]


def words(message: Message) -> str:
    """Everything that a message says in its blocks."""
    found = []
    for block in message.blocks:
        found += (
            [block["text"]["text"]]
            if "text" in block
            else [e["text"] for e in block.get("elements", []) if "text" in e]
        )
    return "\n".join(each if isinstance(each, str) else each["text"] for each in found)


def buttons(message: Message) -> list[str]:
    """The action ids under a message."""
    return [e["action_id"] for block in message.blocks if block["type"] == "actions" for e in block["elements"]]


def button(message: Message, action_id: str) -> dict[str, Any]:
    """A button under a message."""
    elements = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
    found: dict[str, Any] = next(each for each in elements if each["action_id"] == action_id)
    return found


@asynccontextmanager
async def running_bot(
    double: SlackDouble,
    folder: Path,
    *,
    backend: ScriptedBackend | None = None,
    over_http: bool = False,
    kill: bool = False,
    post: RelayTiming | None = None,
    timing: SlackTiming | None = None,
    chat_options: Mapping[str, Any] | None = None,
    **core_options: Any,
) -> AsyncIterator[Bot]:
    """Everything that ``flipbook run`` runs for Slack; a second one in the same folder is a restart.

    With ``kill`` it ends as by SIGKILL: nothing is finished, saved or said.
    """
    time, backend = DoubleTime(double), backend or ScriptedBackend()
    chat = a_chat(double, over_http=over_http, clock=time, timing=timing, **(chat_options or {}))
    core_options |= {"clock": time, "backend": backend, "messengers": {Platform.SLACK: chat.messenger}}
    try:
        async with a_core(folder, relay_timing=post or QUICK, **core_options) as core, asyncio.TaskGroup() as group:
            parts = (core.dispatcher.run(), core.relay.run(), core.notices.run(), chat.run(core.service))
            tasks = [group.create_task(part) for part in parts]
            try:
                async with _reachable(double, chat, core) if over_http else _connected(double):
                    yield Bot(core, backend, double, chat)
            finally:
                await _end(tasks, core, kill=kill)
    finally:
        await chat.close()


async def _end(tasks: list[asyncio.Task[None]], core: Core, *, kill: bool) -> None:
    for task in tasks if kill else tasks[-1:]:
        task.cancel()
    if kill:
        await settle()
        for task in tasks:
            task.cancel()  # no last moment for anything
    core.dispatcher.stop()
    core.relay.stop()
    core.notices.stop()


def a_chat(double: SlackDouble, *, over_http: bool = False, **options: Any) -> SlackChat:
    """The adapter with the double's credentials."""
    return SlackChat(
        SecretStr(double.home.tokens.bot),
        app_token=None if over_http else SecretStr(APP_TOKEN),
        signing_secret=SecretStr(SIGNING_SECRET),
        api_url=double.base_url,
        **options,
    )


@asynccontextmanager
async def _connected(double: SlackDouble) -> AsyncIterator[None]:
    await double.connected()
    yield


@asynccontextmanager
async def _reachable(double: SlackDouble, chat: SlackChat, core: Core) -> AsyncIterator[None]:
    routes = chat.routes(core.service)
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        double.deliver_over_http(f"http://127.0.0.1:{listening.getsockname()[1]}{routes[0].path}")
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            await double.platform.courier.settle()
            server.should_exit = True
            await serving


class SlowStore:
    """The store behind a gate: while it is shut, no transaction begins."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        await self.gate.wait()
        async with self._store.transaction(*urgency) as tx:
            yield tx
