"""Three layers, each only narrower: whatever admins do, no member's limits pass the operator's ceiling."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_channel, a_request, a_server, a_user
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import Endpoint
from generation.rules.limits import (
    NO_CEILING,
    OF_MEMBERS,
    LimitName,
    Limits,
    bounds_of_limit,
    most_generous,
    narrowest,
    some_limits,
)
from generation.rules.limits.presets import PRESETS, preset_named
from generation.rules.operator_rules import OperatorRules
from generation.rules.pause import EVERY_SERVER
from generation.rules.policy import Asker, Policy
from generation.rules.server_rules import ServerRules
from generation.rules.standing import StoredRules

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROLES = ("R1", "R2", "R3")


def values_of(name: LimitName) -> st.SearchStrategy[Any]:
    if name is LimitName.ENDPOINTS:
        return st.frozensets(st.sampled_from(Endpoint))
    bounds = bounds_of_limit(name)
    assert bounds is not None
    numbers = st.integers(bounds.low, bounds.high)
    return st.none() | numbers if bounds.is_optional else numbers


def some_of(names: tuple[LimitName, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name.value: values_of(name) for name in names})


def is_within(limits: Limits, ceiling: Limits) -> bool:
    def fits(name: LimitName) -> bool:
        value, most = getattr(limits, name.value), getattr(ceiling, name.value)
        if name is LimitName.ENDPOINTS:
            return bool(value <= most)
        if name is LimitName.COOLDOWN_SECONDS:
            return bool(value >= most)
        return most is None or (value is not None and value <= most)

    return all(map(fits, LimitName))


SETS = some_of(tuple(LimitName)).map(lambda values: ("set", values))
QUOTAS = st.tuples(st.sampled_from(ROLES), some_of(OF_MEMBERS)).map(lambda role: ("role", role))
EXEMPT = st.frozensets(st.sampled_from(ROLES)).map(lambda roles: ("exempt", roles))
PRESET = st.sampled_from(PRESETS).map(lambda preset: ("preset", preset))
CEILING = some_of(tuple(LimitName)).map(lambda values: ("ceiling", values))


def acted(rules: ServerRules, act: str, what: Any) -> ServerRules:
    match act:
        case "set":
            return rules.changed(what, NOW)
        case "role":
            return rules.changed({"role_limits": rules.policy.with_role_limits(*what)}, NOW)
        case "exempt":
            return rules.changed({"exempt_roles": what}, NOW)
        case "preset":
            return rules.changed(what.changes, NOW)
    # only the operator does this
    return ServerRules(rules.limits, NO_CEILING.changed(what), rules.policy)


@given(
    acts=st.lists(SETS | QUOTAS | EXEMPT | PRESET | CEILING, max_size=12),
    roles=st.frozensets(st.sampled_from(ROLES)),
)
def test_no_sequence_of_acts_passes_a_ceiling(acts: list[tuple[str, Any]], roles: frozenset[str]) -> None:
    rules = ServerRules(Limits())
    for act, what in acts:
        rules = acted(rules, act, what)
        assert is_within(rules.in_force, rules.ceiling)
        assert is_within(rules.limits_for(roles), rules.ceiling)
        assert all(rules.is_capped(name) or is_same(rules, name) for name in LimitName)


def is_same(rules: ServerRules, name: LimitName) -> bool:
    return bool(getattr(rules.in_force, name.value) == getattr(rules.limits, name.value))


@given(values=some_of(tuple(LimitName)), lower=some_of(tuple(LimitName)))
def test_what_was_set_comes_back_when_a_ceiling_is_raised_again(values: dict[str, Any], lower: dict[str, Any]) -> None:
    wanted = Limits().changed(values)
    low = ServerRules(wanted, NO_CEILING.changed(lower))
    assert is_within(low.in_force, low.ceiling)
    assert ServerRules(low.limits, NO_CEILING).in_force == wanted


@given(one=some_of(OF_MEMBERS), other=some_of(OF_MEMBERS))
def test_of_several_roles_each_limit_is_the_most_generous(one: dict[str, Any], other: dict[str, Any]) -> None:
    both = NO_CEILING.changed(most_generous([one, other]))
    for quota in (one, other):
        mine = NO_CEILING.changed({**most_generous([one, other]), **quota})
        assert is_within(mine, both)


def test_a_role_replaces_only_what_it_names_and_falls_back_to_the_server() -> None:
    policy = Policy(role_limits={"R1": {"user_clips_per_day": 50}, "R2": {"user_clips_per_day": 5, "max_frames": 8}})
    rules = ServerRules(Limits(user_clips_per_day=10, max_frames=16), Limits(user_clips_per_day=40), policy)

    def of(*roles: str) -> tuple[int | None, int]:
        limits = rules.limits_for(frozenset(roles))
        return limits.user_clips_per_day, limits.max_frames

    assert of() == (10, 16)
    assert of("R1") == (40, 16)
    assert of("R2") == (5, 8)
    assert of("R1", "R2") == (40, 8)
    assert of("vanished") == (10, 16)


def test_an_exempt_role_is_not_counted_but_keeps_to_ceilings_shapes_and_budgets() -> None:
    set_by_admins = Limits(
        user_clips_per_day=1, server_clips_per_day=1, cooldown_seconds=60, max_frames=8, server_budget_per_day=5
    )
    ceiling = NO_CEILING.changed({"user_clips_per_day": 30, "cooldown_seconds": 5})
    rules = ServerRules(set_by_admins, ceiling, Policy(exempt_roles=frozenset({"R1"})))
    limits = rules.limits_for(frozenset({"R1"}))
    assert (limits.user_clips_per_day, limits.server_clips_per_day) == (30, None)
    assert (limits.cooldown_seconds, limits.max_frames, limits.server_budget_per_day) == (5, 8, 5)


def test_an_exempt_role_may_ask_where_roles_are_listed() -> None:
    policy = Policy(allowed_roles=frozenset({"R1"}), exempt_roles=frozenset({"R2"}))
    policy.check(a_request(), Asker(a_user(), a_channel(), frozenset({"R2"})))


def test_what_is_said_of_one_server_goes_before_what_is_said_of_all() -> None:
    rules = OperatorRules(
        ceilings={"user_clips_per_day": 10, "max_frames": 16}, ceilings_of={a_server(): {"user_clips_per_day": 100}}
    )
    stored = StoredRules(ceilings={"max_frames": 8}, own_ceilings={"max_steps": 10})
    ceiling = rules.for_server(a_server(), stored).ceiling
    assert (ceiling.user_clips_per_day, ceiling.max_frames, ceiling.max_steps) == (100, 8, 10)
    assert rules.for_server(a_server("9002"), StoredRules()).ceiling.user_clips_per_day == 10


@pytest.mark.parametrize("name", [name for name in LimitName if name not in OF_MEMBERS])
def test_a_role_has_only_limits_of_members(name: LimitName) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        Policy().with_role_limits("R1", {name.value: 1})


@pytest.mark.parametrize(
    "values", [{"max_frames": 0}, {"max_frames": None}, {"nonsense": 1}, {"cooldown_seconds": 3601}]
)
def test_absurd_limits_are_named(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        some_limits(values)
    assert [violation.field for violation in refused.value.violations] == list(values)


def test_rules_of_earlier_versions_are_read_and_take_todays_defaults() -> None:
    limits = '{"user_clips_per_day":7,"server_clips_per_day":null,"user_active_jobs":2,"server_active_jobs":20,'
    limits += '"server_budget_per_day":5000000,"max_frames":32,"max_steps":50,"max_pixels":1048576,'
    limits += '"endpoints":["fal-ai/fast-animatediff/text-to-video"]}'
    read = Limits.model_validate_json(limits)
    assert (read.user_clips_per_day, read.user_clips_per_hour, read.cooldown_seconds) == (7, None, 0)
    policy = Policy.model_validate_json('{"channels":["5"],"blocked_users":[],"blocked_terms":["gore"]}')
    assert policy == Policy(channels=frozenset({"5"}), blocked_terms=frozenset({"gore"}))


def test_a_policy_is_read_as_it_was_written() -> None:
    policy = Policy(role_limits={"R1": {"endpoints": [Endpoint.TURBO], "user_clips_per_day": None}})
    written = policy.in_zone("Europe/Berlin", NOW)
    assert Policy.model_validate_json(written.model_dump_json()) == written


def test_no_layer_narrows_without_reason() -> None:
    assert narrowest(Limits(), NO_CEILING) == Limits()
    assert a_server() != EVERY_SERVER


def test_presets_are_valid_and_found_however_they_are_typed() -> None:
    for preset in PRESETS:
        changed = ServerRules(Limits()).changed(preset.changes, NOW)
        assert changed.changed(preset.changes, NOW) == changed
        assert preset_named(preset.name.title().replace(" ", "-")) == preset
    assert preset_named("anarchy") is None
