"""Every reason to refuse a clip, as rules that cause it and the one sentence that a member reads.

Before each, the member has had one clip and another is being made: two clips and $0.10 are used of everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generation.domain.refs import Platform
from generation.protocol.request import Endpoint

EVERYWHERE = frozenset(Platform)
DISCORD = frozenset({Platform.DISCORD})


@dataclass(frozen=True)
class Row:
    """``rules`` are fields of the limits and the policy; in their values ``MEMBER`` and ``CHANNEL`` stand for who asks
    and where. ``asked`` are options of the request. ``names_a_time``: the sentence ends with when there is more."""

    name: str
    rules: Mapping[str, object]
    says: str
    asked: Mapping[str, object] = field(default_factory=dict)
    names_a_time: bool = False
    platforms: frozenset[Platform] = EVERYWHERE


def _counted(name: str, allowed: int, says: str) -> Row:
    return Row(name, {name: allowed}, says, names_a_time=True)


REFUSALS = (
    _counted("user_clips_per_hour", 2, "You've used all 2 of your clips for an hour; you can make more {when}."),
    _counted("user_clips_per_day", 2, "You've used all 2 of your clips for today; you can make more {when}."),
    _counted("user_clips_per_month", 2, "You've used all 2 of your clips for this month; you can make more {when}."),
    _counted("server_clips_per_day", 2, "This {place} has used all 2 of its clips for today; it can make more {when}."),
    _counted(
        "server_clips_per_month", 2, "This {place} has used all 2 of its clips for this month; it can make more {when}."
    ),
    Row(
        "user_active_jobs",
        {"user_active_jobs": 1},
        "You may have 1 clip under way at once and have 1; wait until it has finished, or cancel it.",
    ),
    Row(
        "server_active_jobs",
        {"server_active_jobs": 1},
        "This {place} may have 1 clip under way at once and has 1; ask again when it has finished.",
    ),
    _counted(
        "cooldown_seconds",
        3600,
        "This {place} wants 3,600 seconds between two clips of a member, and your last was {n} s ago; "
        "ask again {when}.",
    ),
    _counted(
        "user_budget_per_day",
        120_000,
        "The clip would take you over your budget: $0.12 a day, of which $0.10 is spent. A new day starts {when}.",
    ),
    _counted(
        "user_budget_per_month",
        120_000,
        "The clip would take you over your budget: $0.12 a month, of which $0.10 is spent. A new month starts {when}.",
    ),
    _counted(
        "server_budget_per_day",
        120_000,
        "The clip would take this {place} over its budget: $0.12 a day, of which $0.10 is spent. "
        "A new day starts {when}.",
    ),
    _counted(
        "server_budget_per_month",
        120_000,
        "The clip would take this {place} over its budget: $0.12 a month, of which $0.10 is spent. "
        "A new month starts {when}.",
    ),
    Row(
        "max_frames",
        {"max_frames": 8},
        "This {place} allows at most 8 frames per clip; you asked for 16.",
        asked={"num_frames": 16},
    ),
    Row(
        "max_steps",
        {"max_steps": 8},
        "This {place} allows at most 8 steps per clip; you asked for 25.",
        asked={"num_inference_steps": 25},
    ),
    Row(
        "max_pixels",
        {"max_pixels": 256 * 256},
        "This {place} allows clips as large as 256×256; you asked for 512×512.",
        asked={"video_size": {"width": 512, "height": 512}},
    ),
    Row(
        "endpoints",
        {"endpoints": frozenset({Endpoint.STANDARD})},
        "This {place} allows standard quality only; you asked for turbo.",
        asked={"endpoint": Endpoint.TURBO},
    ),
    Row("channels", {"channels": {"999"}}, "The admins of this {place} keep the bot to other channels."),
    Row(
        "denied_channels",
        {"denied_channels": {"CHANNEL"}},
        "The admins of this {place} keep the bot to other channels.",
    ),
    Row(
        "blocked_users", {"blocked_users": {"MEMBER"}}, "The admins of this {place} have blocked you from making clips."
    ),
    Row(
        "allowed_users",
        {"allowed_users": {"999"}},
        "The admins of this {place} have listed who may make clips, and you are not on the list; they can add you.",
    ),
    Row(
        "allowed_roles",
        {"allowed_roles": {"999"}},
        "Clips in this {place} are for members with the role <@&999>.",
        platforms=DISCORD,
    ),
    Row(
        "blocked_terms",
        {"blocked_terms": {"boat"}},
        "This prompt has words that are not allowed in this {place}. Try other words.",
    ),
    Row(
        "age_restricted",
        {"age_restricted": "only"},
        "This {place} makes clips only in age-restricted channels; ask in one of those.",
        platforms=DISCORD,
    ),
)
