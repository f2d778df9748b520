"""How long the process may take to leave counts from the signal, however busy its event loop is."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from adapters.discord import DiscordTiming
from bot.chats import Chats, NoChatLeft
from bot.commands.run.process import LEAVE_SECONDS, ServiceProcess, serve
from bot.composition import Role, open_app
from bot.exit_codes import Exit
from bot.folders import prepare_folders
from bot.settings import load_settings
from doubles.generation.messenger import RecordingMessenger
from generation.domain.refs import Platform
from generation.ports import Messenger
from generation.protocol.errors import ChatUnusable
from generation.protocol.http_server.limits import DEFAULT_LIMITS
from generation.service import Service
from worker.process import serve as worker_serve
from worker.process import supervisor as worker_keeper

ROOT = Path(__file__).resolve().parents[3]
DOCKER_KILLS_AFTER = 10.0


@pytest.mark.parametrize(
    ("seconds", "waited_for"),
    [
        (LEAVE_SECONDS, DOCKER_KILLS_AFTER - 1),
        (worker_serve.LEAVE_SECONDS, worker_keeper.LEAVE_SECONDS),
        (worker_keeper.LEAVE_SECONDS, DOCKER_KILLS_AFTER - 1),
        (worker_serve.LEAVE_SECONDS, LEAVE_SECONDS / 2),
        (DiscordTiming().drain, LEAVE_SECONDS / 2),
        (DEFAULT_LIMITS.grace_seconds, worker_serve.LEAVE_SECONDS),
    ],
    ids=["bot", "worker under its keeper", "keeper", "worker under the bot", "Discord's handlers", "worker's answers"],
)
def test_each_part_leaves_before_whoever_waits_for_it_kills_it(seconds: float, waited_for: float) -> None:
    assert seconds <= waited_for


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("deploy/systemd/flipbook.service", "TimeoutStopSec"),
        ("deploy/systemd/flipbook-worker.service", "TimeoutStopSec"),
        ("deploy/compose.yaml", "stop_grace_period"),
    ],
)
def test_whatever_starts_it_waits_longer_than_it_takes(file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    granted = [int(seconds) for seconds in re.findall(rf"{name}[=:] *(\d+)", text)]
    assert granted != []
    assert min(granted) > LEAVE_SECONDS


async def waits() -> None:
    await asyncio.Event().wait()


async def has_a_last_word() -> None:
    try:
        await waits()
    finally:
        await asyncio.sleep(0.05)


async def has_ended_by_itself() -> None:
    pass


async def takes_no_cancelling() -> None:
    with suppress(asyncio.CancelledError):
        await waits()


async def is_answering_many() -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(500):
            group.create_task(has_a_last_word())


class ChatThat:
    """A chat that does one thing until it is told to stop."""

    def __init__(self, does: Callable[[], Awaitable[None]]) -> None:
        self._does = does
        self.began, self.closed = asyncio.Event(), False

    @property
    def messenger(self) -> Messenger:
        return RecordingMessenger()

    async def run(self, service: Service) -> None:
        self.began.set()
        await self._does()

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("does", [waits, has_a_last_word, has_ended_by_itself, takes_no_cancelling, is_answering_many])
async def test_it_leaves_whatever_its_chat_does_meanwhile(
    tmp_path: Path, does: Callable[[], Awaitable[None]], number: signal.Signals
) -> None:
    codes: list[int] = []
    chat = ChatThat(does)
    chats = Chats({Platform.DISCORD: chat})
    settings = load_settings(data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9", web_port=0)
    prepare_folders(settings)
    async with asyncio.timeout(40), open_app(settings, Role("test"), messengers=chats.messengers) as app:
        process = asyncio.create_task(ServiceProcess(app, chats, stopping=codes.append).run())
        await chat.began.wait()
        os.kill(os.getpid(), number)
        assert codes == [Exit.OK]
        await process
    assert codes == [Exit.OK]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_time_to_leave_begins_at_the_signal_not_when_the_loop_comes_to_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    began: list[int] = []
    before = signal.getsignal(number)
    settings = load_settings(data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9", web_port=0)
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        group.create_task(serve(settings, stopping=began.append))
        while signal.getsignal(number) == before:
            await asyncio.sleep(0.01)
        # the event loop does nothing between these lines
        os.kill(os.getpid(), number)
        assert began == [Exit.OK]
        os.kill(os.getpid(), number)
        assert began == [Exit.OK]
    assert signal.getsignal(number) == before


class RefusedChat:
    """A chat whose token is refused at once."""

    def __init__(self, code: list[int]) -> None:
        self._code = code

    @property
    def messenger(self) -> Messenger:
        return RecordingMessenger()

    async def run(self, service: Service) -> None:
        # the process is not leaving yet
        assert self._code == []
        raise ChatUnusable("The token is refused.")

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "platforms", [[Platform.DISCORD], [Platform.SLACK], [Platform.DISCORD, Platform.SLACK]], ids=str
)
async def test_a_process_whose_tokens_are_refused_does_not_leave_as_if_all_were_well(
    tmp_path: Path, platforms: list[Platform]
) -> None:
    codes: list[int] = []
    chats = Chats({platform: RefusedChat(codes) for platform in platforms})
    settings = load_settings(data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9", web_port=0)
    prepare_folders(settings)
    async with asyncio.timeout(40), open_app(settings, Role("test"), messengers=chats.messengers) as app:
        with pytest.raises(NoChatLeft):
            await ServiceProcess(app, chats, stopping=codes.append).run()
    assert codes == [Exit.UNUSABLE]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.1", "2130706433", "127.0.0.1"])
async def test_on_this_machine_however_it_is_spelled_the_pages_answer_to_its_names_only(
    tmp_path: Path, host: str, free_port: int
) -> None:
    settings = load_settings(
        data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9", web_host=host, web_port=free_port
    )
    before = signal.getsignal(signal.SIGTERM)
    async with asyncio.timeout(40), asyncio.TaskGroup() as group, httpx.AsyncClient() as http:
        group.create_task(serve(settings))
        codes = [await status(http, free_port, name) for name in ("evil.example", "localhost")]
        assert signal.getsignal(signal.SIGTERM) != before
        os.kill(os.getpid(), signal.SIGTERM)
    assert codes == [403, 200]


async def status(http: httpx.AsyncClient, port: int, name: str) -> int:
    """The status of a page that is asked for under that name, once it listens."""
    while True:
        try:
            answer = await http.get(f"http://127.0.0.1:{port}/healthz", headers={"host": name})
        except httpx.TransportError:
            await asyncio.sleep(0.01)
        else:
            return answer.status_code


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
