"""A member is forgotten whole, step by step, over restarts; quotas stay and nobody else loses anything."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import Core, a_core
from core_running import dispatching, relaying, until
from databases import a_cipher
from doubles.generation.backend import ScriptedBackend
from factories import a_channel, a_message, a_request, a_server, a_user
from generation.domain.delivery import Answer
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.notice import NoticeKind
from generation.domain.privacy import Forgetting
from generation.domain.refs import Platform
from generation.domain.report import Report, ReportReason
from generation.privacy import forgetting
from generation.protocol.errors import (
    ArtifactError,
    ConfirmationInvalid,
    DeliveryDelayed,
    DeliveryStepFailed,
)
from generation.rules.pseudonyms import is_pseudonym
from generation.service import SubmitContext
from generation.service.clips import Actor
from integration.generation.privacy.keeping import RememberedMembers, a_forgetter, all_bytes, forget_all

MEMBER = "70010000000000001"
OTHER = "70020000000000002"
SECRET = "a lighthouse that only one member knows"


async def a_delivered_clip(core: Core, user: str = MEMBER, prompt: str = SECRET) -> Job:
    origin = f"reaction:{user}:{core.clock.now().timestamp()}:{len(core.observer.moves)}"
    job = await core.submit(a_request(prompt=prompt, negative_prompt=f"no {prompt}"), origin=origin, user=user)
    await core.service.opened(job.id, a_message(f"message-of-{job.id}"))
    await core.run(job)
    await core.relay.deliver(job.id)
    return await core.reload(job)


async def ask(core: Core, user: str = MEMBER) -> None:
    proof = core.service.confirmation_to_forget(a_user(user))
    await core.service.forget(a_user(user), a_server(), proof)


async def test_nothing_of_a_forgotten_member_is_left_in_any_file_and_quotas_stay(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        mine, others = await a_delivered_clip(core), await a_delivered_clip(core, OTHER, "a boat")
        waiting = await core.submit(a_request(prompt=SECRET), user=MEMBER)
        async with core.store.transaction() as tx:
            await tx.add_report(
                Report(others.id, a_server(), a_user(MEMBER), ReportReason.OTHER, SECRET, core.clock.now())
            )
        before = (await core.store.standing(a_server(), a_user(MEMBER), core.clock.now())).usage
        await core.service.export(a_user(MEMBER))
        remembered = RememberedMembers()
        await ask(core)
        await forget_all(core, a_forgetter(core, remembered))
        await core.store.remove_traces()
        usage = (await core.store.standing(a_server(), a_user(MEMBER), core.clock.now())).usage
        # the job that waited was refunded
        assert (before.user_clips_today, usage.user_clips_today) == (2, 1)
        assert await core.store.ledger_discrepancies() == []
        member = a_cipher().pseudonyms.of(a_server(), a_user(MEMBER))
        assert list(remembered.members) == [str(member)]
        erased = await core.reload(mine)
        assert (erased.requested_by, erased.artifact, erased.cost) == (member, None, mine.cost)
        assert erased.request == mine.request.without_texts()
        assert (await core.reload(waiting)).status is JobStatus.CANCELLED
        kept = all_bytes(core)
        for gone in (SECRET, MEMBER, mine.id + ".mp4", f"message-of-{mine.id}"):
            assert gone.encode() not in kept, gone
        # nobody else lost anything
        assert await core.reload(others) == others
        assert set(core.messenger.retracted) == {mine.id, waiting.id}
        async with core.artifacts.checkout(others.artifact):
            pass


async def test_who_has_only_made_choices_is_forgotten_in_older_backups_too(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.service.choose(a_user(MEMBER), a_server("9002"), {"fps": 12})
        remembered = RememberedMembers()
        await ask(core)
        await forget_all(core, a_forgetter(core, remembered))
        assert await core.store.every_choice_of(a_user(MEMBER)) == {}
        member = core.store.pseudonyms.of(a_server("9002"), a_user(MEMBER))
        assert list(remembered.members) == [str(member)]


async def test_the_member_is_told_once_and_then_that_is_forgotten_too(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await ask(core)
        await forget_all(core)
        await forget_all(core)
        told = [payload.notice for payload in core.messenger.posted]
        assert [(each.kind, each.member, each.details) for each in told] == [
            (NoticeKind.FORGOTTEN, a_user(MEMBER), {"left": "0"})
        ]


async def test_what_admins_are_still_to_be_told_of_the_member_is_waited_for_and_goes_too(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        clip = await a_delivered_clip(core, OTHER, "a boat")
        actor = Actor(a_user(MEMBER), a_server())
        await core.service.report(clip.id, actor, ReportReason.OTHER, SECRET)
        async with core.store.transaction() as tx:
            # by the operator: the member is told nothing that could be waited for
            await tx.ask_to_forget(Forgetting(a_user(MEMBER), core.clock.now()))
        assert (await a_forgetter(core).go_on()).left == 1
        # there is no log channel, so it waits for an admin; the words go before
        await forget_all(core)
        await core.store.remove_traces()
        kept = all_bytes(core)
        assert MEMBER.encode() not in kept
        assert SECRET.encode() not in kept


async def test_a_waiting_job_is_refunded_and_a_running_one_is_cancelled_at_its_backend(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, backend=backend) as core, dispatching(core):
        running = await core.submit(a_request(prompt=SECRET), user=MEMBER)
        await core.service.opened(running.id, a_message("message-of-running"))
        await until(core, lambda: (running.id, JobStatus.RUNNING) in core.observer.moves)
        await ask(core)
        forgetter = a_forgetter(core)
        assert (await forgetter.go_on()).left == 1
        await until(core, lambda: core.backend.cancelled != [])
        backend.hold.set()
        await until(core, lambda: core.observer.moves[-1][1].is_final)
        await forget_all(core, forgetter)
        assert is_pseudonym((await core.reload(running)).requested_by)
        # nothing was delivered but perhaps how it ended; no clip came back
        assert all(video is None for *_, video in core.messenger.delivered)


async def test_a_clip_that_completes_although_it_was_cancelled_does_not_come_back(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, backend=backend) as core:
        job = await core.submit(a_request(prompt=SECRET), user=MEMBER)
        await core.service.opened(job.id, a_message("message-of-job"))
        running = asyncio.create_task(core.run(job))
        await until(core, lambda: (job.id, JobStatus.RUNNING) in core.observer.moves)
        await ask(core)
        await a_forgetter(core).go_on()
        # the backend was done already
        backend.hold.set()
        assert (await running).status is JobStatus.SUCCEEDED
        await forget_all(core)
        assert (await core.reload(job)).artifact is None
        assert list((core.folder / "clips").iterdir()) == []
        assert core.messenger.retracted == [job.id]


async def test_a_delivery_under_way_ends_first_and_its_message_goes_then(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.finish()
        await ask(core, "7001")
        # put off: whether it has arrived is not known
        core.messenger.troubles = [DeliveryDelayed("no answer", retry_after=60)]
        async with relaying(core):
            await until(core, lambda: any(each.attempts for each in core.observer.deliveries))
        clock = core.clock
    async with a_core(tmp_path, clock=clock) as again:
        await forget_all(again)
        # whether it arrived after all or not: it is gone in the end
        assert again.messenger.retracted == [job.id]
        assert await again.store.delivery_of(job.id) is None


async def test_a_restart_in_the_middle_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    remembered = RememberedMembers()
    async with a_core(tmp_path) as core:
        jobs = [await a_delivered_clip(core) for _ in range(3)]
        await ask(core)
        await core.clock.advance(11)
        await a_forgetter(core, remembered).go_on()
        clock = core.clock
    async with a_core(tmp_path, clock=clock) as again:
        await forget_all(again, a_forgetter(again, remembered))
        assert sorted(again.messenger.retracted) == sorted(job.id for job in jobs)
        assert SECRET.encode() not in b"".join(path.read_bytes() for path in (again.folder / "clips").iterdir())
        assert await again.store.kept_of(a_user(MEMBER)) == type(await again.store.kept_of(a_user("nobody")))()


async def test_nothing_is_erased_that_the_list_for_backups_could_not_take(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await ask(core)
        remembered = RememberedMembers(troubles=[ArtifactError("the disk is full")] * 2)
        await forget_all(core, a_forgetter(core, remembered))
        assert [what for what, _ in core.observer.troubles] == ["forgetting a member"] * 2
        assert len(remembered.members) == 1


async def test_messages_that_the_chat_keeps_are_counted_and_said(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await ask(core)
        core.messenger.troubles = [DeliveryStepFailed("the bot may no longer write there")]
        await forget_all(core)
        assert [payload.notice.details for payload in core.messenger.posted] == [{"left": "1"}]


async def test_a_chat_that_is_away_for_a_day_keeps_nobody_in_the_database(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        await ask(core)
        forgetter = a_forgetter(core)
        # no relay at work: nothing can be removed
        assert (await forgetter.go_on()).left == 1
        await core.clock.advance(11)
        assert (await forgetter.go_on()).left == 1
        await core.clock.advance(timedelta(hours=23).total_seconds())
        assert await forgetter.go_on() == forgetting.Round(left=0, done=1)
        assert is_pseudonym((await core.reload(job)).requested_by)
        assert await core.store.forgettings() == []


async def test_what_is_made_after_asking_stays(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await ask(core)
        await core.clock.advance(1)
        new = await a_delivered_clip(core)
        await forget_all(core)
        assert await core.reload(new) == new


async def test_asking_twice_is_one_forgetting_until_the_later_moment(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await a_delivered_clip(core)
        await ask(core)
        await core.clock.advance(60)
        await a_delivered_clip(core)
        await ask(core)
        assert len(await core.store.forgettings()) == 1
        await forget_all(core)
        await ask(core)
        await forget_all(core)
        assert (await core.store.kept_of(a_user(MEMBER))).jobs == 0


async def test_a_confirmation_that_is_forged_of_somebody_else_or_old_begins_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        mine = core.service.confirmation_to_forget(a_user(MEMBER))
        of_another = core.service.confirmation_to_forget(a_user(OTHER))
        later = f"{int(mine[:10], 16) + 3600:010x}{mine[10:]}"
        for proof in ("", ".", of_another, later, mine[:-1], "f" * 35, mine.replace(".", ":"), "-1.x", "é.é"):
            with pytest.raises(ConfirmationInvalid):
                await core.service.forget(a_user(MEMBER), a_server(), proof)
        assert len(mine) == 35
        await core.clock.advance(15 * 60 + 1)
        with pytest.raises(ConfirmationInvalid):
            await core.service.forget(a_user(MEMBER), a_server(), mine)
        assert await core.store.forgettings() == []


async def test_an_export_while_being_forgotten_says_so_and_breaks_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        for _ in range(3):
            await a_delivered_clip(core)
        await ask(core)
        exporting = asyncio.create_task(core.service.export(a_user(MEMBER)))
        await forget_all(core)
        exported = json.loads(await exporting)
        assert exported["asked_to_be_forgotten_at"] is not None
        assert len(exported["jobs"]) <= 3


async def test_thousands_of_clips_go_a_few_messages_at_a_time(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        first = await a_delivered_clip(core)
        delivery = await core.delivery(first)
        async with core.store.transaction() as tx:
            for number in range(120):
                copy = replace(first, id=JobId(f"{number:024x}"), origin=f"reaction:{MEMBER}:{number}", number=None)
                await tx.add_job(copy, replace(delivery, job_id=copy.id), None)
        await ask(core)
        await core.clock.advance(11)
        forgetter = a_forgetter(core)
        await forgetter.go_on()
        owed = await core.store.owed_deliveries(core.clock.now(), owner="run", platforms=frozenset(Platform), limit=500)
        assert len(owed) == forgetting.MOST_REMOVALS
        await forget_all(core, forgetter)
        assert len(core.messenger.retracted) == 121
        assert (await core.store.kept_of(a_user(MEMBER))).jobs == 0


async def test_a_clip_that_was_shown_again_privately_is_forgotten_too(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await a_delivered_clip(core)
        answer = Answer(f"{MEMBER} token", core.clock.now() + timedelta(minutes=14), private=True)
        await core.service.deliver_again(job.id, answer, by=a_user(MEMBER), channel=a_channel())
        await core.relay.deliver(job.id)
        await ask(core)
        await forget_all(core)
        assert await core.store.delivery_of(job.id) is None


async def test_a_re_roll_of_a_forgotten_clip_is_its_new_owners(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        mine = await a_delivered_clip(core)
        context = SubmitContext("reroll", requested_by=a_user(OTHER), channel=a_channel())
        theirs = await core.service.reroll(mine.id, context)
        await core.service.opened(theirs.id, a_message("message-of-theirs"))
        await core.run(theirs)
        await core.relay.deliver(theirs.id)
        await ask(core)
        await forget_all(core)
        stays = await core.reload(theirs)
        assert (stays.requested_by, stays.request.prompt) == (a_user(OTHER), SECRET)


def test_pseudonyms_are_no_ids_of_any_platform() -> None:
    member = a_cipher().pseudonyms.of(a_server(), a_user(MEMBER))
    assert re.fullmatch(r"~[0-9a-f]{32}", member.id)
