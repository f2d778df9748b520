"""The dashboard over a real store, asked as a browser asks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from adapters.web.dashboard.app import Dashboard
from adapters.web.dashboard.entrance import LinkEntrance
from bot.chats import Chats
from bot.commands.doctor.explained import Explained
from bot.composition import App, Role, open_app
from bot.dashboard import dashboard_of
from bot.health import Health
from bot.settings import load_settings
from doubles.generation.backend import ScriptedBackend

HOST = "127.0.0.1:8080"
LOGIN = "/dashboard/login"


@dataclass
class Browser:
    """A browser on the bot's machine: keeps cookies, sends what browsers send."""

    http: httpx.AsyncClient
    app: App

    async def new_code(self) -> str:
        """What `flipbook dashboard` prints."""
        return await LinkEntrance(self.app.ports.store, self.app.clock).new_code("operator")

    async def log_in(self) -> None:
        """Open the link, and press the button."""
        answer = await self.post(LOGIN, {"code": await self.new_code()})
        assert answer.status_code == 303

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={"accept": "text/html", **headers})

    async def post(self, path: str, form: dict[str, str], **headers: str) -> httpx.Response:
        return await self.http.post(path, data=form, headers={"origin": f"http://{HOST}", **headers})


@pytest.fixture
def backends() -> dict[str, ScriptedBackend]:
    """What would make its clips: a worker that tells nothing of itself, and fal."""
    return {"worker": ScriptedBackend(), "fal": ScriptedBackend("fal")}


@pytest.fixture
async def app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backends: dict[str, ScriptedBackend]
) -> AsyncIterator[App]:
    """A bot of which nothing runs."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings(data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9")
    arrange = partial(replace, backends=backends)
    async with open_app(settings, Role("test"), arrange=arrange) as app:
        yield app


@pytest.fixture
def doctor() -> list[list[Explained]]:
    """What the doctor finds, look by look; put something in before it looks."""
    return []


@pytest.fixture
async def browser(app: App, doctor: list[list[Explained]]) -> AsyncIterator[Browser]:
    async def examine() -> list[Explained]:
        return doctor.pop(0) if doctor else []

    dashboard = dashboard_of(app, Health(app, Chats({})), examine=examine)
    assert isinstance(dashboard, Dashboard)
    transport = httpx.ASGITransport(Starlette(routes=[dashboard.mount()]))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as http:
        yield Browser(http, app)
    await dashboard.close()
