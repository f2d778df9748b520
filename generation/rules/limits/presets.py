"""Ready-made rules for three kinds of servers, which an admin can start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from generation.protocol.request import Endpoint
from generation.rules.limits.model import LimitName


@dataclass(frozen=True, slots=True)
class Preset:
    """``changes`` are fields of the limits and of the policy with their values; what is not named
    stays as it is."""

    name: str
    changes: Mapping[str, object]


def _preset(
    name: str,
    *,
    clips_a_day: int,
    at_once: int,
    server_clips_a_day: int,
    budget: int,
    endpoints: frozenset[Endpoint] = frozenset(Endpoint),
    cooldown_seconds: int = 0,
    **policy: object,
) -> Preset:
    limits = {
        LimitName.USER_CLIPS_PER_HOUR: None,
        LimitName.USER_CLIPS_PER_DAY: clips_a_day,
        LimitName.USER_CLIPS_PER_MONTH: None,
        LimitName.SERVER_CLIPS_PER_DAY: server_clips_a_day,
        LimitName.SERVER_CLIPS_PER_MONTH: None,
        LimitName.USER_ACTIVE_JOBS: at_once,
        LimitName.SERVER_ACTIVE_JOBS: 10 * at_once,
        LimitName.COOLDOWN_SECONDS: cooldown_seconds,
        LimitName.SERVER_BUDGET_PER_DAY: budget * 1_000_000,
        LimitName.ENDPOINTS: endpoints,
    }
    return Preset(name, {limit.value: value for limit, value in limits.items()} | policy)


PRESETS: Final = (
    _preset("small community", clips_a_day=10, at_once=2, server_clips_a_day=100, budget=2),
    _preset(
        "company",
        clips_a_day=50,
        at_once=4,
        server_clips_a_day=1000,
        budget=20,
    ),
    _preset(
        "open house",
        clips_a_day=5,
        at_once=1,
        server_clips_a_day=500,
        budget=5,
        endpoints=frozenset({Endpoint.TURBO}),
        cooldown_seconds=60,
        default_quality=Endpoint.TURBO,
    ),
)


def preset_named(name: str) -> Preset | None:
    """The preset of that name, however its words are joined."""
    words = name.replace("-", " ").replace("_", " ").lower().split()
    return next((preset for preset in PRESETS if preset.name.split() == words), None)
