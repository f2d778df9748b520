"""What is old goes; what is owed, unfinished or young stays; a small disk is kept alive; servers that left go."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from core import Core, a_core
from core_running import dispatching, until
from doubles.generation.backend import ScriptedBackend
from factories import a_channel, a_message, a_request, a_server, a_user
from generation.domain.delivery import Answer
from generation.domain.job import Job, JobStatus
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.ports import DeliveryPayload, SaveNote
from generation.privacy.retention import Due, KeepDays, Pruned
from generation.privacy.tasks import KeepingParts, KeepingTasks
from generation.protocol.errors import ArtifactError, PromptNotKept
from generation.rules.pseudonyms import is_pseudonym
from generation.service import SubmitContext
from integration.generation.privacy.keeping import a_forgetter, a_retention, all_bytes, gone_servers

SECRET = "a lighthouse that only one member knows"


async def a_delivered_clip(core: Core, prompt: str = SECRET) -> Job:
    job = await core.submit(a_request(prompt=prompt), origin=f"o{len(core.observer.moves)}")
    await core.service.opened(job.id, a_message(f"message-of-{job.id}"))
    await core.run(job)
    await core.relay.deliver(job.id)
    return await core.reload(job)


async def pass_days(core: Core, days: float) -> None:
    await core.clock.advance(timedelta(days=days).total_seconds())


def files(core: Core) -> list[str]:
    return sorted(path.name for path in (core.folder / "clips").iterdir())


async def test_clips_go_after_thirty_days_and_prompts_after_ninety(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        old = await a_delivered_clip(core)
        await pass_days(core, 20)
        young = await a_delivered_clip(core, "a boat")
        await pass_days(core, 11)
        assert [(due.clips.count, due.prompts.count) for due in await a_retention(core).due()] == [(1, 0)]
        assert await a_retention(core).prune() == Pruned(clips=1, bytes=old.artifact.size_bytes)
        assert files(core) == [young.artifact.key]
        without = await core.reload(old)
        assert (without.artifact, without.request) == (None, old.request)
        await pass_days(core, 60)
        assert await a_retention(core).prune() == Pruned(clips=1, bytes=young.artifact.size_bytes, prompts=1)
        await core.store.remove_traces()
        assert SECRET.encode() not in all_bytes(core)
        assert await core.store.ledger_discrepancies() == []


async def test_days_without_end_keep_everything_and_a_days_of_one_server_are_its_own(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await pass_days(core, 9999)
        forever = a_retention(core, KeepDays(None, None))
        assert await forever.prune() == Pruned()
        assert (await forever.due())[0].days == KeepDays(None, None)
        assert isinstance((await a_retention(core).due())[0], Due)


async def test_nothing_owed_or_unfinished_is_touched(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, backend=backend) as core:
        backend.hold.set()
        owed = await core.finish(origin="owed")
        backend.hold.clear()
        unfinished = await core.submit(origin="unfinished")
        await pass_days(core, 400)
        assert await a_retention(core).prune() == Pruned()
        assert (await core.reload(owed)).artifact is not None
        assert await core.reload(unfinished) == unfinished


async def test_what_a_terminal_that_has_left_is_owed_keeps_no_clip(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        channel = ChannelRef(ServerRef(Platform.TERMINAL, "local"), "detached")
        by = UserRef(Platform.TERMINAL, "operator")
        await core.run(await core.service.submit(a_request(), SubmitContext("o", requested_by=by, channel=channel)))
        await pass_days(core, 31)
        assert (await a_retention(core).prune()).clips == 1
        assert files(core) == []


async def test_a_clip_that_goes_while_it_is_asked_for_again_is_said_to_be_gone(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await pass_days(core, 31)
        retention = a_retention(core)
        delete = core.artifacts.delete

        async def and_it_is_asked_for(artifact: object) -> None:
            answer = Answer("token", core.clock.now() + timedelta(minutes=14), private=True)
            await core.service.deliver_again(job.id, answer, by=a_user(), channel=a_channel())
            await delete(artifact)

        core.artifacts.delete = and_it_is_asked_for
        assert (await retention.prune()).clips == 1
        await core.relay.deliver(job.id)
        # the second delivery has no file; its words say that the clip is no longer kept
        assert [video is None for *_, video in core.messenger.delivered] == [False, True]


async def test_a_clip_that_is_uploaded_at_this_moment_is_not_taken_away(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await pass_days(core, 31)
        answer = Answer("token", core.clock.now() + timedelta(minutes=14), private=True)
        await core.service.deliver_again(job.id, answer, by=a_user(), channel=a_channel())
        deliver, pruned = core.messenger.deliver, []

        async def slowly(payload: DeliveryPayload, step: str, note: SaveNote) -> object:
            pruned.append(await a_retention(core).prune())
            return await deliver(payload, step, note)

        core.messenger.deliver = slowly
        await core.relay.deliver(job.id)
        assert pruned == [Pruned()]
        assert [video is None for *_, video in core.messenger.delivered] == [False, False]
        assert (await a_retention(core).prune()).clips == 1


async def test_a_crash_between_file_and_row_is_made_good_in_the_next_round(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await pass_days(core, 31)
        await core.artifacts.delete(job.artifact)
        assert (await a_retention(core).prune()).clips == 1
        assert (await core.reload(job)).artifact is None


async def test_a_clip_without_prompt_cannot_be_made_again(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await pass_days(core, 31)
        await a_retention(core).prune()
        context = SubmitContext("again", requested_by=a_user(), channel=a_channel())
        # the clip is gone, its request is not
        assert (await core.service.reroll(job.id, context)).request.prompt == SECRET
        await pass_days(core, 60)
        await a_retention(core).prune()
        context = SubmitContext("once more", requested_by=a_user(), channel=a_channel())
        with pytest.raises(PromptNotKept):
            await core.service.reroll(job.id, context)


async def test_a_nearly_full_disk_shortens_the_days_step_by_step_and_keeps_the_last_day(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        for days in (20, 10, 5, 2):
            await a_delivered_clip(core)
            await pass_days(core, days - {20: 10, 10: 5, 5: 2, 2: 0}[days])
        kept = files(core)
        # enough after the second step
        pruned = await a_retention(core, free=[100, 100, 10**12]).prune()
        assert (pruned.clips, files(core)) == (2, kept[2:])
        await a_retention(core, free=[100]).prune()
        assert files(core) == []
        await a_delivered_clip(core)
        await a_retention(core, free=[100]).prune()
        assert len(files(core)) == 1
        assert core.observer.troubles[-1][0] == "keeping room for clips"


async def test_one_servers_trouble_keeps_no_other_from_its_turn(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        elsewhere = SubmitContext("x", requested_by=a_user(), channel=a_channel(server=a_server("9002")))
        job = await core.service.submit(a_request(), elsewhere)
        await core.service.opened(job.id, a_message("message-of-x", channel=elsewhere.channel))
        await core.run(job)
        await core.relay.deliver(job.id)
        await pass_days(core, 31)
        delete, failures = core.artifacts.delete, [ArtifactError("the disk does not answer")]

        async def fail_once(artifact: object) -> None:
            if failures:
                raise failures.pop()
            await delete(artifact)

        core.artifacts.delete = fail_once
        assert (await a_retention(core).prune()).clips == 1
        assert [what for what, _ in core.observer.troubles] == ["removing old clips and prompts"]
        assert (await a_retention(core).prune()).clips == 1


async def test_a_server_that_removed_the_bot_is_deleted_after_a_week(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await core.service.change_rules(a_server(), {"user_clips_per_day": 1}, by=a_user("7900"))
        await core.service.server_left(a_server())
        await pass_days(core, 6)
        assert await gone_servers(core).purge() == 0
        await pass_days(core, 1)
        assert await gone_servers(core).purge() == 1
        erased = await core.reload(job)
        assert (is_pseudonym(erased.requested_by), erased.artifact, files(core)) == (True, None, [])
        assert await core.store.limits_of(a_server()) is None
        assert await core.service.audit_of(a_server()) == []
        await core.store.remove_traces()
        assert SECRET.encode() not in all_bytes(core)
        assert await core.store.ledger_discrepancies() == []
        assert await gone_servers(core).purge() == 0


async def test_a_server_that_comes_back_within_a_week_keeps_everything(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await core.service.server_left(a_server())
        await pass_days(core, 6)
        await core.service.servers_present([a_server("9003"), a_server()])
        await pass_days(core, 30)
        assert await gone_servers(core).purge() == 0
        assert await core.reload(job) == job


async def test_a_job_that_still_runs_is_ended_before_its_server_is_deleted(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, backend=backend) as core, dispatching(core):
        job = await core.submit()
        await core.service.opened(job.id, a_message())
        await until(core, lambda: (job.id, JobStatus.RUNNING) in core.observer.moves)
        async with core.store.transaction() as tx:
            await tx.server_left(a_server(), core.clock.now() - timedelta(days=8))
        assert await gone_servers(core).purge() == 0
        backend.hold.set()
        await until(core, lambda: core.observer.moves[-1][1].is_final)
        assert await gone_servers(core).purge() == 1


async def test_the_tasks_do_everything_in_their_time_and_survive_a_database_that_is_away(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        parts = KeepingParts(a_forgetter(core), a_retention(core), gone_servers(core))
        tasks = KeepingTasks(core.store, parts, clock=core.clock, observer=core.observer)
        await pass_days(core, 31)
        assert await tasks.round() == 0
        assert files(core) == []
        await a_delivered_clip(core)
        await pass_days(core, 0.01)
        # within the hour nothing is looked for
        await tasks.round()
        assert len(files(core)) == 1
        running = asyncio.create_task(tasks.run())
        await core.clock.advance(5)
        tasks.stop()
        await running
        assert core.observer.troubles == []
