"""Posts notices: each once, also over a restart and with several processes on one database."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from generation.delivery.ready_notices import clip_message
from generation.domain.notice import Audience, Notice, NoticeKind, OwedNotice
from generation.domain.refs import ITSELF, ChannelRef, Platform, ServerRef
from generation.ports import Lease, Messenger, NoticePayload, Observer, Store, Transaction
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock, sleep_or
from generation.protocol.errors import (
    DeliveryDelayed,
    DeliveryStepFailed,
    StorageFull,
    StoreError,
)
from generation.rules.audit import AuditEntry
from generation.rules.policy import Policy

NO_LOG_CHANNEL: Final = "the server has no log channel"
_NO_CLIP: Final = "the clip is gone"


@dataclass(frozen=True, slots=True)
class NoticeTiming:
    """How notices are posted, in seconds: the pause between two searches while nothing wakes the
    relay, how many each finds, the pauses between tries of one notice and for how long it is tried,
    how long one try may take, and how long a notice stays held by a process that has died."""

    poll_every: float = 5.0
    window: int = 16
    retry: Backoff = field(default_factory=lambda: Backoff(first=5.0, longest=600.0))
    give_up_after: float = 3 * 24 * 3600.0
    post: float = 90.0
    lease: float = 180.0


class NoticeRelay:
    """Posts due notices for as long as :meth:`run` runs.

    One for the log channel of a server that has none waits for the next answer to an admin there;
    one that the log channel refuses switches that channel off.
    """

    def __init__(
        self,
        store: Store,
        messengers: Mapping[Platform, Messenger],
        *,
        owner: str,
        clock: Clock,
        observer: Observer,
        timing: NoticeTiming | None = None,
    ) -> None:
        self._store = store
        self._messengers = messengers
        self._owner = owner
        self._clock = clock
        self._observer = observer
        self._timing = timing or NoticeTiming()
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """A notice may be due now."""
        self._woken.set()

    async def run(self) -> None:
        """Post until :meth:`stop` is called; what is being posted then arrives first."""
        while not self._stopped.is_set():
            # cleared before looking, so that what comes meanwhile is seen in the next round
            self._woken.clear()
            moved = 0
            try:
                moved = await self.post_due()
            except (StoreError, StorageFull) as error:
                self._observer.trouble("looking for notices", error)
            if moved < self._timing.window:
                await sleep_or(self._clock, self._timing.poll_every, self._woken)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped.set()
        self.wake()

    async def post_due(self) -> int:
        """Post every notice that is due, and return how many have moved on. Raises StoreError."""
        due = await self._store.owed_notices(
            self._clock.now(),
            owner=self._owner,
            # nobody reads a terminal later: its notices go to the log
            platforms=frozenset({*self._messengers, Platform.TERMINAL}),
            limit=self._timing.window,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._post_one(each.notice.key)) for each in due]
        return sum(task.result() for task in tasks)

    async def _post_one(self, key: str) -> bool:
        """Claim a notice and take it one step on; whether that could be saved."""
        now = self._clock.now()
        try:
            async with self._store.transaction() as tx:
                # another process may have been faster
                owed = await tx.claim_notice(key, Lease(self._owner, now, self._timing.lease), now)
            if owed is None:
                return False
            moved = await self._attempt(owed)
        except (StoreError, StorageFull) as error:
            self._observer.trouble("posting a notice", error)
            return False
        self._observer.notice_moved(moved)
        return True

    async def _attempt(self, owed: OwedNotice) -> OwedNotice:
        attempt = _Attempt(self._store, owed)
        try:
            async with asyncio.timeout(self._timing.post):
                is_told = await self._post(attempt)
        except DeliveryStepFailed as error:
            return await self._refused(attempt, error.reason)
        except DeliveryDelayed as error:
            moved = self._put_off(attempt.owed, error.reason, error.retry_after)
        except TimeoutError:
            moved = self._put_off(attempt.owed, "the chat does not answer", None)
        except Exception as error:  # noqa: BLE001 - one notice's failure is never another's
            self._observer.trouble("posting a notice", error)
            moved = self._put_off(attempt.owed, "an error of ours", None)
        else:
            moved = attempt.owed.told() if is_told else attempt.owed.undeliverable(NO_LOG_CHANNEL)
        return await self._finish(moved)

    async def _post(self, attempt: "_Attempt") -> bool:
        """Post it; False where there is no log channel. Raises DeliveryError."""
        notice = attempt.owed.notice
        messenger = self._messengers.get(notice.server.platform)
        if notice.audience is Audience.OPERATOR or messenger is None:
            return True  # told by the observer
        log_channel = None
        if notice.audience is Audience.LOG_CHANNEL:
            log_channel = await self._log_channel(notice.server)
            if log_channel is None:
                return False
            attempt.log_channel = log_channel.id
        clip = None
        if notice.audience is Audience.ASKER:
            clip = await clip_message(self._store, notice.details)
            if clip is None:
                raise DeliveryStepFailed(_NO_CLIP)
        payload = NoticePayload(notice, log_channel, attempt.owed.note, clip)
        await messenger.post_notice(payload, attempt.note)
        return True

    async def _log_channel(self, server: ServerRef) -> ChannelRef | None:
        policy = await self._store.policy_of(server) or Policy()
        return None if policy.log_channel is None else ChannelRef(server, policy.log_channel)

    def _put_off(self, owed: OwedNotice, reason: str, retry_after: float | None) -> OwedNotice:
        now, timing = self._clock.now(), self._timing
        if now >= owed.notice.created_at + timedelta(seconds=timing.give_up_after):
            return owed.undeliverable(reason)
        pause = timing.retry.with_retry_after(owed.attempts + 1, retry_after)
        return owed.delayed(now + timedelta(seconds=pause), reason)

    async def _refused(self, attempt: "_Attempt", reason: str) -> OwedNotice:
        """No place takes it: a log channel is switched off, and that is told to the next admin
        too."""
        held, server = attempt.owed.undeliverable(reason), attempt.owed.notice.server
        if attempt.log_channel is not None:
            async with self._store.transaction() as tx:
                now = self._clock.now()
                await switch_off_log_channel(tx, server, attempt.log_channel, reason, now)
        return await self._finish(held)

    async def _finish(self, moved: OwedNotice) -> OwedNotice:
        """Save it, however long the database needs: else it would be posted twice."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self._store.transaction() as tx:
                    await tx.save_notice(moved)
            except (StoreError, StorageFull) as error:
                self._observer.trouble("saving a notice", error)
            else:
                return moved
            await self._clock.sleep(self._timing.retry.before(tries))


class _Attempt:
    """One try to post a notice, with what the messenger has noted so far."""

    def __init__(self, store: Store, owed: OwedNotice) -> None:
        self._store = store
        self.owed = owed
        self.log_channel: str | None = None
        """Id of the log channel that it was posted to."""

    async def note(self, note: str) -> None:
        """Save a messenger's note with its notice."""
        self.owed = self.owed.noted(note)
        async with self._store.transaction() as tx:
            await tx.save_notice(self.owed, keeps_lease=True)


async def switch_off_log_channel(
    tx: Transaction, server: ServerRef, channel: str, reason: str, now: datetime
) -> None:
    """Forget a log channel that can no longer be posted to; the next admin who asks is told."""
    policy = await tx.policy_of(server) or Policy()
    if policy.log_channel != channel:
        return  # somebody was faster, or an admin has just set another one
    changed = policy.model_copy(update={"log_channel": None})
    before, after = (each.model_dump_json(include={"log_channel"}) for each in (policy, changed))
    await tx.set_policy(server, changed, AuditEntry(server, ITSELF, now, "policy", before, after))
    lost = Notice(
        key=f"log channel lost:{server}:{now.isoformat()}",
        server=server,
        audience=Audience.LOG_CHANNEL,
        kind=NoticeKind.LOG_CHANNEL_LOST,
        details={"channel": channel, "reason": reason},
        created_at=now,
    )
    # there is nowhere to post it: it waits for an admin from the start
    if await tx.add_notice(lost):
        await tx.save_notice(OwedNotice(lost, now).undeliverable(reason))
