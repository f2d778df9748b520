"""A small discord.py bot and a bare HTTP client, to try the double with; no code of Flipbook's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Any, Self

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from doubles.discord.server import DiscordDouble

CLIP = bytes(range(256)) * 8


class SampleBot(discord.Client):
    """Answers a few commands, clicks and modals, and keeps the events that it gets."""

    def __init__(self, **options: Any) -> None:
        intents = options.pop("intents", discord.Intents.default())
        super().__init__(intents=intents, guild_ready_timeout=0.0, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.tree.error(self.on_command_error)
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        """Register the commands at login."""
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """discord.py would wait 5 s before a fresh IDENTIFY."""

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Clicks and modals; commands go to the tree."""
        data: Any = interaction.data
        name = data.get("custom_id")
        if interaction.type is discord.InteractionType.component:
            await self.heard.put(("click", name))
            await interaction.response.edit_message(content=f"clicked {name}")
        elif interaction.type is discord.InteractionType.modal_submit:
            await self.heard.put(("modal", data))
            await interaction.response.send_message("noted", ephemeral=True)

    async def on_command_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """The Discord code of what went wrong in a command."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await self.heard.put(("error", getattr(cause, "code", cause)))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Every reaction, the bot's own echo too."""
        await self.heard.put(("reaction", (str(event.emoji), event.user_id, event.message_author_id)))

    async def on_message(self, message: discord.Message) -> None:
        """Every message of other authors."""
        if self.user is not None and message.author.id != self.user.id:
            await self.heard.put(("message", message.content))

    async def next_heard(self, kind: str) -> Any:
        """The next event of this kind."""
        async with asyncio.timeout(40):
            while True:
                name, what = await self.heard.get()
                if name == kind:
                    return what


def add_commands(tree: app_commands.CommandTree[Any]) -> None:
    """The sample's commands: one for each kind of response."""

    @tree.command(description="A clip")
    @app_commands.describe(prompt="What to draw")
    async def animate(
        interaction: discord.Interaction, prompt: app_commands.Range[str, 1, 100], turbo: bool = False
    ) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(
            content=f"{prompt}{' (turbo)' if turbo else ''}",
            attachments=[discord.File(BytesIO(CLIP), "clip.mp4")],
            view=reroll_view(),
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @tree.command(description="A quick answer")
    async def ping(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("pong", ephemeral=True)
        await interaction.followup.send("pong again", ephemeral=True)

    @tree.command(description="A form")
    async def form(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(SampleModal())

    @tree.command(description="A style")
    async def style(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"style {name}")

    @style.autocomplete("name")
    async def styles(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in ("ink", "oil") if name.startswith(typed)]

    limits = app_commands.Group(name="limits", description="Limits", default_permissions=discord.Permissions(32))

    @limits.command(name="set", description="Set a limit")
    async def set_limit(interaction: discord.Interaction, user: discord.Member, per_day: int) -> None:
        await interaction.response.send_message(f"{user.name}: {per_day}", ephemeral=True)

    tree.add_command(limits)

    @tree.context_menu(name="Repeat")
    async def repeat(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"repeats {message.id}", ephemeral=True)


def reroll_view() -> discord.ui.View:
    """A button that outlives the process."""
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Re-roll", emoji="🔁", custom_id="v1:reroll:1"))
    return view


class SampleModal(discord.ui.Modal):
    """One field."""

    def __init__(self) -> None:
        super().__init__(title="A form", custom_id="form")
        self.add_item(discord.ui.TextInput(label="Words", custom_id="words", max_length=20))


@asynccontextmanager
async def running(double: DiscordDouble, bot: SampleBot) -> AsyncIterator[SampleBot]:
    """The bot logged in at the double and listening; closed at the end. `point_at` must have been used before."""
    async with bot, asyncio.TaskGroup() as tasks:
        tasks.create_task(bot.start(double.token))
        try:
            await double.wait_connected()
            async with asyncio.timeout(40):
                await bot.wait_until_ready()
            yield bot
        finally:
            await bot.close()


def point_at(double: DiscordDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discord.py in this process talk to the double until the test ends."""
    monkeypatch.setattr(Route, "BASE", double.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(double.gateway_url))


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of a raw request."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int | None:
        return self.body.get("code") if isinstance(self.body, dict) else None


class RawClient:
    """Sends exactly what a test says, the wrong things too."""

    def __init__(self, double: DiscordDouble) -> None:
        self._double = double
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, bytes] | None = None,
        token: str | None = None,
    ) -> Reply:
        """One request; files become `files[0]` and so on beside `payload_json`."""
        headers = {"Authorization": f"Bot {token or self._double.token}"}
        sent: dict[str, Any] = {"json": body} if body is not None else {}
        if files is not None:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", discord.utils._to_json(body or {}))
            for n, (name, data) in enumerate(files.items()):
                form.add_field(f"files[{n}]", data, filename=name, content_type="application/octet-stream")
            sent = {"data": form}
        url = self._double.api_url + path
        async with self._session.request(method, url, headers=headers, **sent) as response:
            parsed = await response.json() if response.content_type == "application/json" else await response.text()
            return Reply(response.status, parsed, dict(response.headers))
