"""The Health page: circuits, engines, deliveries owed, what clips take, and the doctor on request."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.commands.doctor.explained import Explained
from bot.composition import App
from doubles.generation.backend import ScriptedBackend
from factories import a_delivery
from generation.diagnostics import Grade
from generation.domain.job import JobId
from generation.ports import WorkerHealth
from generation.protocol.errors import BackendUnavailable, StoreError
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import GUILD, furnish
from integration.adapters.web.dashboard.test_attacks import token_of

HEALTH = "/dashboard/health"
TOLD = WorkerHealth(
    status="ready",
    engine="animatediff",
    why="models are installed",
    device="NVIDIA H200",
    version="0.1.0",
    places=4,
    active=3,
    waiting=17,
    memory_total=150_000_000_000,
    memory_free=100_000_000_000,
    models=("epicrealism", "motion-adapter", "animatelcm"),
    compiling=2,
)


async def test_the_worker_tells_of_its_engine_device_memory_models_and_compiling(
    browser: Browser, backends: dict[str, ScriptedBackend]
) -> None:
    backends["worker"].tells = TOLD
    await browser.log_in()
    page = (await browser.get(HEALTH)).text
    for words in (
        "Engine of worker",
        "NVIDIA H200",
        "50 GB of 150 GB in use",
        "epicrealism, motion-adapter, animatelcm",
        "2 shapes of clips to come",
        "3 of 4 places, 17 waiting",
    ):
        assert words in page
    # fal has no such page
    assert "Engine of fal" not in page


async def test_a_worker_that_is_away_is_said_to_be_and_the_rest_is_shown(
    browser: Browser, backends: dict[str, ScriptedBackend]
) -> None:
    backends["worker"].troubles = {"health": [BackendUnavailable("worker", "refused")]}
    await browser.log_in()
    page = (await browser.get(HEALTH)).text
    assert "no answer" in page
    assert "What clips take" in page


async def test_circuits_tell_their_state_since_when_and_why(browser: Browser, app: App) -> None:
    await browser.log_in()
    assert "it works" in (await browser.get(HEALTH)).text
    app.breakers.failed("fal", BackendUnavailable("fal", "refused"))
    page = (await browser.get(HEALTH)).text
    row = page.split("<strong>fal</strong>")[1].split("</tr>")[0]
    assert '<span class="pill away">open</span>' in row
    since = app.breakers["fal"].since
    assert since is not None
    assert f'<time datetime="{since.isoformat(timespec="seconds")}">' in row
    assert "cannot be reached; tried again in" in row


async def test_what_is_owed_and_what_clips_take_is_told(browser: Browser, app: App, tmp_path: Path) -> None:
    await furnish(app, tmp_path)
    async with app.ports.store.transaction() as tx:
        job = await tx.job(JobId(f"{1:024x}"))
        assert job is not None
        await tx.save_delivery(replace(a_delivery(job).owed(app.clock.now()), attempts=2))
    await browser.log_in()
    page = (await browser.get(HEALTH)).text
    assert "1 tried in vain so far" in page
    assert f'href="/dashboard/servers/{GUILD}"' in page
    assert '<td class="num" data-label="Clips">20</td>' in page


async def test_the_doctor_looks_on_request_once_for_all_and_is_remembered(
    browser: Browser, doctor: list[list[Explained]]
) -> None:
    await browser.log_in()
    assert "has not looked yet" in (await browser.get(HEALTH)).text
    doctor.append(
        [
            Explained(Grade.GOOD, "Python", "3.11"),
            Explained(Grade.BAD, "database", "it is <damaged>", "a bad disk", "put a backup back"),
            Explained(Grade.NOTE, "backup", "none was made"),
        ]
    )
    answer = await browser.post(f"{HEALTH}/look", {}, **{"x-flipbook-form": await token_of(browser)})
    assert answer.json()["said"] == "Bad findings: 1."
    for _ in range(2):  # nobody looks again for it
        page = (await browser.get(HEALTH)).text
        assert "1 bad" in page
        assert "it is &lt;damaged&gt;" in page
        assert "Do: put a backup back" in page
        order = [page.index(word) for word in ("<strong>database", "<strong>backup", "<strong>Python")]
        assert order == sorted(order)


@pytest.mark.parametrize("path", ["look"])
async def test_nobody_else_has_the_doctor_look(browser: Browser, doctor: list[list[Explained]], path: str) -> None:
    answer = await browser.post(f"{HEALTH}/{path}", {})
    assert answer.status_code == 401


async def test_a_sum_over_all_clips_is_kept_for_a_while(browser: Browser, app: App, tmp_path: Path) -> None:
    await browser.log_in()
    assert "No clip is kept." in (await browser.get(HEALTH)).text
    await furnish(app, tmp_path)
    assert "No clip is kept." in (await browser.get(HEALTH)).text
    await browser.post(f"{HEALTH}/look", {}, **{"x-flipbook-form": await token_of(browser)})
    assert "No clip is kept." not in (await browser.get(HEALTH)).text


async def test_a_database_that_does_not_answer_is_said_and_the_rest_is_shown(
    browser: Browser, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.log_in()

    async def fails() -> None:
        raise StoreError("disk I/O error")

    monkeypatch.setattr(app.ports.store, "deliveries_owed", fails)
    answer = await browser.get(HEALTH)
    assert answer.status_code == 200
    assert "The database does not answer." in answer.text
    assert "Circuits" in answer.text
