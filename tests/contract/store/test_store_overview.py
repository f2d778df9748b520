"""What the operator looks through: every server, pages of clips and changes, and sums by day."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_request, an_audit_entry
from generation.domain.delivery import OwedDeliveries
from generation.domain.gallery import GalleryQuery, KeptByServer
from generation.domain.job import Artifact, Job, JobId
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.rules import ledger
from generation.rules.ledger import EVERYWHERE, server_scope
from generation.rules.policy import Policy

ONE, TEN, SLACK = ServerRef(Platform.DISCORD, "1"), ServerRef(Platform.DISCORD, "10"), ServerRef(Platform.SLACK, "T1")


def made(number: int, server: ServerRef, prompt: str = "a fox", member: str = "7") -> Job:
    job = a_job(
        id=JobId(f"{number:024x}"),
        origin=f"o{number}",
        request=a_request(prompt=prompt),
        channel=ChannelRef(server, "c"),
        requested_by=UserRef(server.platform, member),
    )
    at = NOW + timedelta(hours=number)
    return replace(job, created_at=at, finished_at=at, artifact=Artifact(f"{number}.mp4", 1000))


async def add(store: SqlStore, *jobs: Job) -> None:
    for job in jobs:
        async with store.transaction() as tx:
            await tx.standing(job.channel.server, job.requested_by, NOW)  # as every submission does
            await tx.add_job(job, a_delivery(job), None)
            await tx.append(ledger.reserve(job, job.created_at))


async def test_every_server_is_known_once_in_spite_of_its_members(store: SqlStore) -> None:
    assert await store.known_servers(limit=9) == []
    await add(store, *(made(n, server, member=str(n)) for n, server in enumerate([TEN, ONE, SLACK, ONE, TEN, ONE])))
    other = ServerRef(Platform.DISCORD, "2")
    async with store.transaction() as tx:
        await tx.set_policy(other, Policy(), replace(an_audit_entry(), server=other))
    assert await store.known_servers(limit=9) == [ONE, TEN, other, SLACK]
    assert await store.known_servers(limit=2) == [ONE, TEN]


async def test_the_gallery_goes_by_pages_newest_first(store: SqlStore) -> None:
    await add(store, *(made(n, ONE) for n in range(5)))
    first = await store.gallery(GalleryQuery(), limit=2)
    rest = await store.gallery(GalleryQuery(before=first[-1][0]), limit=9)
    assert [int(job.id, 16) for _, job in [*first, *rest]] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (GalleryQuery(server=ONE), [3, 0]),
        (GalleryQuery(server=TEN, member="8"), [2]),
        (GalleryQuery(member="8"), [3, 2, 1, 0]),  # an id says nothing without its platform
        (GalleryQuery(words="FOX"), [3, 1]),
        (GalleryQuery(words="100%"), [2]),
        (GalleryQuery(words="_"), []),
        (GalleryQuery(words='say "hi"'), [0]),
        (GalleryQuery(since=NOW + timedelta(hours=2)), [3, 2]),
        (GalleryQuery(until=NOW + timedelta(hours=2)), [1, 0]),
        (GalleryQuery(hidden=True), [1]),
        (GalleryQuery(hidden=False, words="fox"), [3]),
    ],
)
async def test_clips_are_found_by_what_is_asked(store: SqlStore, query: GalleryQuery, found: list[int]) -> None:
    await add(
        store,
        made(0, ONE, 'two owls say "hi"'),
        replace(made(1, TEN, "a red fox"), hidden_at=NOW),
        made(2, TEN, "100% wool", member="8"),
        made(3, ONE, "Fox and hound"),
    )
    assert [int(job.id, 16) for _, job in await store.gallery(query, limit=9)] == found


async def test_clips_of_one_moment_are_each_on_one_page(store: SqlStore) -> None:
    await add(store, *(replace(made(n, ONE), finished_at=NOW) for n in range(5)))
    seen: list[int] = []
    before = None
    while page := await store.gallery(GalleryQuery(before=before, server=ONE), limit=2):
        seen += [int(job.id, 16) for _, job in page]
        before = page[-1][0]
    assert seen == [4, 3, 2, 1, 0]


async def test_words_are_looked_for_in_some_clips_at_a_time(store: SqlStore) -> None:
    await add(store, made(0, ONE, "a whale"), *(made(n, ONE) for n in range(1, 4)))
    query = GalleryQuery(words="whale", searched=2)
    assert await store.gallery(query, limit=9) == []
    older = replace(query, before=await store.searched_until(query))
    assert [int(job.id, 16) for _, job in await store.gallery(older, limit=9)] == [0]
    last = replace(query, before=await store.searched_until(older))
    assert await store.gallery(last, limit=9) == []
    assert await store.searched_until(last) is None
    assert await store.searched_until(GalleryQuery()) is None


async def test_what_was_made_from_a_clip_is_found(store: SqlStore) -> None:
    parent = made(0, ONE)
    children = [replace(made(n, ONE), parent=parent.id) for n in (1, 2)]
    await add(store, parent, *children, made(3, ONE))
    assert [job.id for job in await store.made_from(parent.id, limit=9)] == [job.id for job in children]
    assert len(await store.made_from(parent.id, limit=1)) == 1
    assert await store.made_from(children[0].id, limit=9) == []


async def test_a_line_of_ancestors_is_read_at_once_and_bounded(store: SqlStore) -> None:
    line = [made(0, ONE)]
    for number in range(1, 5):
        line.append(replace(made(number, ONE), parent=line[-1].id))
    await add(store, *line, replace(made(9, ONE), parent=JobId("f" * 24)))
    assert await store.ancestors(line[4].id, limit=9) == line[3::-1]
    assert await store.ancestors(line[4].id, limit=2) == line[3:1:-1]
    assert await store.ancestors(line[0].id, limit=9) == []
    assert await store.ancestors(JobId(f"{9:024x}"), limit=9) == []  # its parent's server is gone


async def test_what_clips_take_is_told_by_server_the_most_first(store: SqlStore) -> None:
    assert await store.kept_by_server() == []
    await add(store, made(0, ONE), made(1, TEN), made(2, TEN), replace(made(3, SLACK), artifact=None))
    assert await store.kept_by_server() == [KeptByServer(TEN, 2, 2000), KeptByServer(ONE, 1, 1000)]


async def test_what_each_chat_is_owed_is_told_without_terminals(store: SqlStore) -> None:
    terminal = ServerRef(Platform.TERMINAL, "local")
    jobs = [made(0, ONE), made(1, TEN), made(2, SLACK), made(3, ONE), made(4, terminal)]
    await add(store, *jobs)
    async with store.transaction() as tx:
        for job in (jobs[0], jobs[2], jobs[4]):
            await tx.save_delivery(a_delivery(job).owed(NOW))
        await tx.save_delivery(a_delivery(jobs[1]).owed(NOW).delayed(NOW + timedelta(hours=1)))
    assert await store.deliveries_owed() == [
        OwedDeliveries(Platform.DISCORD, 2, 1, NOW),
        OwedDeliveries(Platform.SLACK, 1, 0, NOW),
    ]


async def test_a_clip_that_is_gone_is_not_in_the_gallery(store: SqlStore) -> None:
    gone = replace(made(0, ONE), deleted_at=NOW)
    await add(store, gone, replace(made(1, ONE), artifact=None))
    assert await store.gallery(GalleryQuery(), limit=9) == []


async def test_the_audit_log_goes_by_pages_over_all_servers_or_in_one(store: SqlStore) -> None:
    for number, server in enumerate([ONE, TEN, ONE]):
        async with store.transaction() as tx:
            entry = replace(an_audit_entry(), server=server, at=NOW + timedelta(hours=number))
            await tx.set_policy(server, Policy(), entry)
    everything = await store.audit_log(server=None, before=None, limit=9)
    assert [entry.server for _, entry in everything] == [ONE, TEN, ONE]
    assert [entry.at for _, entry in await store.audit_log(server=ONE, before=everything[0][0], limit=9)] == [NOW]


async def test_daily_totals_are_those_of_the_scopes_and_days_asked_for(store: SqlStore) -> None:
    await add(store, made(0, ONE), made(1, TEN), made(30, ONE))
    found = await store.daily_totals([EVERYWHERE, server_scope(ONE)], NOW.date(), NOW.date())
    assert sorted((scope, totals.clips) for scope, _, totals in found) == [(EVERYWHERE, 2), (server_scope(ONE), 1)]
