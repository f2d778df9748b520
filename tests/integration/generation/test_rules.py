"""Rules in layers, presets, ceilings and pauses, through the whole core."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import Core, QuickClock, a_core
from factories import NOW, a_channel, a_request, a_server, a_user
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform, UserRef
from generation.protocol.errors import InvalidRequest, LimitExceeded, OperatorsPause, Paused, ServerNotAllowed
from generation.protocol.progress import Phase, Progress
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint
from generation.rules.limits import LimitName
from generation.rules.limits.presets import PRESETS
from generation.rules.operator_rules import OperatorRules
from generation.rules.pause import EVERY_SERVER, Pause
from generation.service import SubmitContext
from generation.text.audit import audit_words
from generation.text.dialect import plain_for
from generation.text.rules.moments import moment_from
from generation.text.rules.screen import changed_rule_lines, preset_lines, rules_lines

ADMIN, OTHER_ADMIN = a_user("7900"), a_user("7901")
OPEN = {"user_active_jobs": 1000, "server_active_jobs": 1000, "user_clips_per_day": None, "server_clips_per_day": None}
HERE = plain_for(a_server().platform)


async def set_rules(core: Core, **changes: object) -> None:
    await core.service.change_rules(a_server(), changes, by=ADMIN)


async def ask(core: Core, origin: str, *, roles: tuple[str, ...] = (), user: str = "7001", **fields: object) -> Job:
    context = SubmitContext(origin, a_user(user), a_channel(), roles=frozenset(roles))
    return await core.service.submit(a_request(**fields), context)


async def refused(core: Core, origin: str, **keywords: object) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        await ask(core, origin, **keywords)  # type: ignore[arg-type]
    return caught.value


async def test_of_two_admins_at_once_neither_undoes_the_others_change(tmp_path):
    async with a_core(tmp_path) as core:
        server = a_server()
        changes = [
            core.service.change_policy(
                server, lambda policy, n=n: {"exempt_roles": policy.exempt_roles | {str(n)}}, by=ADMIN
            )
            for n in range(8)
        ]
        limits = [core.service.change_rules(server, {"max_frames": 8}, by=OTHER_ADMIN)]
        limits += [core.service.change_rules(server, {"max_steps": 9}, by=ADMIN)]
        await asyncio.gather(*changes, *limits)
        rules = await core.service.rules_of(server)
        assert rules.policy.exempt_roles == {str(n) for n in range(8)}
        assert (rules.limits.max_frames, rules.limits.max_steps) == (8, 9)


async def test_a_ceiling_acts_at_once_is_told_and_gives_back_what_was_set(tmp_path):
    async with a_core(tmp_path) as core:
        server = a_server()
        await set_rules(core, user_clips_per_day=50, user_active_jobs=9)
        for number in range(3):
            await ask(core, f"before:{number}")
        # below what is under way already
        await core.service.set_ceilings(server, {"user_clips_per_day": 2}, by=ADMIN)
        error = await refused(core, "after")
        assert (error.limit, error.allowed, error.used) == (LimitName.USER_CLIPS_PER_DAY, "2", "3")
        change = await core.service.change_rules(server, {"user_clips_per_day": 60}, by=ADMIN)
        assert changed_rule_lines(change.before, change.after, [LimitName.USER_CLIPS_PER_DAY], HERE) == [
            "Clips per member per day: 60 from now on. The operator's ceiling holds: 2."
        ]
        assert "Clips per member per day: 2 (set: 60, the operator's ceiling: 2)" in rules_lines(change.after, HERE)
        await core.service.reset_ceilings(server, by=ADMIN)
        assert (await core.service.rules_of(server)).in_force.user_clips_per_day == 60
        await ask(core, "again")


async def test_a_pause_refuses_the_new_lets_the_rest_end_and_survives_a_restart(tmp_path):
    clock = QuickClock()
    async with a_core(tmp_path, clock=clock) as core:
        waiting = await ask(core, "before")
        await core.service.pause(EVERY_SERVER, "back at 18:00", by=ADMIN)
        with pytest.raises(Paused, match="back at 18:00"):
            await ask(core, "during")
        # an event that comes twice still finds its job
        assert await ask(core, "before") == waiting
    async with a_core(tmp_path, clock=clock) as restarted:
        with pytest.raises(Paused):
            await ask(restarted, "after a restart")
        assert [job.id for job in await restarted.store.claimable(clock.now(), limit=9)] == [waiting.id]
        assert (await restarted.run(waiting)).status is JobStatus.SUCCEEDED
        ended = await restarted.service.resume(EVERY_SERVER, by=ADMIN)
        assert ended is not None
        assert await restarted.service.resume(EVERY_SERVER, by=ADMIN) is None
        await ask(restarted, "resumed")
        said = [audit_words(entry, HERE) for entry in await restarted.service.audit_of(EVERY_SERVER)]
        assert [line.split(" · ")[0] for line in said] == [
            "Member 7900 let new clips be made again",
            "Member 7900 paused new clips: back at 18:00",
        ]


async def test_a_pause_ends_by_itself_and_can_hold_what_waits(tmp_path):
    async with a_core(tmp_path) as core:
        job = await ask(core, "before")
        until = core.clock.now() + timedelta(hours=1)
        await core.service.pause(a_server(), "", until=until, holds_waiting=True, by=ADMIN)
        assert await core.store.claimable(core.clock.now(), limit=9) == []
        with pytest.raises(Paused) as paused:
            await ask(core, "during")
        assert paused.value.until == until
        await core.clock.advance(3600)
        assert await core.store.claimable(core.clock.now(), limit=9) == [job]
        await ask(core, "after")


async def test_what_a_pause_holds_is_told_why_and_goes_on_when_it_is_over(tmp_path):
    async with a_core(tmp_path) as core, asyncio.TaskGroup() as group:
        job = await ask(core, "before")
        await core.service.pause(EVERY_SERVER, "back at 18:00", holds_waiting=True, by=ADMIN)
        await core.service.pause(a_server(), "back at 18:00", holds_waiting=True, by=ADMIN)
        running = group.create_task(core.dispatcher.run())
        while not core.progress:
            await asyncio.sleep(0)
        assert core.progress[0] == (job.id, Progress(Phase.WAITING, waiting_for="the end of a pause: back at 18:00"))
        for server in (EVERY_SERVER, a_server()):
            await core.service.resume(server, by=ADMIN)
        while not (await core.reload(job)).status.is_final:
            await asyncio.sleep(0.01)
        core.dispatcher.stop()
        await running
        assert (await core.reload(job)).status is JobStatus.SUCCEEDED


async def test_the_pause_is_told_before_anything_else(tmp_path):
    rules = OperatorRules(backends=("worker",), allowed_servers=frozenset({a_server("9002")}))
    async with a_core(tmp_path, rules=rules) as core:
        with pytest.raises(ServerNotAllowed):
            await ask(core, "closed")
        await core.service.pause(EVERY_SERVER, "moving", by=ADMIN)
        with pytest.raises(Paused):
            await ask(core, "paused")


@pytest.mark.parametrize("bad", [{"reason": "x" * 301}, {"reason": "", "until": NOW - timedelta(days=1)}])
async def test_a_pause_that_makes_no_sense_is_refused(tmp_path, bad):
    async with a_core(tmp_path) as core:
        with pytest.raises(InvalidRequest):
            await core.service.pause(EVERY_SERVER, **bad, by=ADMIN)
        assert await core.service.pauses() == []


async def test_the_hourly_limit_says_when_again_also_after_it_was_lowered(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(core, **OPEN)
        asked_at = []
        for number in range(4):
            asked_at.append((await ask(core, f"o{number}")).created_at)
            await core.clock.advance(600)
        for allowed, oldest in ((4, 0), (2, 2), (1, 3)):
            await set_rules(core, user_clips_per_hour=allowed)
            assert (await refused(core, "more")).resets_at == asked_at[oldest] + timedelta(hours=1)
        await set_rules(core, user_clips_per_hour=0)
        assert (await refused(core, "more")).resets_at is None
        await set_rules(core, user_clips_per_hour=4)
        await core.clock.advance((asked_at[0] + timedelta(hours=1) - core.clock.now()).total_seconds())
        await ask(core, "an hour later")


async def test_a_cancelled_clip_gives_the_hour_and_the_cooldown_back(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(core, user_clips_per_hour=1, cooldown_seconds=60)
        job = await ask(core, "first")
        error = await refused(core, "too soon")
        assert (error.limit, error.allowed) == (LimitName.COOLDOWN_SECONDS, "60")
        assert error.resets_at == job.created_at + timedelta(seconds=60)
        await core.service.cancel(job.id, by=a_user(), server=a_server())
        await ask(core, "instead")


async def test_sixteen_at_the_hours_edge_let_exactly_the_limit_through(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(core, **{**OPEN, "user_clips_per_hour": 5})
        found = await asyncio.gather(*(ask(core, f"o{n}") for n in range(16)), return_exceptions=True)
        assert sum(isinstance(each, Job) for each in found) == 5
        assert sum(isinstance(each, LimitExceeded) for each in found) == 11


async def test_an_exempt_role_is_let_through_and_what_it_makes_is_counted_all_the_same(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(core, server_clips_per_day=1, exempt_roles=["R1"], blocked_terms=["gore"])
        for number in range(3):
            await ask(core, f"o{number}", roles=("R1",))
        assert (await refused(core, "other", user="7002")).used == "3"
        quota = await core.service.quota(a_user(), a_server(), roles=frozenset({"R1"}))
        assert (quota.limits.server_clips_per_day, quota.usage.server_clips_today) == (None, 3)


async def test_a_servers_defaults_and_its_negative_prompt_are_in_the_request_once(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(
            core,
            added_negative="blurry, text",
            default_quality=Endpoint.TURBO,
            default_frames=8,
            default_size={"width": 256, "height": 384},
            max_frames=6,
        )
        made = await core.run(await ask(core, "o1"))
        request = made.request
        assert request.negative_prompt == f"{DEFAULT_NEGATIVE_PROMPT}, blurry, text"
        assert (request.endpoint, request.num_inference_steps, request.num_frames) == (Endpoint.TURBO, 4, 6)
        assert request.pixels == (256, 384)
        again = await core.service.reroll(made.id, SubmitContext("again", a_user(), a_channel()))
        assert again.request.negative_prompt == request.negative_prompt
        chosen = await ask(core, "o2", endpoint=Endpoint.STANDARD, num_frames=5, user="7002")
        assert (chosen.request.endpoint, chosen.request.num_frames) == (Endpoint.STANDARD, 5)
        with pytest.raises(InvalidRequest) as too_long:
            await ask(core, "o3", negative_prompt="n" * 1_990, user="7002")
        assert "at most 1,986 characters" in too_long.value.violations[0].allowed


async def test_a_change_of_zone_gives_nobody_a_day_twice(tmp_path):
    clock = QuickClock(datetime(2026, 11, 20, 22, tzinfo=UTC))
    async with a_core(tmp_path, clock=clock) as core:
        await set_rules(core, **{**OPEN, "user_clips_per_day": 1})
        first = await ask(core, "o1")
        await set_rules(core, time_zone="Asia/Tokyo")
        # in Tokyo it is the next day already
        assert (await refused(core, "o2")).resets_at == datetime(2026, 11, 21, tzinfo=UTC)
        await clock.advance(2 * 3600)
        second = await ask(core, "o3")
        assert (await refused(core, "o4")).resets_at == datetime(2026, 11, 21, 15, tzinfo=UTC)
        # given back to the day it was taken from, whatever the zone is now
        await core.service.cancel(first.id, by=a_user(), server=a_server())
        await core.service.cancel(second.id, by=a_user(), server=a_server())
        await ask(core, "o5")
        assert await core.store.ledger_discrepancies() == []


async def test_a_preset_shows_its_difference_and_is_one_audited_change(tmp_path):
    async with a_core(tmp_path) as core:
        preset = PRESETS[2]
        await set_rules(core, user_clips_per_day=50)
        shown = await core.service.preset_difference(a_server(), preset)
        assert (await core.service.rules_of(a_server())) == shown.before
        change = await core.service.apply_preset(a_server(), preset, by=ADMIN)
        assert change == shown
        lines = preset_lines(preset, change.before, change.after, HERE)
        assert "Clips per member per day: 50 → 5" in lines
        assert "Quality: standard, turbo → turbo" in lines
        newest, older = await core.service.audit_of(a_server())
        assert newest.what == "preset open house"
        assert "changed clips per member per day from 50 to 5" in audit_words(newest, HERE)
        assert older.what == "rules"


async def test_what_contradicts_itself_is_told(tmp_path):
    async with a_core(tmp_path) as core:
        await set_rules(core, user_clips_per_day=10, server_clips_per_day=5, channels=["1"], denied_channels=["1"])
        lines = rules_lines(await core.service.rules_of(a_server()), HERE)
        assert [line for line in lines if line.startswith("Note")] == [
            "Note: clips per member per day (10) is never reached, because of clips per day in this server (5).",
            "Note: the bot answers in no channel, because all of them are excluded.",
        ]


async def test_a_mistake_among_several_changes_changes_nothing(tmp_path):
    async with a_core(tmp_path) as core:
        before = await core.service.rules_of(a_server())
        for changes in ({"max_frames": 8, "time_zone": "Moon"}, {"notify": "never", "max_steps": 99}, {"nonsense": 1}):
            with pytest.raises(InvalidRequest):
                await set_rules(core, **changes)
        assert await core.service.rules_of(a_server()) == before


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("2h", 7200), ("3d", 259_200), ("2026-11-20T13:00:00+00:00", 3600)]
)
def test_a_moment_to_come_is_read_as_people_write_it(text, seconds):
    assert moment_from(text, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("clock", ["00:00", "18:00", "23:59"])
def test_a_time_of_the_day_is_the_next_one_here(clock):
    found = moment_from(clock, NOW)
    assert NOW < found <= NOW + timedelta(hours=25)
    assert found.astimezone().strftime("%H:%M") == clock


@pytest.mark.parametrize("text", ["", "later", "25:00", "18:60", "99999d", "2026-13-01"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InvalidRequest):
        moment_from(text, NOW)


class LateLook:
    """A store in which something happens right after the pauses were read."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.then: Callable[[], Awaitable[object]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def pauses(self, now: datetime) -> list[Pause]:
        found: list[Pause] = await self._store.pauses(now)
        then, self.then = self.then, None
        if then is not None:
            await then()
        return found


async def test_an_admin_replaces_no_pause_of_the_operator_that_began_in_the_same_moment(tmp_path):
    operator = UserRef(Platform.TERMINAL, "root")
    async with a_core(tmp_path, around=LateLook) as core:
        service = core.service
        for act in (
            lambda: service.pause_from_chat(a_server(), "mine", by=ADMIN),
            lambda: service.resume_from_chat(a_server(), by=ADMIN),
        ):
            core.store.then = lambda: service.pause(a_server(), "the operator's", by=operator)
            with pytest.raises(OperatorsPause):
                await act()
            assert [pause.reason for pause in await service.pauses()] == ["the operator's"]
            await service.resume(a_server(), by=operator)
        await service.pause_from_chat(a_server(), "mine", by=ADMIN)
        await service.pause_from_chat(a_server(), "mine too", by=OTHER_ADMIN)
        assert [pause.reason for pause in await service.pauses()] == ["mine too"]
