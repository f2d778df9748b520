"""What members have chosen is kept for each server, on every database."""

import asyncio

from db.store import SqlStore
from factories import a_server, a_user
from generation.domain.refs import ServerRef
from generation.protocol.request import Endpoint, ImageSize
from generation.rules.choices import NO_CHOICES, MemberChoices
from generation.rules.policy import NotifyWhen

ELSEWHERE = a_server("9002")
CHOSEN = MemberChoices(
    notify=NotifyWhen.ALWAYS,
    endpoint=Endpoint.TURBO,
    video_size=ImageSize(width=640, height=384),
    style="pixel art",
    negative_prompt="naïve 💥",
    num_frames=8,
)


async def choose(store: SqlStore, choices: MemberChoices, server: ServerRef | None = None) -> None:
    async with store.transaction() as tx:
        await tx.set_choices(a_user(), server or a_server(), choices)


async def test_choices_are_a_members_own_in_one_server(store):
    await choose(store, CHOSEN)
    assert await store.choices_of(a_user(), a_server()) == CHOSEN
    assert await store.choices_of(a_user(), ELSEWHERE) == NO_CHOICES
    assert await store.choices_of(a_user("7002"), a_server()) == NO_CHOICES


async def test_changed_choices_replace_the_earlier_ones_and_none_leave_no_row(store):
    await choose(store, CHOSEN)
    await choose(store, MemberChoices(fps=12))
    assert await store.every_choice_of(a_user()) == {a_server(): MemberChoices(fps=12)}
    assert await store.known_members() == [(a_server(), a_user())]
    await choose(store, NO_CHOICES)
    assert await store.every_choice_of(a_user()) == {}
    assert await store.known_members() == []


async def test_a_forgotten_member_has_chosen_nothing_anywhere(store):
    for server in (a_server(), ELSEWHERE):
        await choose(store, CHOSEN, server)
    async with store.transaction() as tx:
        await tx.forget_choices(a_user())
    assert await store.every_choice_of(a_user()) == {}


async def test_a_server_that_is_gone_takes_its_members_choices_with_it(store):
    for server in (a_server(), ELSEWHERE):
        await choose(store, CHOSEN, server)
    async with store.transaction() as tx:
        await tx.erase_server(a_server())
    assert await store.every_choice_of(a_user()) == {ELSEWHERE: CHOSEN}


async def test_choices_that_cannot_be_read_are_none_and_can_be_made_anew(store, execute):
    await choose(store, CHOSEN)
    await execute('UPDATE member_choices SET choices = \'{"fps": 10000, "of another version": 1}\'')
    assert await store.choices_of(a_user(), a_server()) == NO_CHOICES
    assert await store.every_choice_of(a_user()) == {a_server(): NO_CHOICES}
    await choose(store, CHOSEN)
    assert await store.choices_of(a_user(), a_server()) == CHOSEN


async def test_of_changes_at_once_none_undoes_another(store, other_store):
    async def change(each: SqlStore, **changes: object) -> None:
        async with each.transaction() as tx:
            chosen = await tx.choices_of(a_user(), a_server())
            await tx.set_choices(a_user(), a_server(), chosen.changed(changes))

    wanted = [{"fps": 12}, {"num_frames": 8}, {"negative_prompt": "rain"}, {"endpoint": Endpoint.TURBO}]
    stores = [store, other_store] * 2
    await asyncio.gather(*(change(each, **changes) for each, changes in zip(stores, wanted, strict=True)))
    assert await store.choices_of(a_user(), a_server()) == MemberChoices(
        fps=12, num_frames=8, negative_prompt="rain", endpoint=Endpoint.TURBO
    )
