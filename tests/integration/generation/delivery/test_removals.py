"""A deleted clip is gone for real: file, messages and platform files; the job's row stays."""

from pathlib import Path

import pytest

from core import Core, a_core
from core_running import relaying, until
from factories import a_request
from generation.delivery import removals
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.protocol.errors import ArtifactMissing, DeliveryDelayed, DeliveryStepFailed, IllegalTransition
from generation.service import SubmitContext


async def _delivered(core: Core) -> Job:
    job = await core.finish()
    await core.relay.deliver(job.id)
    return await core.reload(job)


async def _delete(core: Core, job: Job) -> None:
    async with core.store.transaction() as tx:
        stored = await tx.job(job.id)
        assert stored is not None
        await removals.delete(tx, stored, core.clock.now())


async def test_a_deleted_clip_leaves_neither_file_nor_message_but_its_row(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _delivered(core)
        assert job.artifact is not None
        await _delete(core, job)
        async with relaying(core):
            # until that is stored too
            await until(core, lambda: any(each.step == removals.REMOVED for each in core.observer.deliveries))
        assert core.messenger.retracted == [job.id]
        deleted = await core.reload(job)
        assert (deleted.deleted_at is not None, deleted.artifact, deleted.cost) == (True, None, job.cost)
        with pytest.raises(ArtifactMissing):
            async with core.artifacts.checkout(job.artifact):
                pass
        assert (await core.delivery(job)).step == removals.REMOVED
        assert await core.store.ledger_discrepancies() == []


async def test_a_chat_that_is_away_delays_a_deletion_and_a_restart_does_not_lose_it(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _delivered(core)
        await _delete(core, job)
        core.messenger.troubles = [DeliveryDelayed("away", retry_after=600)]
        async with relaying(core):
            await until(core, lambda: any(each.attempts for each in core.observer.deliveries))
        assert core.messenger.retracted == []
    async with a_core(tmp_path, clock=core.clock) as again:
        await again.clock.advance(601)
        async with relaying(again):
            await until(again, lambda: again.messenger.retracted == [job.id])


async def test_a_clip_of_a_terminal_is_removed_by_a_bot_that_serves_chats(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        channel = ChannelRef(ServerRef(Platform.TERMINAL, "local"), "detached")
        context = SubmitContext("o", requested_by=UserRef(Platform.TERMINAL, "operator"), channel=channel)
        await core.run(await core.service.submit(a_request(), context))
        (job,) = await core.store.recent_clips(limit=9)
        assert job.artifact is not None
        await _delete(core, job)
        async with relaying(core):
            await until(core, lambda: any(each.step == removals.REMOVED for each in core.observer.deliveries))
        assert (await core.reload(job)).artifact is None
        assert list((core.folder / "clips").iterdir()) == []


async def test_a_message_that_the_chat_keeps_is_recorded_with_the_reason(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _delivered(core)
        await _delete(core, job)
        core.messenger.troubles = [DeliveryStepFailed("the thread is archived")]
        async with relaying(core):
            await until(core, lambda: core.observer.deliveries[-1].status is DeliveryStatus.ABANDONED)
        assert "the thread is archived" in (await core.delivery(job)).told


async def test_a_clip_deleted_while_it_is_delivered_is_taken_away_afterwards(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.finish()
        found = await core.store.job(job.id)
        assert found is not None
        claimed = (await core.relay._leases.claim(job.id))[job.id]
        await _delete(core, job)
        moved = await core.relay._record_sent(found, claimed, claimed.message)
        assert moved.status is DeliveryStatus.OWED
        async with relaying(core):
            await until(core, lambda: core.messenger.retracted == [job.id])


async def test_a_job_under_way_is_not_deleted_and_a_second_deletion_changes_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.submit()
        with pytest.raises(IllegalTransition):
            await _delete(core, job)
        ended = await core.run(job)
        await _delete(core, ended)
        first = (await core.reload(job)).deleted_at
        await core.clock.advance(60)
        await _delete(core, ended)
        assert (await core.reload(job)).deleted_at == first
