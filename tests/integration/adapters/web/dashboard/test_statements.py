"""How many statements each page takes: few, and no more with more of everything."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from starlette.applications import Starlette

from adapters.web.dashboard.entrance import LinkEntrance
from bot.chats import Chats
from bot.composition import App, Ports, Role, open_app
from bot.dashboard import dashboard_of
from bot.health import Health
from bot.settings import load_settings
from databases import a_cipher
from db.engine import close, open_engine
from db.store import SqlStore
from doubles.generation.backend import ScriptedBackend
from factories import a_delivery
from generation.domain.job import JobId
from generation.domain.refs import Platform, ServerRef, UserRef
from integration.adapters.web.dashboard.conftest import HOST, LOGIN
from integration.adapters.web.dashboard.scene import EVERY_PAGE, furnish

MOST = 12
"""Of one page, with the one that looks who it is."""


async def statements(folder: Path, *, times: int) -> Mapping[str, int]:
    """What each page takes with that many times as much of everything."""
    counted: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _repeated) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            counted.append(statement)

    settings = load_settings(data_dir=folder / "data", worker_url="http://127.0.0.1:9")
    settings.data_dir.mkdir(parents=True)
    engine = open_engine(settings.database)
    event.listen(engine.sync_engine, "before_cursor_execute", note)

    def arrange(ports: Ports) -> Ports:
        return replace(ports, store=SqlStore(engine, a_cipher()), backends={"worker": ScriptedBackend()})

    async with open_app(settings, Role("test"), arrange=arrange) as app:
        await furnish(app, folder, clips=30 * times)
        await _more(app, times)
        dashboard = dashboard_of(app, Health(app, Chats({})))
        assert dashboard is not None
        transport = httpx.ASGITransport(Starlette(routes=[dashboard.mount()]))
        headers = {"origin": f"http://{HOST}", "accept": "text/html"}
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=headers) as http:
            code = await LinkEntrance(app.ports.store, app.clock).new_code("operator")
            await http.post(LOGIN, data={"code": code})
            taken = {}
            for path in EVERY_PAGE:
                counted.clear()
                assert (path, (await http.get(f"/dashboard/{path}")).status_code) == (path, 200)
                taken[path] = len(counted)
        await dashboard.close()
    await close(engine)
    return taken


async def _more(app: App, times: int) -> None:
    """Servers with rules, and a clip with ancestors and descendants."""
    by = UserRef(Platform.TERMINAL, "operator")
    for number in range(2 * times):
        await app.service.change_rules(ServerRef(Platform.DISCORD, str(number)), {"max_frames": 24}, by=by)
    clip = await app.ports.store.job(JobId(f"{1:024x}"))
    assert clip is not None
    parent = clip.id
    for number in range(2 * times):
        made = replace(clip, id=JobId(f"{10_000 + number:024x}"), origin=f"of {number}", parent=parent)
        parent = made.id
        async with app.ports.store.transaction() as tx:
            await tx.add_job(made, a_delivery(made), None)


async def test_no_page_takes_more_statements_with_more_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few, many = await statements(tmp_path / "few", times=1), await statements(tmp_path / "many", times=4)
    assert few == many
    assert {path: count for path, count in many.items() if count > MOST} == {}
