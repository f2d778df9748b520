"""The page of one job: its family, what has happened to it, and what the operator does with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.composition import App
from factories import a_delivery, a_job, a_message
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef
from generation.domain.style import PromptStyle
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import furnish
from integration.adapters.web.dashboard.test_attacks import token_of

HOSTILE = "</h1><script>alert('style')</script>"
CLIP = JobId(f"{1:024x}")
PAGE = f"/dashboard/jobs/{CLIP}"


@pytest.fixture
async def job(app: App, browser: Browser, tmp_path: Path) -> Job:
    """The newest clip; beside it one that was made from another, in a style of hostile words."""
    await furnish(app, tmp_path)
    await browser.log_in()
    clip = await app.ports.store.job(CLIP)
    assert clip is not None
    style = PromptStyle(name="ink", prefix=HOSTILE, suffix=HOSTILE)
    one = clip.request.with_seed(5)
    for name, parent, request in (("b0", "c0", one), ("c0", None, clip.request)):
        made = replace(clip, id=JobId(name * 12), origin=name, parent=JobId(parent * 12) if parent else None)
        async with app.ports.store.transaction() as tx:
            await tx.add_job(replace(made, request=request, style=style), a_delivery(made), None)
    return clip


async def done(browser: Browser, path: str) -> str:
    answer = await browser.post(path, {}, **{"x-flipbook-form": await token_of(browser)})
    return str(answer.json()["said"])


async def test_a_page_shows_family_and_life(browser: Browser, job: Job) -> None:
    page = (await browser.get(f"/dashboard/jobs/{'b0' * 12}")).text
    assert f'href="/dashboard/jobs/{"c0" * 12}"' in page
    assert "another seed · seed" in page
    older = (await browser.get(f"/dashboard/jobs/{'c0' * 12}")).text
    assert f'href="/dashboard/jobs/{"b0" * 12}"' in older
    own = (await browser.get(PAGE)).text
    words = [own.index(word) for word in ("Asked for", "Rendering began", "The clip was made", "Reported")]
    assert words == sorted(words)
    assert "it is of my sister" not in own  # a report's own words stay on the page of reports


async def test_nothing_of_a_job_is_more_than_text(browser: Browser, job: Job, app: App) -> None:
    for name in (job.requested_by, job.channel, job.channel.server):
        app.service.names.note(name, HOSTILE)
    for job_id in (job.id, "b0" * 12, f"{3:024x}"):
        page = (await browser.get(f"/dashboard/jobs/{job_id}")).text
        assert page.count("<script") == page.count("<script src=") == 1
        assert "alert(&#39;" in page


@pytest.mark.parametrize("name", ["0" * 24, "x", "..%2f..", "%00", "9" * 5000])
async def test_what_is_no_job_is_not_found(browser: Browser, name: str) -> None:
    await browser.log_in()
    assert (await browser.get(f"/dashboard/jobs/{name}")).status_code == 404


async def test_a_clip_is_hidden_found_as_hidden_and_put_back(browser: Browser, job: Job, app: App) -> None:
    assert (await done(browser, f"{PAGE}/hide")).startswith("Hidden")
    only = (await browser.get("/dashboard/gallery?hidden=only")).text
    assert only.count('class="clip"') == 2  # and the one that was hidden before
    assert f"clip-{job.id}" in only
    assert f"clip-{job.id}" not in (await browser.get("/dashboard/gallery?hidden=without")).text
    assert "hidden" in await done(browser, f"{PAGE}/deliver")
    assert (await done(browser, f"{PAGE}/unhide")).startswith("Shown again")
    stored = await app.ports.store.job(job.id)
    assert stored is not None
    assert stored.hidden_at is None
    entries = await app.service.audit_of(job.channel.server, limit=2)
    assert [(entry.by.id, job.id in entry.after) for entry in entries] == [("operator", True)] * 2
    audit = (await browser.get("/dashboard/audit")).text
    assert f"put the hidden clip {job.id} back" in audit


async def test_a_clip_is_delivered_again_into_its_own_message_alone(browser: Browser, job: Job, app: App) -> None:
    store, now = app.ports.store, app.clock.now()
    assert await done(browser, f"{PAGE}/deliver") == "It is on its way already."
    delivery = await store.delivery_of(job.id)
    assert delivery is not None
    async with store.transaction() as tx:
        await tx.save_delivery(delivery.sent(a_message(), now))
    assert "no second one" in await done(browser, f"{PAGE}/deliver")
    again = await store.delivery_of(job.id)
    assert again is not None
    assert (again.status, again.was_shown, again.message) == (DeliveryStatus.OWED, True, a_message())
    assert "is on its way" in await done(browser, f"{PAGE}/deliver")


async def test_a_clip_whose_file_is_gone_is_not_taken_out_of_its_message(browser: Browser, job: Job, app: App) -> None:
    store, now = app.ports.store, app.clock.now()
    async with store.transaction() as tx:
        await tx.save_job(replace(job, artifact=None), was=job)
        await tx.save_delivery(a_delivery(job).sent(a_message(), now))
    await done(browser, f"{PAGE}/deliver")
    kept = await store.delivery_of(job.id)
    assert kept is not None
    assert kept.status is DeliveryStatus.SENT


async def test_a_clip_of_a_terminal_is_owed_to_nobody(browser: Browser, job: Job, app: App) -> None:
    store, channel = app.ports.store, ChannelRef(ServerRef(Platform.TERMINAL, "local"), "terminal")
    clip = replace(job, id=JobId("d0" * 12), origin="d0", channel=channel)
    async with store.transaction() as tx:
        sent = a_delivery(clip).sent(MessageRef(channel, clip.id), app.clock.now())
        await tx.add_job(clip, sent, None)
    page = f"/dashboard/jobs/{clip.id}"
    assert "Deliver again" not in (await browser.get(page)).text
    assert "Deliver again" in (await browser.get(PAGE)).text
    assert await done(browser, f"{page}/deliver") == "That cannot be done with this clip."
    assert (await done(browser, f"{page}/hide")).startswith("Hidden")
    hidden = await store.job(clip.id)
    assert hidden is not None
    assert hidden.hidden_at is not None
    assert await store.delivery_of(clip.id) == sent
    assert await done(browser, f"{page}/delete") == (
        "Deleted here. A file that was written for its terminal stays where it is."
    )
    # due on any bot, whichever chats it serves
    due = await store.owed_deliveries(app.clock.now(), owner="me", platforms=frozenset(), limit=9)
    assert [each.id for each, _ in due] == [clip.id]


async def test_of_a_private_clip_the_operator_reads_neither_words_nor_sees_it(
    browser: Browser, job: Job, app: App
) -> None:
    words = "an otter in a top hat"
    secret = job.request.model_copy(update={"prompt": words, "negative_prompt": words})
    made = replace(job, id=JobId("d0" * 12), origin="d0", parent=job.id, request=secret, is_private=True)
    waiting = a_job(id=JobId("e0" * 12), origin="e0", request=secret, is_private=True)
    async with app.ports.store.transaction() as tx:
        for each in (made, waiting):
            await tx.add_job(each, a_delivery(each), None)
    pages = [
        f"/dashboard/jobs/{made.id}",
        PAGE,
        "/dashboard/",
        f"/dashboard/gallery?words={words}",
        "/dashboard/gallery",
    ]
    for page in pages:
        answer = await browser.get(page)
        assert answer.status_code == 200
        assert "top hat" not in answer.text.replace(f'value="{words}"', "")
    assert "A private clip" in (await browser.get(pages[0])).text
    for address in (f"/dashboard/clips/{made.id}.mp4", f"/dashboard/clips/{made.id}.jpg"):
        assert (await browser.get(address)).status_code == 404
