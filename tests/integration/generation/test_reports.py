"""Members report, admins decide once, and what is deleted, hidden or covered reaches the message."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core import Core, a_core
from factories import a_channel, a_message, a_request, a_server, a_user
from generation.domain.clip_actions import RULES, ButtonPlace, ClipAction, ClipState, offered, state_of
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job
from generation.domain.notice import NoticeKind
from generation.domain.refs import Platform
from generation.domain.report import Decision, ReportReason
from generation.protocol import errors as e
from generation.protocol.request import Endpoint
from generation.rules.policy import Policy
from generation.service import SubmitContext, words
from generation.service.clips import Actor, check_action, in_other_quality

ASKER = Actor(a_user(), a_server())
OTHER = Actor(a_user("7002"), a_server())
ADMIN = Actor(a_user("7900"), a_server(), is_moderator=True)


async def _shown(core: Core, origin: str = "o1") -> Job:
    job = await core.finish(origin=origin)
    await core.relay.deliver(job.id)
    return await core.reload(job)


async def _notices(core: Core) -> list[dict[str, str]]:
    async with core.store.transaction() as tx:
        rows = await tx._connection.exec_driver_sql("SELECT kind, details FROM notices ORDER BY created_at, key")
        return [{"kind": kind, **json.loads(details)} for kind, details in rows]


async def test_three_reports_hide_a_clip_and_a_dismissal_shows_it_again(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        for number in range(3):
            reporter = Actor(a_user(f"80{number}"), a_server())
            hidden = await core.service.report(job.id, reporter, ReportReason.SEXUAL, "  look \n at it ")
            assert (hidden.hidden_at is not None) == (number == 2)
        await core.relay.deliver(job.id)
        assert core.messenger.delivered[-1][3] is None
        told = await _notices(core)
        assert [each["kind"] for each in told] == [NoticeKind.REPORT] * 3
        assert (told[-1]["reports"], told[-1]["hidden"], told[-1]["words"]) == ("3", "yes", "look at it")
        shown = await core.service.decide(job.id, Decision.DISMISS, ADMIN)
        assert shown.hidden_at is None
        await core.relay.deliver(job.id)
        assert core.messenger.delivered[-1][3] is not None
        assert (await core.service.audit_of(a_server()))[0].after == f'{{"dismiss": "{job.id}"}}'
        assert await core.service.open_reports(a_server()) == []


async def test_a_report_blocks_also_a_member_who_was_forgotten_meanwhile(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        await core.service.report(job.id, OTHER, ReportReason.OTHER)
        async with core.store.transaction() as tx:
            await tx.erase_job(job, core.clock.now())
        await core.service.decide(job.id, Decision.BLOCK, ADMIN)
        context = SubmitContext("o2", ASKER.user, a_channel())
        with pytest.raises(e.UserBlocked):
            await core.service.submit(a_request(), context)
        names = core.service.names_of(a_server(), ASKER.user.id)
        await core.service.change_policy(
            a_server(), lambda policy: {"blocked_users": policy.blocked_users - names}, by=ADMIN.user
        )
        await core.service.submit(a_request(), context)


async def test_the_first_decision_counts_and_the_second_says_whose_it_was(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        with pytest.raises(e.JobNotFound):  # nobody has reported it
            await core.service.decide(job.id, Decision.HIDE, ADMIN)
        await core.service.report(job.id, OTHER, ReportReason.OTHER)
        await core.service.decide(job.id, Decision.BLOCK, ADMIN)
        policy = await core.service.policy_of(a_server())
        assert policy.blocked_users == {ASKER.user.id}
        with pytest.raises(e.ReportDecided) as refused:
            await core.service.decide(job.id, Decision.DELETE, ADMIN)
        assert (refused.value.by, refused.value.decision) == (str(ADMIN.user), Decision.BLOCK)
        with pytest.raises(e.JobNotFound):
            await core.service.decide(job.id, Decision.DELETE, replace(ADMIN, server=a_server("9002")))


async def test_a_member_has_one_open_report_of_a_clip_and_five_an_hour(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        clips = [await _shown(core, origin=f"o{number}") for number in range(6)]
        for job in clips[:5]:
            await core.service.report(job.id, OTHER, ReportReason.VIOLENT)
        with pytest.raises(e.TooManyReports):
            await core.service.report(clips[5].id, OTHER, ReportReason.VIOLENT)
        await core.clock.advance(3601)
        with pytest.raises(e.ReportedAlready):
            await core.service.report(clips[0].id, OTHER, ReportReason.VIOLENT)
        assert len(await core.service.open_reports(a_server())) == 5


async def test_a_deleted_clip_cannot_be_reported_and_a_reported_one_may_be_gone_by_then(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        await core.service.report(job.id, OTHER, ReportReason.PERSON)
        await core.service.delete(job.id, ASKER)
        with pytest.raises(e.ClipDeleted):
            await core.service.report(job.id, ADMIN, ReportReason.PERSON)
        decided = await core.service.decide(job.id, Decision.HIDE, ADMIN)
        assert decided.hidden_at is None
        assert await core.service.audit_of(a_server())
        # the deletion by its own asker is nobody's business
        assert all("delete" not in each.after for each in await core.service.audit_of(a_server()))


async def test_who_may_do_what_is_the_definition(tmp_path: Path) -> None:
    """Every action in every state, by the asker, by another member and by a moderator."""
    async with a_core(tmp_path) as core:
        made = await _shown(core)
        now = core.clock.now()
        waiting = await core.submit(origin="waiting")
        states = {
            ClipState.MADE: made,
            ClipState.HIDDEN: made.hidden(now),
            ClipState.DELETED: made.deleted(now),
            ClipState.UNDER_WAY: waiting,
            ClipState.CANCELLED: waiting.cancelled(now),
            ClipState.FAILED: replace(waiting.cancelled(now), status="failed"),
        }
        for rule in RULES:
            for state, job in states.items():
                assert state_of(job) is state
                for actor in (ASKER, OTHER, ADMIN):
                    is_asker = actor is ASKER
                    allowed = state in rule.works and (
                        is_asker or (state not in rule.asker_only and (rule.who == "anybody" or actor.is_moderator))
                    )
                    if allowed:
                        check_action(rule.action, job, actor)
                    else:
                        with pytest.raises(e.JobError):
                            check_action(rule.action, job, actor)
                # nothing is offered that does not work
                for place in ButtonPlace:
                    if rule.action in offered(job, place, Platform.DISCORD):
                        assert state in rule.works
        forgotten = replace(made, prompt_removed_at=now)
        with pytest.raises(e.PromptNotKept):
            check_action(ClipAction.REROLL, forgotten, ASKER)


async def test_the_other_quality_keeps_prompt_seed_and_what_was_asked_for() -> None:
    plain = a_request(seed=7)
    assert in_other_quality(plain) == a_request(seed=7, endpoint=Endpoint.TURBO)
    wished = a_request(seed=7, num_inference_steps=11)
    turbo = in_other_quality(wished)
    assert (turbo.num_inference_steps, turbo.guidance_scale) == (11, 1)
    assert in_other_quality(in_other_quality(plain)) == plain


async def test_a_re_roll_knows_the_message_of_its_parent(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        again = await core.service.reroll(job.id, SubmitContext("o2", OTHER.user, a_channel()))
        assert again.parent_message == a_message("message-of-o1")
        assert (await core.reload(again)).parent_message == again.parent_message


async def test_a_spoiler_and_a_deletion_reach_the_same_message(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await _shown(core)
        with pytest.raises(e.NotYourJob):
            await core.service.set_spoiler(job.id, OTHER)
        covered = await core.service.set_spoiler(job.id, ASKER)
        assert covered.is_spoiler
        await core.relay.deliver(job.id)
        assert len(core.messenger.delivered) == 2
        await core.service.delete(job.id, ADMIN)
        await core.relay.deliver(job.id)
        assert (await core.service.delivery_soon(job.id)).status is DeliveryStatus.SENT
        assert core.messenger.retracted == [job.id]


async def test_a_refused_prompt_is_told_once_an_hour_and_a_negative_one_never(
    tmp_path: Path,
) -> None:
    async with a_core(tmp_path) as core:
        policy = Policy(blocked_terms=frozenset({"boat"}), allowed_terms=frozenset({"tug boat"}))
        await core.service.change_policy(a_server(), lambda _: policy.model_dump(), by=ADMIN.user)
        for number in range(3):
            with pytest.raises(e.PromptBlocked):
                await core.submit(origin=f"blocked{number}")
        assert [each["term"] for each in await _notices(core)] == ["boat"]
        await core.clock.advance(3600)
        with pytest.raises(e.PromptBlocked):
            await core.submit(origin="later")
        assert len(await _notices(core)) == 2
        await core.submit(a_request(prompt="a tug boat"), origin="allowed")
        await core.submit(a_request(prompt="a fox", negative_prompt="boat"), origin="negative")


async def test_a_list_of_words_is_imported_whole_or_not_at_all(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:

        async def imported(text: str) -> frozenset[str]:
            change = await core.service.change_policy(
                a_server(), lambda policy: words.with_list(policy, text), by=ADMIN.user
            )
            return change.after.policy.blocked_terms

        assert await imported("# ours\n\ngore\n  blood bath \n*裸*\nGORE\n") == {"gore", "blood bath", "*裸*"}
        with pytest.raises(e.InvalidRequest) as refused:
            await imported("fine\n" + "x" * 101 + "\n/(a+/\n")
        assert refused.value.violations[0].given == "what is in line 2, 3"
        for text in ("\n".join(map(str, range(1_001))), "x\n" * 40_000):
            with pytest.raises(e.InvalidRequest):
                await imported(text)
        assert (await core.service.policy_of(a_server())).blocked_terms == {"gore", "blood bath", "*裸*"}
