"""A server's limits by name, and a request within them."""

import math
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Final, NamedTuple, get_args

import annotated_types
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.domain.parsing import shown
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import (
    MAX_FRAMES,
    MAX_PIXELS,
    PLAIN_FRAMES,
    SIDE_MULTIPLE,
    Endpoint,
    GenerationRequest,
    ImageSize,
)

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Amount = Annotated[int, Field(ge=0, le=10**12)]
Days = Annotated[int, Field(ge=1, le=3650)]


class LimitName(StrEnum):
    """Every limit by name, as admins set it and refusals name it."""

    USER_CLIPS_PER_HOUR = "user_clips_per_hour"
    USER_CLIPS_PER_DAY = "user_clips_per_day"
    USER_CLIPS_PER_MONTH = "user_clips_per_month"
    SERVER_CLIPS_PER_DAY = "server_clips_per_day"
    SERVER_CLIPS_PER_MONTH = "server_clips_per_month"
    USER_ACTIVE_JOBS = "user_active_jobs"
    SERVER_ACTIVE_JOBS = "server_active_jobs"
    COOLDOWN_SECONDS = "cooldown_seconds"
    USER_BUDGET_PER_DAY = "user_budget_per_day"
    USER_BUDGET_PER_MONTH = "user_budget_per_month"
    SERVER_BUDGET_PER_DAY = "server_budget_per_day"
    SERVER_BUDGET_PER_MONTH = "server_budget_per_month"
    MAX_FRAMES = "max_frames"
    MAX_STEPS = "max_steps"
    MAX_PIXELS = "max_pixels"
    ENDPOINTS = "endpoints"
    CLIP_RETENTION_DAYS = "clip_retention_days"
    PROMPT_RETENTION_DAYS = "prompt_retention_days"


NEVER_REFUSED: Final = frozenset({LimitName.CLIP_RETENTION_DAYS, LimitName.PROMPT_RETENTION_DAYS})
"""Limits of what is kept, which no request passes."""


BUDGETS: Final = frozenset(
    {
        LimitName.USER_BUDGET_PER_DAY,
        LimitName.USER_BUDGET_PER_MONTH,
        LimitName.SERVER_BUDGET_PER_DAY,
        LimitName.SERVER_BUDGET_PER_MONTH,
    }
)
"""Limits that are amounts of money."""

OF_MEMBERS: Final = tuple(
    name
    for name in LimitName
    if name not in NEVER_REFUSED | BUDGETS and not name.value.startswith("server_")
)
"""Limits that may differ from member to member, by role. Budgets do not: a job that goes to a
dearer backend is judged by them again, when its member's roles are not known."""


class Limits(BaseModel):
    """One server's limits. ``None`` means without limit; money is in millionths; days and months
    begin in the server's time zone, an hour is the last 60 minutes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_clips_per_hour: Count | None = None
    user_clips_per_day: Count | None = 20
    user_clips_per_month: Count | None = None
    server_clips_per_day: Count | None = 200
    server_clips_per_month: Count | None = None
    user_active_jobs: Annotated[int, Field(ge=1, le=1000)] = 2
    server_active_jobs: Annotated[int, Field(ge=1, le=10_000)] = 20
    cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How long a member waits between two clips."""
    user_budget_per_day: Amount | None = None
    user_budget_per_month: Amount | None = None
    server_budget_per_day: Amount | None = 5_000_000
    server_budget_per_month: Amount | None = None
    max_frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)] = PLAIN_FRAMES
    """Of longer clips too, which only some backends make: an admin allows them."""
    max_steps: Annotated[int, Field(ge=1, le=50)] = 50
    max_pixels: Annotated[int, Field(ge=64 * 64, le=MAX_PIXELS)] = MAX_PIXELS
    endpoints: frozenset[Endpoint] = frozenset(Endpoint)
    clip_retention_days: Days | None = 30
    """How long clips are kept; None: for ever."""
    prompt_retention_days: Days | None = 90

    def fitted(self, request: GenerationRequest) -> GenerationRequest:
        """The request with every value that nobody asked for within the limits; what was asked for
        stays, and :meth:`check` may refuse it."""
        within = request.with_defaults(_narrowed(self, request))
        # another endpoint brings its own steps, which may have to be narrowed in turn
        return within if within is request else self.fitted(within)

    def changed(self, changes: Mapping[str, object]) -> "Limits":
        """The same with some limits changed. Raises InvalidRequest naming the limit that is
        wrong."""
        try:
            return Limits.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            complaints = error.errors(include_url=False, include_context=False)
            violations = (
                Violation(
                    ".".join(map(str, e["loc"])), _allowed(e["type"], e["msg"]), shown(e["input"])
                )
                for e in complaints
            )
            raise InvalidRequest(tuple(violations)) from error


class Bounds(NamedTuple):
    """The smallest and largest value of a limit that is a number, and whether it may be none."""

    low: int
    high: int
    is_optional: bool


@cache
def bounds_of_limit(name: LimitName) -> Bounds | None:
    """From the field's own definition; None for a limit that is no number."""
    field = Limits.model_fields[name.value]
    # an optional number is a union, whose first part has the bounds
    parts = get_args(field.annotation)
    is_optional = type(None) in parts
    metadata = get_args(parts[0])[1].metadata if is_optional else field.metadata
    low = next((part.ge for part in metadata if isinstance(part, annotated_types.Ge)), None)
    high = next((part.le for part in metadata if isinstance(part, annotated_types.Le)), None)
    if low is None or high is None:
        return None
    return Bounds(int(low), int(high), is_optional)  # type: ignore[call-overload]


def _narrowed(limits: Limits, request: GenerationRequest) -> dict[str, object]:
    """The values of a request that pass the limits, each narrowed to what is allowed."""
    values: dict[str, object] = {}
    if request.endpoint not in limits.endpoints and limits.endpoints:
        values["endpoint"] = min(limits.endpoints)
    if request.num_frames > limits.max_frames:
        values["num_frames"] = limits.max_frames
    if request.num_inference_steps > limits.max_steps:
        values["num_inference_steps"] = limits.max_steps
    width, height = request.pixels
    if width * height > limits.max_pixels:
        # only the default size is ever narrowed, and it is a square
        side = math.isqrt(limits.max_pixels) // SIDE_MULTIPLE * SIDE_MULTIPLE
        values["video_size"] = ImageSize(width=side, height=side)
    return values


def _allowed(kind: str, message: str) -> str:
    """What a limit may be, from pydantic's complaint."""
    if kind == "extra_forbidden":
        return "the name of a limit"
    return message.removeprefix("Input should be ")
