"""Logins: a code opens once, a session lasts until its end, and what is over is forgotten."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from db.store import SqlStore
from factories import NOW
from generation.domain.login import Login, LoginKind

CODE = Login("c" * 64, LoginKind.CODE, "Ada", NOW + timedelta(minutes=10))
SESSION = Login("s" * 64, LoginKind.SESSION, "Ada", NOW + timedelta(hours=12), "form")


async def test_a_code_is_redeemed_once_however_many_try(store: SqlStore) -> None:
    await store.add_login(CODE, NOW)
    tries = await asyncio.gather(*(store.redeem_code(CODE.digest, NOW) for _ in range(5)))
    assert [found for found in tries if found is not None] == [CODE]


async def test_a_code_is_no_session_and_a_session_no_code(store: SqlStore) -> None:
    await store.add_login(CODE, NOW)
    await store.add_login(SESSION, NOW)
    assert await store.session(CODE.digest, NOW) is None
    assert await store.redeem_code(SESSION.digest, NOW) is None
    assert await store.session(SESSION.digest, NOW) == SESSION


async def test_what_is_over_opens_nothing_and_is_forgotten(store: SqlStore) -> None:
    for login in (CODE, SESSION):
        await store.add_login(login, NOW)
    assert await store.redeem_code(CODE.digest, CODE.until) is None
    assert await store.session(SESSION.digest, SESSION.until) is None
    # the same digest again would not fit beside a row that was kept
    await store.add_login(replace(SESSION, until=SESSION.until + timedelta(hours=1)), SESSION.until)


async def test_a_session_that_was_ended_is_gone(store: SqlStore) -> None:
    await store.add_login(SESSION, NOW)
    await store.end_session(SESSION.digest)
    await store.end_session(SESSION.digest)
    assert await store.session(SESSION.digest, NOW) is None
