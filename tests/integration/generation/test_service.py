"""What members and admins may do, and that a refusal costs nothing."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.discord.text.markup import DISCORD
from adapters.slack.text.markup import SLACK
from core import Core, a_core
from factories import a_channel, a_message, a_request, a_server, a_user
from generation.domain.job import JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.protocol.errors import (
    BudgetExhausted,
    BudgetTooSmall,
    ChannelNotAllowed,
    InvalidRequest,
    JobAlreadyFinished,
    JobNotFound,
    JobNotRerollable,
    LimitExceeded,
    NotYourJob,
    PromptBlocked,
    Refused,
    ServerNotAllowed,
    UserBlocked,
)
from generation.protocol.request import Endpoint, GenerationRequest
from generation.rules.ledger import EVERYWHERE, Totals
from generation.rules.limits import LimitName, Limits
from generation.rules.operator_rules import OperatorRules
from generation.rules.policy import Policy
from generation.service import SubmitContext
from generation.text.dialect import PLAIN, Dialect
from generation.text.errors import sentence

PRICES = Prices({"worker": {Endpoint.STANDARD: Price(Decimal("0.40")), Endpoint.TURBO: Price(Decimal("0.10"))}})
ADMIN = a_user("1")
EXPLICIT = a_request(num_frames=16, num_inference_steps=25, video_size="square", endpoint=Endpoint.STANDARD)
"""The default clip, asked for value by value."""


def rules(**changes: object) -> OperatorRules:
    return OperatorRules(**({"backends": ("worker",), "prices": PRICES} | changes))  # type: ignore[arg-type]


async def nothing_happened(core: Core) -> None:
    assert await core.store.jobs_of(a_user(), a_server(), limit=10) == []
    assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(0))


async def test_a_request_becomes_a_job_a_reservation_and_a_delivery(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        assert await core.reload(job) == job
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=1, amount=Micros(400_000))
        delivery = await core.store.delivery_of(job.id)
        assert delivery is not None
        assert delivery.channel == job.channel


async def test_the_same_origin_again_finds_the_first_job(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        first, second = await asyncio.gather(core.submit(origin="same"), core.submit(origin="same"))
        assert first == second
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=1, amount=Micros(400_000))


@pytest.mark.parametrize(
    ("limits", "name", "allowed", "used"),
    [
        (Limits(user_clips_per_day=0), LimitName.USER_CLIPS_PER_DAY, "0", "0"),
        (Limits(server_clips_per_day=0), LimitName.SERVER_CLIPS_PER_DAY, "0", "0"),
        (Limits(max_frames=15), LimitName.MAX_FRAMES, "15", "16"),
        (Limits(max_steps=24), LimitName.MAX_STEPS, "24", "25"),
        (Limits(max_pixels=262_143), LimitName.MAX_PIXELS, "262143", "512×512"),
        (Limits(endpoints=frozenset({Endpoint.TURBO})), LimitName.ENDPOINTS, "turbo", "standard"),
    ],
)
async def test_a_limit_says_what_is_allowed_and_what_is_used(
    tmp_path: Path, limits: Limits, name: str, allowed: str, used: str
) -> None:
    async with a_core(tmp_path, rules=rules(default_limits=limits)) as core:
        with pytest.raises(LimitExceeded) as refused:
            await core.submit(EXPLICIT)
        assert (refused.value.limit, refused.value.allowed, refused.value.used) == (name, allowed, used)
        await nothing_happened(core)


async def test_jobs_under_way_count_until_they_end(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules(default_limits=Limits(user_active_jobs=1))) as core:
        first = await core.submit(origin="a")
        with pytest.raises(LimitExceeded):
            await core.submit(origin="b")
        await core.submit(origin="c", user="another")
        await core.run(first)
        await core.submit(origin="d")


async def test_exactly_the_quota_gets_through_however_many_ask_at_once(tmp_path: Path) -> None:
    limits = Limits(user_clips_per_day=10, user_active_jobs=1000, server_active_jobs=10_000)
    async with a_core(tmp_path, rules=rules(default_limits=limits)) as core:
        answers = await asyncio.gather(*(core.submit(origin=str(n)) for n in range(16)), return_exceptions=True)
        assert sum(isinstance(answer, LimitExceeded) for answer in answers) == 6
        assert (await core.store.totals(EVERYWHERE, core.clock.now())).clips == 10


async def test_a_budget_says_what_is_allowed_and_what_is_spent(tmp_path: Path) -> None:
    limits = Limits(server_budget_per_day=799_999)
    async with a_core(tmp_path, rules=rules(default_limits=limits)) as core:
        await core.submit(origin="a")
        with pytest.raises(LimitExceeded) as refused:
            await core.submit(origin="b")
        assert (refused.value.allowed, refused.value.used) == ("$0.799999", "$0.40")


@pytest.mark.parametrize(
    "tight", [{"default_limits": Limits(server_budget_per_day=399_999)}, {"daily_budget": Micros(399_999)}]
)
async def test_a_clip_dearer_than_the_whole_budget_is_not_told_to_wait(
    tmp_path: Path, tight: dict[str, object]
) -> None:
    async with a_core(tmp_path, rules=rules(**tight)) as core:
        with pytest.raises(BudgetTooSmall) as refused:
            await core.submit()
        assert refused.value.price == "$0.40"
        await nothing_happened(core)


async def test_the_operators_budget_holds_for_all_servers_together(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules(daily_budget=Micros(500_000))) as core:
        await core.submit(origin="a")
        elsewhere = SubmitContext(origin="b", requested_by=a_user(), channel=a_channel(server=a_server("9002")))
        with pytest.raises(BudgetExhausted):
            await core.service.submit(a_request(), elsewhere)
        await core.service.submit(a_request(endpoint=Endpoint.TURBO), elsewhere)


async def test_what_is_free_is_not_stopped_by_a_budget(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules(prices=Prices(), daily_budget=Micros(0))) as core:
        await core.submit()


async def test_only_servers_on_the_allow_list_are_served(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules(allowed_servers=frozenset({a_server("other")}))) as core:
        with pytest.raises(ServerNotAllowed) as refused:
            await core.submit()
        assert refused.value.server == "discord:9001"
        await nothing_happened(core)


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (Policy(channels=frozenset({"elsewhere"})), ChannelNotAllowed),
        (Policy(blocked_users=frozenset({"7001"})), UserBlocked),
        (Policy(blocked_terms=frozenset({"STORMY sea"})), PromptBlocked),
    ],
)
async def test_a_servers_own_rules_are_kept(tmp_path: Path, policy: Policy, error: type[Refused]) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        await core.service.change_policy(a_server(), lambda _: policy.model_dump(), by=ADMIN)
        with pytest.raises(error):
            await core.submit()
        await nothing_happened(core)


async def test_a_reroll_is_the_same_request_with_a_new_seed_charged_to_the_one_who_rerolls(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        parent = await core.run(await core.submit())
        context = SubmitContext(origin="reaction", requested_by=a_user("7002"), channel=a_channel())
        job = await core.service.reroll(parent.id, context)
        assert job.request == parent.request.with_seed(1)
        assert (job.parent, job.requested_by) == (parent.id, a_user("7002"))
        usage = (await core.service.quota(a_user("7002"), a_server())).usage
        assert usage.user_clips_today == 1


@pytest.mark.parametrize(
    ("narrowed", "fitted"),
    [
        ({"max_frames": 8}, {"num_frames": 8}),
        ({"max_steps": 10}, {"num_inference_steps": 10}),
        ({"max_pixels": 256 * 256}, {"video_size": {"width": 256, "height": 256}}),
        ({"max_frames": 4, "max_steps": 5}, {"num_frames": 4, "num_inference_steps": 5}),
        ({"max_frames": 16}, {}),
    ],
)
async def test_a_reroll_is_fitted_where_nobody_asked_for_more_than_is_allowed_now(
    tmp_path: Path, narrowed: dict[str, object], fitted: dict[str, object]
) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        plain = GenerationRequest(prompt="a fox", seed=7)
        parent = await core.run(await core.service.submit(plain, SubmitContext("o1", a_user(), a_channel())))
        await core.service.change_rules(a_server(), narrowed, by=ADMIN)
        job = await core.service.reroll(parent.id, SubmitContext("o2", a_user(), a_channel()))
        assert job.request.model_dump() == parent.request.model_dump() | {"seed": job.request.seed} | fitted


async def test_a_reroll_of_what_was_asked_for_beyond_the_limits_of_now_is_refused(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        asked = GenerationRequest(prompt="a fox", seed=7, num_frames=24)
        parent = await core.run(await core.service.submit(asked, SubmitContext("o1", a_user(), a_channel())))
        await core.service.change_rules(a_server(), {"max_frames": 20}, by=ADMIN)
        with pytest.raises(LimitExceeded) as refused:
            await core.service.reroll(parent.id, SubmitContext("o2", a_user(), a_channel()))
        assert (refused.value.allowed, refused.value.used) == ("20", "24")


@pytest.mark.parametrize("platform", [DISCORD, SLACK, PLAIN], ids=lambda dialect: dialect.place)
@pytest.mark.parametrize(
    ("made", "asked", "allowed", "says"),
    [
        (Endpoint.STANDARD, "reroll", {Endpoint.TURBO}, "allows turbo quality only; you asked for standard."),
        (Endpoint.TURBO, "reroll", {Endpoint.STANDARD}, "allows standard quality only; you asked for turbo."),
        (Endpoint.STANDARD, "other_quality", {Endpoint.STANDARD}, "allows standard quality only; you asked for turbo."),
        (Endpoint.TURBO, "other_quality", {Endpoint.TURBO}, "allows turbo quality only; you asked for standard."),
        (Endpoint.STANDARD, "reroll", set(), "allows no clips."),
    ],
)
async def test_a_clip_in_a_quality_that_is_no_longer_allowed_is_refused_with_what_is(
    tmp_path: Path, platform: Dialect, made: Endpoint, asked: str, allowed: set[Endpoint], says: str
) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        request = a_request(endpoint=made)
        parent = await core.run(await core.service.submit(request, SubmitContext("o1", a_user(), a_channel())))
        await core.service.change_rules(a_server(), {"endpoints": frozenset(allowed)}, by=ADMIN)
        with pytest.raises(LimitExceeded) as refused:
            await getattr(core.service, asked)(parent.id, SubmitContext("o2", a_user(), a_channel()))
        assert sentence(refused.value, platform) == f"This {platform.place} {says}"
        assert await core.store.jobs_of(a_user(), a_server(), limit=10) == [await core.store.job(parent.id)]


async def test_an_unfinished_clip_cannot_be_rerolled(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        context = SubmitContext(origin="reaction", requested_by=a_user(), channel=a_channel())
        with pytest.raises(JobNotRerollable):
            await core.service.reroll(job.id, context)


async def test_a_job_of_another_server_does_not_exist_here(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        with pytest.raises(JobNotFound):
            await core.service.job(job.id, a_server("9002"))
        with pytest.raises(JobNotFound):
            await core.service.cancel(job.id, by=a_user(), server=a_server("9002"))


async def test_a_waiting_job_is_cancelled_at_once_and_gives_its_reservation_back(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        assert (await core.service.cancel(job.id, by=a_user(), server=a_server())).status is JobStatus.CANCELLED
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(0))
        with pytest.raises(JobAlreadyFinished):
            await core.service.cancel(job.id, by=a_user(), server=a_server())


async def test_only_the_owner_or_an_admin_cancels(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        with pytest.raises(NotYourJob):
            await core.service.cancel(job.id, by=a_user("7002"), server=a_server())
        await core.service.cancel(job.id, by=ADMIN, server=a_server(), is_admin=True)


async def test_changed_limits_hold_at_once_and_leave_a_trail(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        await core.service.change_rules(a_server(), {"max_frames": 8}, by=ADMIN)
        assert (await core.submit()).request.num_frames == 8
        with pytest.raises(LimitExceeded):
            await core.submit(EXPLICIT, origin="o2")
        await core.service.reset_limits(a_server(), by=ADMIN)
        await core.submit(EXPLICIT, origin="o3")
        trail = [(entry.by, entry.before, entry.after) for entry in await core.service.audit_of(a_server())]
        assert trail == [
            (ADMIN, '{"max_frames":8}', '{"max_frames":32}'),
            (ADMIN, '{"max_frames":32}', '{"max_frames":8}'),
        ]


async def test_limits_out_of_bounds_are_refused_and_change_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        with pytest.raises(InvalidRequest) as refused:
            await core.service.change_rules(a_server(), {"max_frames": 129}, by=ADMIN)
        assert [violation.field for violation in refused.value.violations] == ["max_frames"]
        assert await core.service.limits_of(a_server()) == Limits()
        assert await core.service.audit_of(a_server()) == []


async def test_a_message_finds_its_job(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules()) as core:
        job = await core.submit()
        await core.service.opened(job.id, a_message("77"))
        assert await core.service.job_of_message(a_message("77")) == job
        assert await core.service.job_of_message(a_message("78")) is None
