"""Notices: each is posted once, over crashes and by several processes; what has no place waits for an admin."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core import Core, a_core
from doubles.clock import ManualClock, settle
from doubles.generation.messenger import RecordingMessenger
from doubles.generation.observer import RecordingObserver
from factories import a_channel, a_notice, a_server, a_user
from generation.delivery.notices import NoticeRelay
from generation.domain.notice import Audience, Notice, NoticeKind, NoticeStatus
from generation.domain.refs import ITSELF, Platform
from generation.ports import NoticePayload, SaveNote
from generation.protocol.errors import DeliveryDelayed, DeliveryStepFailed

LOG_CHANNEL = "5009"


@dataclass
class Post:
    """A relay of one process, and what it has posted."""

    core: Core
    messenger: RecordingMessenger = field(default_factory=RecordingMessenger)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    owner: str = "one"

    def __post_init__(self) -> None:
        self.relay = NoticeRelay(
            self.core.store,
            {Platform.DISCORD: self.messenger},
            owner=self.owner,
            clock=self.core.clock,
            observer=self.observer,
        )

    async def add(self, *notices: Notice) -> None:
        async with self.core.store.transaction() as tx:
            for notice in notices:
                await tx.add_notice(notice)

    async def posted_after(self, seconds: float) -> list[NoticePayload]:
        await self.core.clock.advance(seconds)
        await self.relay.post_due()
        return self.messenger.posted

    async def set_log_channel(self, channel: str | None = LOG_CHANNEL) -> None:
        await self.core.service.change_rules(a_server(), {"log_channel": channel}, by=a_user())

    @property
    def ends(self) -> list[NoticeStatus]:
        return [each.status for each in self.observer.notices]


@pytest.fixture
async def post(tmp_path: Path):
    async with a_core(tmp_path, clock=ManualClock()) as core:
        yield Post(core)


async def test_a_notice_goes_to_the_log_channel_once_also_after_a_restart(post, tmp_path):
    await post.set_log_channel()
    await post.add(a_notice())
    assert await post.posted_after(0) == [NoticePayload(a_notice(), a_channel(LOG_CHANNEL))]
    async with a_core(tmp_path, clock=post.core.clock) as again:
        restarted = Post(again)
        await restarted.add(a_notice())
        assert await restarted.posted_after(60) == []
    assert post.ends == [NoticeStatus.TOLD]


async def test_two_processes_post_each_notice_once(post):
    await post.set_log_channel()
    other = Post(post.core, owner="two")
    await post.add(*(a_notice(f"n{n}") for n in range(12)))
    await asyncio.gather(post.relay.post_due(), other.relay.post_due())
    posted = [each.notice.key for each in post.messenger.posted + other.messenger.posted]
    assert sorted(posted) == sorted(f"n{n}" for n in range(12))


async def test_a_failed_attempt_is_repeated_later_and_keeps_its_note(post):
    await post.set_log_channel()
    await post.add(a_notice())
    post.messenger.notes = ("5009 1",)
    post.messenger.troubles = [DeliveryDelayed("away", retry_after=60.0), TimeoutError(), OSError("a bug")]
    assert await post.posted_after(0) == []
    assert await post.posted_after(59) == []
    assert await post.posted_after(1) == []
    for _ in range(2):
        await post.posted_after(60)
    [payload] = await post.posted_after(180)
    assert payload.note == "5009 1"


async def test_what_a_killed_process_was_posting_is_taken_up_with_its_note(post):
    class Killed(BaseException):
        pass

    async def killed(payload: NoticePayload, note: SaveNote) -> None:
        await note("perhaps posted")
        raise Killed

    await post.set_log_channel()
    await post.add(a_notice())
    post.messenger.post_notice = killed  # type: ignore[method-assign]
    with pytest.raises(BaseExceptionGroup):
        await post.relay.post_due()
    other = Post(post.core, owner="two")
    assert await other.posted_after(179) == []
    [payload] = await other.posted_after(1)
    assert payload.note == "perhaps posted"


async def test_without_a_log_channel_the_next_admin_is_told(post):
    await post.add(a_notice())
    assert await post.posted_after(0) == []
    assert post.ends == [NoticeStatus.HELD]
    assert await post.core.service.take_held_notices(a_server()) == [a_notice()]
    assert await post.core.service.take_held_notices(a_server()) == []


async def test_a_log_channel_that_refuses_is_switched_off_and_the_next_admin_is_told(post):
    await post.set_log_channel()
    await post.add(a_notice("report"))
    post.messenger.troubles = [DeliveryStepFailed("the channel is gone")]
    assert await post.posted_after(0) == []
    await post.posted_after(1)
    assert (await post.core.service.policy_of(a_server())).log_channel is None
    assert (await post.core.service.audit_of(a_server()))[0].by == ITSELF
    lost, report = await post.core.service.take_held_notices(a_server())
    assert report == a_notice("report")
    assert (lost.kind, dict(lost.details)) == (
        NoticeKind.LOG_CHANNEL_LOST,
        {"channel": LOG_CHANNEL, "reason": "the channel is gone"},
    )


async def test_a_log_channel_that_an_admin_has_set_meanwhile_stays(post):
    class Moved(RecordingMessenger):
        async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
            await post.set_log_channel("5010")
            raise DeliveryStepFailed("the channel is gone")

    await post.set_log_channel()
    await post.add(a_notice("report"))
    post.messenger = Moved()
    post.__post_init__()
    await post.posted_after(0)
    assert (await post.core.service.policy_of(a_server())).log_channel == "5010"
    assert await post.core.service.take_held_notices(a_server()) == [a_notice("report")]


async def test_after_three_days_a_members_notice_is_given_up(post):
    await post.add(a_notice(audience=Audience.MEMBER, member=a_user()))
    post.messenger.troubles = [DeliveryDelayed("away")] * 2
    await post.posted_after(0)
    await post.posted_after(3 * 24 * 3600)
    assert post.ends == [NoticeStatus.OWED, NoticeStatus.ABANDONED]


async def test_the_operators_notices_and_a_terminals_are_told_by_the_observer(post):
    terminal = a_notice("n2", server=a_server("local", Platform.TERMINAL))
    await post.add(a_notice(audience=Audience.OPERATOR), terminal)
    assert await post.posted_after(0) == []
    assert post.ends == [NoticeStatus.TOLD] * 2


async def test_the_relay_posts_when_it_is_woken_and_ends_when_it_is_stopped(post):
    await post.set_log_channel()
    async with AsyncExitStack() as stack, asyncio.timeout(40):
        running = asyncio.create_task(post.relay.run())
        stack.callback(running.cancel)
        await settle()
        await post.add(a_notice())
        post.relay.wake()
        while not post.messenger.posted:
            await asyncio.sleep(0)
        post.relay.stop()
        await running


async def test_a_server_is_welcomed_once(post):
    for _ in range(2):
        await post.core.service.welcome(a_server())
    [payload] = await post.posted_after(0)
    assert (payload.notice.kind, payload.notice.audience) == (NoticeKind.WELCOME, Audience.INSTALLER)
