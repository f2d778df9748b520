"""The two chats of the crash matrix, each seen from outside of the bot: what a member does and sees."""

from collections.abc import Mapping
from typing import Protocol

import aiohttp
from aiohttp import web

from adapters.discord.refs import server_ref, user_ref
from doubles.discord.server import DiscordDouble
from doubles.http.hanging import Hangs, Matches
from doubles.slack.server import SlackDouble
from generation.domain.refs import Platform, ServerRef, UserRef
from slack_bot import public

CONNECT_SECONDS = 60.0
ANSWERED = "after the first answer, before it is recorded"
UPLOADING = "during the upload"
UPLOADED = "after the upload, before its completion"
COMPLETED = "after the upload's completion, before it is recorded"
MOMENTS: Mapping[str, bool] = {ANSWERED: True, UPLOADING: False, UPLOADED: True, COMPLETED: True}
"""The points that only the chat sees, and whether the bot's request is done when it is killed."""


class Chat(Protocol):
    """One chat as the matrix needs it."""

    name: str
    server: ServerRef
    member: UserRef
    redelivers: bool
    """Whether the chat sends a command again that was not acknowledged."""
    moments: Mapping[str, Matches]
    """The request that is on the wire at each point that only the chat sees."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a bot that serves this chat."""
        ...

    @property
    def hangs(self) -> Hangs: ...

    async def until_connected(self) -> None:
        """Until the bot gets what members send."""
        ...

    async def ask(self) -> None:
        """The member asks for a clip."""
        ...

    async def messages(self) -> list[list[bytes]]:
        """The bot's public messages: of each its files, as a member's app downloads them."""
        ...


class InDiscord:
    """Discord's double."""

    name = "discord"
    redelivers = False

    def __init__(self, double: DiscordDouble) -> None:
        self._double = double
        self.server = server_ref(double.guilds.studio.id)
        self.member = user_ref(double.people.member.id)
        self.moments: Mapping[str, Matches] = {ANSWERED: _answers, UPLOADING: _uploads_files}

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "DISCORD_TOKEN": self._double.token,
            "FLIPBOOK_DISCORD_API_URL": self._double.api_url,
            "FLIPBOOK_DISCORD_GATEWAY_URL": self._double.gateway_url,
        }

    @property
    def hangs(self) -> Hangs:
        return self._double.hangs

    async def until_connected(self) -> None:
        await self._double.wait_connected(CONNECT_SECONDS)

    async def ask(self) -> None:
        options = {"num_frames": 4, "steps": 6, "seed": 7, "width": 64, "height": 64}
        await self._double.slash("animate", prompt="a boat", options=options)

    async def messages(self) -> list[list[bytes]]:
        sent = self._double.world.messages()
        return [[await self._double.download(each) for each in message.attachments] for message in sent]


class InSlack:
    """Slack's double."""

    name = "slack"
    redelivers = True

    def __init__(self, double: SlackDouble) -> None:
        self._double = double
        self.server = ServerRef(Platform.SLACK, double.home.team)
        self.member = UserRef(Platform.SLACK, double.home.default_user)
        self.moments: Mapping[str, Matches] = {
            ANSWERED: _calls("chat.postMessage"),
            UPLOADING: _uploads,
            UPLOADED: _uploads,
            COMPLETED: _calls("files.completeUploadExternal"),
        }

    @property
    def environment(self) -> Mapping[str, str]:
        return {**self._double.credentials, "FLIPBOOK_SLACK_API_URL": self._double.base_url}

    @property
    def hangs(self) -> Hangs:
        return self._double.hangs

    async def until_connected(self) -> None:
        await self._double.connected(CONNECT_SECONDS)

    async def ask(self) -> None:
        await self._double.slash("/animate", "a boat --frames 4 --steps 6 --seed 7 --size 64x64")

    async def messages(self) -> list[list[bytes]]:
        return [[await self._download(each) for each in message.file_ids] for message in public(self._double)]

    async def _download(self, file_id: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._double.home.tokens.bot}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self._double.file_url(file_id)) as response,
        ):
            response.raise_for_status()
            return await response.read()


async def _answers(request: web.Request) -> bool:
    return request.path.endswith("/callback")


async def _uploads_files(request: web.Request) -> bool:
    return request.method == "PATCH" and request.content_type == "multipart/form-data"


def _calls(method: str) -> Matches:
    async def is_called(request: web.Request) -> bool:
        return request.path == f"/api/{method}"

    return is_called


async def _uploads(request: web.Request) -> bool:
    return request.path.startswith("/upload/")
