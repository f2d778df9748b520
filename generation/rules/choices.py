"""What a member has chosen for themselves in one server: what stands in their requests where they
ask for nothing else, and when they are told that a clip is ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.domain.parsing import violations_of
from generation.domain.style import StyleName
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import (
    Endpoint,
    Fps,
    GenerationRequest,
    ImageSize,
    NegativePrompt,
    NumFrames,
    NumInferenceSteps,
    VideoSize,
)
from generation.rules.limits import Limits
from generation.rules.policy import MAX_ADDED_NEGATIVE, NotifyWhen, Policy

SLOW_AFTER: Final = timedelta(seconds=60)
"""A clip that took longer since it was asked for was slow."""

OwnNegative = Annotated[NegativePrompt, Field(max_length=MAX_ADDED_NEGATIVE)]
"""Shorter than a request's: a style and the server may add to it."""


class MemberChoices(BaseModel):
    """One member's choices in one server; ``None`` means none: the server's default holds, and
    under it the endpoint's. The defaults have the names of the request's fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notify: NotifyWhen | None = None
    endpoint: Endpoint | None = None
    video_size: VideoSize | None = None
    style: StyleName | None = None
    negative_prompt: OwnNegative | None = None
    num_frames: NumFrames | None = None
    fps: Fps | None = None
    num_inference_steps: NumInferenceSteps | None = None

    def changed(self, changes: Mapping[str, object]) -> "MemberChoices":
        """The same with some choices changed; None takes one back. Raises InvalidRequest naming
        each that is wrong."""
        try:
            return MemberChoices.model_validate(self.model_dump() | dict(changes))
        except ValidationError as error:
            raise InvalidRequest(violations_of(error)) from error

    def without_defaults(self) -> "MemberChoices":
        """The same with every default taken back."""
        return MemberChoices(notify=self.notify)

    @property
    def defaults(self) -> Mapping[str, object]:
        """The values of the request's fields that were chosen, without the style."""
        named = {name: getattr(self, name) for name in DEFAULT_NAMES if name != "style"}
        return {name: value for name, value in named.items() if value is not None}

    def within(self, limits: Limits) -> "MemberChoices":
        """The same as far as these limits allow it: numbers at most the largest, and what is not
        offered not chosen."""
        changes: dict[str, object] = {}
        if self.endpoint is not None and self.endpoint not in limits.endpoints:
            changes["endpoint"] = None
        if self.video_size is not None and _pixels(self.video_size) > limits.max_pixels:
            changes["video_size"] = None
        if self.num_frames is not None:
            changes["num_frames"] = min(self.num_frames, limits.max_frames)
        if self.num_inference_steps is not None:
            changes["num_inference_steps"] = min(self.num_inference_steps, limits.max_steps)
        return self.model_copy(update=changes)

    def notify_in(self, policy: Policy) -> NotifyWhen:
        """When the member is told: by their own choice, else by the server's."""
        return self.notify or policy.notify


@dataclass(frozen=True, slots=True)
class UsedDefaults:
    """The fields of a request that nobody asked for: those that the member's ``own`` defaults give,
    and under them the ``servers``."""

    own: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, request: GenerationRequest, own: "MemberChoices", policy: Policy, *, styled: bool
    ) -> "UsedDefaults":
        """For a request as it was asked for; ``styled``: it is in the member's usual style."""
        given = {*own.defaults, *(["style"] if styled else [])}
        left = [name for name in DEFAULT_NAMES if name not in request.model_fields_set]
        return cls(
            tuple(name for name in left if name in given),
            tuple(name for name in left if name in policy.defaults and name not in given),
        )


@dataclass(frozen=True, slots=True)
class OwnChoices:
    """What a member has ``chosen``, and the server's ``policy`` and ``limits`` for them: under what
    nobody has chosen is the policy's default."""

    chosen: MemberChoices
    policy: Policy
    limits: Limits

    @property
    def notify(self) -> NotifyWhen:
        """When the member is told."""
        return self.chosen.notify_in(self.policy)

    @property
    def in_force(self) -> MemberChoices:
        """The choices as far as the limits allow them."""
        return self.chosen.within(self.limits)


def is_told(when: NotifyWhen, took: timedelta) -> bool:
    """Whether a member with that choice is told of an outcome that took so long since it was asked
    for."""
    return when is NotifyWhen.ALWAYS or (when is NotifyWhen.WHEN_SLOW and took > SLOW_AFTER)


def _pixels(size: VideoSize) -> int:
    width, height = (size.width, size.height) if isinstance(size, ImageSize) else size.pixels
    return width * height


DEFAULT_NAMES: Final = tuple(name for name in MemberChoices.model_fields if name != "notify")
"""What a member can have a default of, by the request's field, in the order in which it is
shown."""
NO_CHOICES: Final = MemberChoices()
