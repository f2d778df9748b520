"""What the health pages and the queue say of each part, and that "ready" means that a clip could be made."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from adapters.web.health import HealthPages
from bot.chats import Chats, NoChatLeft
from bot.commands.backup.note import note_backup
from bot.composition import App, Ports, Role, open_app
from bot.folders import staging
from bot.health import Health
from bot.settings import load_settings
from doubles.generation.backend import ScriptedBackend
from doubles.generation.faulty_store import FaultyStore
from doubles.generation.messenger import RecordingMessenger
from generation.domain.refs import Platform
from generation.lifecycle.fetching import ClipFetcher
from generation.ports import Messenger
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendStarting,
    BackendUnavailable,
    ChatUnusable,
    StoreBusy,
)
from generation.service import Service

DEAD = "The chat does not accept the bot's token. Set another one."


class SomeChat:
    """A chat that is connected or not, in trouble or not; its :meth:`run` ends where its token is refused."""

    def __init__(self, *, is_connected: bool = True, trouble: str | None = None, refused: str | None = None) -> None:
        self.is_connected = is_connected
        self.trouble = trouble
        self._refused = refused

    @property
    def messenger(self) -> Messenger:
        return RecordingMessenger()

    async def run(self, service: Service) -> None:
        if self._refused is not None:
            raise ChatUnusable(self._refused)

    async def close(self) -> None:
        pass


def a_chat(**state: Any) -> dict[Platform, SomeChat]:
    return {Platform.DISCORD: SomeChat(**state)}


@asynccontextmanager
async def a_bot(
    folder: Path,
    backends: Sequence[ScriptedBackend] | None,
    chats: dict[Platform, SomeChat] | None = None,
    *,
    around: Callable[[Any], Any] = lambda store: store,
    min_free_bytes: int = 0,
) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """An app of which nothing runs, with its chats tried once; without ``backends`` with an embedded worker."""

    def arrange(ports: Ports) -> Ports:
        ports = replace(ports, store=around(ports.store))
        return ports if backends is None else replace(ports, backends={each.name: each for each in backends})

    served = Chats(chats or {})
    settings = load_settings(data_dir=folder / "data", worker_url=None if backends is None else "http://127.0.0.1:9")
    async with open_app(settings, Role("test"), chat_troubles=lambda: served.troubles, arrange=arrange) as app:
        try:
            await served.run(app.service)
        except* NoChatLeft:
            pass
        fetcher = ClipFetcher(app.ports.artifacts, staging(settings), min_free_bytes=min_free_bytes)
        health = Health(replace(app, fetcher=fetcher), served)
        web = Starlette(routes=[*HealthPages(health.outline, health.why_not_ready).routes()])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://bot") as client:
            yield app, client


async def readiness(web: httpx.AsyncClient) -> tuple[int, str | None]:
    answer = await web.get("/readyz")
    return answer.status_code, answer.json().get("reason")


def troubled(error: BackendError) -> list[ScriptedBackend]:
    """A backend that raises it whenever it is asked."""
    return [ScriptedBackend(troubles={"engine": [error] * 9})]


@pytest.mark.parametrize(
    ("backends", "chats", "reason"),
    [
        ([ScriptedBackend()], {}, None),
        ([ScriptedBackend()], a_chat(), None),
        # the embedded worker has not been started yet, or is being started again
        (None, {}, "worker, which is starting"),
        (troubled(BackendStarting("worker")), {}, "worker, which is starting"),
        (troubled(BackendUnavailable("worker")), {}, "worker, which cannot be reached"),
        (troubled(BackendNotReady("worker")), {}, "worker, which takes no clips at the moment"),
        # one that works is enough
        ([*troubled(BackendUnavailable("worker")), ScriptedBackend("fal")], {}, None),
        ([ScriptedBackend()], a_chat(is_connected=False), "chat discord: connecting"),
        ([ScriptedBackend()], a_chat(trouble=DEAD), f"chat discord: {DEAD}"),
        ([ScriptedBackend()], a_chat(refused=DEAD), f"chat discord: {DEAD}"),
        ([ScriptedBackend()], {**a_chat(refused=DEAD), Platform.SLACK: SomeChat()}, None),
    ],
)
async def test_ready_is_who_could_make_a_clip(tmp_path: Path, backends: Any, chats: Any, reason: str | None) -> None:
    async with a_bot(tmp_path, backends, chats) as (_, web):
        assert await readiness(web) == ((200, None) if reason is None else (503, reason))
        # a restart would help against none of it
        assert (await web.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BackendUnavailable("worker"), "cannot be reached"),
        (BackendStarting("worker"), "is starting"),
        (BackendBusy("worker"), "is busy"),
        (BackendNotReady("worker"), "takes no clips at the moment"),
        (AccountLocked("worker"), "does not accept the operator's account"),
    ],
)
async def test_a_backend_in_trouble_is_not_asked_again_to_say_so(
    tmp_path: Path, error: BackendError, words: str
) -> None:
    async with a_bot(tmp_path, [ScriptedBackend()]) as (app, web):
        app.breakers.failed("worker", error)
        assert await readiness(web) == (503, f"worker, which {words}")
        assert (await web.get("/healthz")).json()["parts"]["backend worker"].startswith(words)
        assert app.service.trouble_lines()[0].startswith(f"The worker {words}")


@pytest.mark.parametrize(
    ("chat", "state"),
    [
        (SomeChat(), "serving"),
        (SomeChat(is_connected=False), "connecting"),
        (SomeChat(trouble=DEAD), DEAD),
        (SomeChat(trouble=DEAD, is_connected=False), DEAD),
        (SomeChat(refused=DEAD), DEAD),
    ],
)
async def test_health_and_queue_say_what_is_wrong_with_a_chat(tmp_path: Path, chat: SomeChat, state: str) -> None:
    chats = {Platform.DISCORD: chat, Platform.SLACK: SomeChat()}
    async with a_bot(tmp_path, [ScriptedBackend()], chats) as (app, web):
        parts = (await web.get("/healthz")).json()["parts"]
        assert (parts["chat discord"], parts["chat slack"]) == (state, "serving")
        assert app.service.trouble_lines() == ((DEAD,) if state == DEAD else ())


async def test_every_part_has_a_line(tmp_path: Path) -> None:
    async with a_bot(tmp_path, None, a_chat()) as (_, web):
        parts = (await web.get("/healthz")).json()["parts"]
    assert re.fullmatch(r"\d+ % free", parts.pop("disk"))
    assert parts == {
        "backend worker": "starting",
        "embedded worker": "starting",
        "chat discord": "serving",
        "database": "working",
        "jobs": "0 in flight",
        "deliveries": "0 on their way",
        "backup": "none was made",
    }


async def test_places_of_the_machine_are_told_to_the_operator_alone(tmp_path: Path) -> None:
    async with a_bot(tmp_path, [ScriptedBackend()]) as (app, web):
        saved = tmp_path / "backups" / "saved.tar"
        saved.parent.mkdir()
        saved.write_bytes(b"tar")
        note_backup(app.settings.data_dir, saved, app.clock.now())
        assert str(tmp_path) not in (await web.get("/healthz")).text
        parts = (await Health(app, Chats({})).report()).parts
    assert parts["disk"].endswith(f"GiB free in {tmp_path / 'data'}")
    assert f"flipbook verify {saved}" in parts["backup"]


class Locked(FaultyStore):
    """A database that another program has locked."""

    async def ping(self) -> None:
        raise StoreBusy("locked")


async def test_without_its_database_a_service_lives_and_is_not_ready(tmp_path: Path) -> None:
    async with a_bot(tmp_path, [ScriptedBackend()], around=Locked) as (_, web):
        assert await readiness(web) == (503, "the database cannot be read")
        assert (await web.get("/healthz")).json()["parts"]["database"] == "cannot be read"


async def test_without_room_for_a_clip_it_is_not_ready(tmp_path: Path) -> None:
    async with a_bot(tmp_path, [ScriptedBackend()], min_free_bytes=2**62) as (_, web):
        assert await readiness(web) == (503, "the disk has no room for another clip")
