"""What the store promises about a server's limits, policy and audit trail, on every database."""

import asyncio

import pytest

from db.store import SqlStore
from factories import NOW, a_server, a_user, an_audit_entry, later
from generation.domain.style import PromptStyle
from generation.protocol.errors import StoreError
from generation.protocol.request import Endpoint
from generation.rules.forms.styles import Styles
from generation.rules.limits import Limits
from generation.rules.policy import Policy

STRICT = Limits(
    user_clips_per_day=None,
    server_clips_per_day=3,
    user_active_jobs=1,
    server_active_jobs=2,
    server_budget_per_day=10**12,
    max_frames=8,
    max_steps=4,
    max_pixels=4096,
    endpoints=frozenset({Endpoint.TURBO}),
)
RULES = Policy(
    channels=frozenset({"5001", "5002"}), blocked_users=frozenset({"7666"}), blocked_terms=frozenset({"ä\0 💥", "b"})
)


async def set_limits(store: SqlStore, limits: Limits | None, audit=None) -> None:
    async with store.transaction() as tx:
        await tx.set_limits(a_server(), limits, audit or an_audit_entry())


async def test_a_server_without_limits_or_policy_of_its_own_has_none(store):
    assert (await store.limits_of(a_server()), await store.policy_of(a_server())) == (None, None)


async def test_limits_come_back_as_they_were_until_they_are_taken_back(store):
    for limits in (STRICT, Limits(), None):
        await set_limits(store, limits)
        assert await store.limits_of(a_server()) == limits
        async with store.transaction() as tx:
            assert await tx.limits_of(a_server()) == limits


async def test_limits_and_policy_belong_to_one_server(store):
    await set_limits(store, STRICT)
    async with store.transaction() as tx:
        await tx.set_policy(a_server("9002"), RULES, an_audit_entry())
    assert (await store.limits_of(a_server("9002")), await store.policy_of(a_server())) == (None, None)


async def test_a_policy_comes_back_as_it_was(store):
    for policy in (RULES, Policy()):
        async with store.transaction() as tx:
            await tx.set_policy(a_server(), policy, an_audit_entry(what="policy"))
            assert await tx.policy_of(a_server()) == policy
            standing = await tx.standing(a_server(), a_user(), NOW)
            assert (standing.rules.limits, standing.rules.policy) == (None, policy)
        assert await store.policy_of(a_server()) == policy
        assert await store.standing(a_server(), a_user(), NOW) == standing


async def test_styles_come_back_as_they_were_until_they_are_taken_back(store):
    own = Styles(styles=(PromptStyle(name="ä", prefix="💥"), PromptStyle(name="b")))
    for styles in (own, Styles(), None):
        async with store.transaction() as tx:
            await tx.set_styles(a_server(), styles, an_audit_entry(what="styles"))
            assert await tx.styles_of(a_server()) == styles
        assert (await store.styles_of(a_server()), await store.styles_of(a_server("9002"))) == (styles, None)


async def test_every_change_is_written_down_newest_first(store):
    first, second = an_audit_entry(), an_audit_entry(what="policy", at=later(seconds=1), before="", after="💥")
    elsewhere = an_audit_entry(server=a_server("9002"))
    await set_limits(store, STRICT, first)
    async with store.transaction() as tx:
        await tx.set_policy(a_server(), RULES, second)
        await tx.set_limits(a_server("9002"), None, elsewhere)
    assert await store.audit_of(a_server(), limit=10) == [second, first]
    assert await store.audit_of(a_server(), limit=1) == [second]
    assert await store.audit_of(a_server("9002"), limit=10) == [elsewhere]


async def test_a_change_that_fails_leaves_neither_limits_nor_audit(store):
    with pytest.raises(StoreError):
        await set_limits(store, STRICT, an_audit_entry(at=later().replace(tzinfo=None)))
    assert (await store.limits_of(a_server()), await store.audit_of(a_server(), limit=10)) == (None, [])


async def test_two_admins_who_change_different_limits_at_once_both_win(store, other_store):
    async def change(store: SqlStore, field: str) -> None:
        async with store.transaction() as tx:
            limits = await tx.limits_of(a_server()) or Limits()
            await tx.set_limits(a_server(), limits.model_copy(update={field: 7}), an_audit_entry())

    fields = ["user_clips_per_day", "server_clips_per_day", "user_active_jobs", "max_frames"]
    stores = [store, other_store, store, other_store]
    await asyncio.gather(*map(change, stores, fields))
    assert await store.limits_of(a_server()) == Limits(**dict.fromkeys(fields, 7))


async def test_stored_limits_that_cannot_be_read_are_an_error_and_not_the_defaults(store, execute):
    await set_limits(store, STRICT)
    await execute("UPDATE server_limits SET limits = '{}x'")
    with pytest.raises(StoreError, match="discord:9001"):
        await store.limits_of(a_server())


async def test_a_stored_policy_that_cannot_be_read_is_an_error_and_not_an_empty_one(store, execute):
    async with store.transaction() as tx:
        await tx.set_policy(a_server(), RULES, an_audit_entry())
    await execute("UPDATE server_policies SET policy = '[]'")
    with pytest.raises(StoreError, match="discord:9001"):
        await store.policy_of(a_server())
