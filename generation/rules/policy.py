"""Which requests are taken at all, and what they take on: the operator's allow-list, and a server's
members, roles, channels, blocked terms and defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from generation.domain.parsing import shown, violations_of
from generation.domain.prompt_syntax import plain_request
from generation.domain.refs import ChannelRef, ServerRef, UserRef
from generation.protocol.errors import (
    ChannelNotAllowed,
    InvalidRequest,
    LastChannel,
    MemberNotAllowed,
    NeverAgeRestricted,
    OnlyAgeRestricted,
    PromptBlocked,
    RoleNeeded,
    ServerNotAllowed,
    UserBlocked,
    Violation,
)
from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.request import (
    Endpoint,
    Fps,
    GenerationRequest,
    NegativePrompt,
    NumFrames,
    NumInferenceSteps,
    VideoSize,
    bounds_of,
)
from generation.protocol.visible import is_blank
from generation.rules.limits import (
    OF_MEMBERS,
    Calendar,
    SomeLimits,
    ZoneChange,
    is_zone,
    some_limits,
)
from generation.rules.terms import (
    MAX_PATTERNS,
    blocklist,
    folded,
    is_pattern,
    why_not_a_term,
)

MAX_TERM: Final = 100
"""Characters."""
MAX_ADDED_NEGATIVE: Final = 500
"""Characters of the negative prompt that a server adds: members keep the most of theirs."""
MAX_ROLE_QUOTAS: Final = 50
MAX_EMOJI: Final = 5
DEFAULT_REROLL_EMOJI: Final = "🔁"

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TERM)]


Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
"""A platform's own id of a channel, a role or a member; or an emoji: itself, or its name."""


class AgeRule(StrEnum):
    """In which channels clips are made, by Discord's label on them."""

    ANYWHERE = "anywhere"
    ONLY_RESTRICTED = "only"
    NEVER_RESTRICTED = "never"


class NotifyWhen(StrEnum):
    """When members who have chosen nothing are told that their clip is ready."""

    NEVER = "never"
    WHEN_SLOW = "when_slow"
    ALWAYS = "always"


class PolicyName(StrEnum):
    """The fields of a policy that admins set, in the order in which they are shown."""

    CHANNELS = "channels"
    DENIED_CHANNELS = "denied_channels"
    AGE_RESTRICTED = "age_restricted"
    ALLOWED_USERS = "allowed_users"
    BLOCKED_USERS = "blocked_users"
    ALLOWED_ROLES = "allowed_roles"
    EXEMPT_ROLES = "exempt_roles"
    BLOCKED_TERMS = "blocked_terms"
    ALLOWED_TERMS = "allowed_terms"
    REPORTS_UNTIL_HIDDEN = "reports_until_hidden"
    ADDED_NEGATIVE = "added_negative"
    DEFAULT_QUALITY = "default_quality"
    DEFAULT_SIZE = "default_size"
    DEFAULT_FRAMES = "default_frames"
    DEFAULT_STEPS = "default_steps"
    DEFAULT_FPS = "default_fps"
    TIME_ZONE = "time_zone"
    LOG_CHANNEL = "log_channel"
    REROLL_EMOJI = "reroll_emoji"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks and where, as far as rules go; ``roles`` are the platform's ids."""

    user: UserRef
    channel: ChannelRef
    roles: frozenset[str] = frozenset()
    is_age_restricted: bool = False
    """Whether the channel, or the thread's parent, is age-restricted."""
    pseudonym: str = ""
    """The id that stands for the member in what is left of a clip of theirs once they were
    forgotten: a report of it may still block them."""


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("must be a time zone such as Europe/Berlin")
    return name


class Policy(BaseModel):
    """One server's rules on who may submit, where, and for what. Empty means: no rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: frozenset[str] = frozenset()
    """Ids of the only channels that the bot answers in."""
    denied_channels: frozenset[Id] = frozenset()
    blocked_users: frozenset[str] = frozenset()
    allowed_users: frozenset[Id] = frozenset()
    """The only members that may ask."""
    allowed_roles: frozenset[Id] = frozenset()
    """The only roles that may ask; exempt ones may too."""
    exempt_roles: frozenset[Id] = frozenset()
    """Not counted by the server's limits; budgets, ceilings, blocked terms and pauses hold."""
    role_limits: Annotated[Mapping[Id, SomeLimits], Field(max_length=MAX_ROLE_QUOTAS)] = Field(
        default_factory=dict
    )
    """Quotas of roles, in place of the server's."""
    age_restricted: AgeRule = AgeRule.ANYWHERE
    blocked_terms: frozenset[Term] = frozenset()

    added_negative: Annotated[NegativePrompt, Field(max_length=MAX_ADDED_NEGATIVE)] = ""
    """Added to every negative prompt."""
    default_quality: Endpoint | None = None
    default_size: VideoSize | None = None
    default_frames: NumFrames | None = None
    default_steps: NumInferenceSteps | None = None
    default_fps: Fps | None = None

    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    zone_change: ZoneChange | None = None
    """The last change of the time zone: takes effect when the day it was made in is over."""
    allowed_terms: frozenset[Term] = frozenset()
    """Phrases in which blocked terms do not count."""
    reports_until_hidden: Annotated[int, Field(ge=0, le=100)] = 3
    """Open reports after which a clip is hidden until an admin decides; 0: never by itself."""
    log_channel: str | None = None
    """Id of the channel in which the server's admins are told of what they should know."""
    reroll_emoji: Annotated[frozenset[Id], Field(max_length=MAX_EMOJI)] = frozenset(
        {DEFAULT_REROLL_EMOJI}
    )
    notify: NotifyWhen = NotifyWhen.WHEN_SLOW

    @property
    def calendar(self) -> Calendar:
        """When the server's days begin."""
        return Calendar(self.time_zone, self.zone_change)

    def changed(self, changes: Mapping[str, object], now: datetime) -> "Policy":
        """The same with some fields changed. Raises InvalidRequest naming each that is wrong."""
        others = {name: value for name, value in changes.items() if name != "time_zone"}
        try:
            policy = Policy.model_validate(self.model_dump() | others)
        except ValidationError as error:
            raise InvalidRequest(violations_of(error)) from error
        return policy.in_zone(str(changes["time_zone"]), now) if "time_zone" in changes else policy

    def with_role_limits(
        self, role: str, changes: Mapping[str, object]
    ) -> Mapping[str, SomeLimits]:
        """The roles' quotas with some limits of one role changed. Raises InvalidRequest for a limit
        that is no member's own."""
        for name in changes:
            if name not in OF_MEMBERS:
                allowed = "a limit of members: " + ", ".join(OF_MEMBERS)
                raise InvalidRequest((Violation("limit", allowed, shown(name)),))
        quota = {**self.role_limits.get(role, {}), **some_limits(changes)}
        return {**self.role_limits, role: quota}

    def without_role_limits(self, role: str) -> Mapping[str, SomeLimits]:
        """The roles' quotas without that role's."""
        return {each: quota for each, quota in self.role_limits.items() if each != role}

    def in_zone(self, zone: str, now: datetime) -> "Policy":
        """The same with another time zone, from the end of the day on. Raises InvalidRequest for
        what is no zone."""
        if not is_zone(zone):
            allowed = "a time zone such as Europe/Berlin or America/New_York"
            raise InvalidRequest((Violation("time_zone", allowed, shown(zone)),))
        calendar = self.calendar.moved_to(zone, now)
        return self.model_copy(update={"time_zone": calendar.zone, "zone_change": calendar.change})

    def without_channels(self, removed: frozenset[str]) -> frozenset[str]:
        """The channels without those. Raises LastChannel where none would be left: no channel means
        every channel, which has to be asked for by itself."""
        left = self.channels - removed
        if self.channels and not left:
            raise LastChannel
        return left

    def with_term(self, term: str) -> frozenset[str]:
        """The blocked terms with that one. Raises InvalidRequest for one that shows nothing, or is
        too long."""
        blocked = _shortened(term)
        if wrong := why_not_a_term(blocked):
            raise InvalidRequest(
                (Violation("term", "a word or several", f"{blocked}, which {wrong}"),)
            )
        if is_pattern(blocked) and sum(map(is_pattern, self.blocked_terms)) >= MAX_PATTERNS:
            allowed = f"one of at most {MAX_PATTERNS} patterns"
            raise InvalidRequest((Violation("term", allowed, "one more"),))
        # blocked already, however it is written
        known = {folded(each) for each in self.blocked_terms}
        return self.blocked_terms if folded(blocked) in known else self.blocked_terms | {blocked}

    def without_term(self, term: str) -> frozenset[str]:
        """The blocked terms without that one, by the rule that finds it in prompts: however it is
        written."""
        return frozenset(each for each in self.blocked_terms if folded(each) != folded(term))

    def with_phrase(self, phrase: str) -> frozenset[str]:
        """The allowed phrases with that one. Raises InvalidRequest for one that shows nothing, is
        too long, or is a pattern."""
        allowed = _shortened(phrase)
        if is_pattern(allowed) or why_not_a_term(allowed):
            raise InvalidRequest((Violation("phrase", "a word or several", allowed),))
        known = {folded(each) for each in self.allowed_terms}
        return self.allowed_terms if folded(allowed) in known else self.allowed_terms | {allowed}

    def without_phrase(self, phrase: str) -> frozenset[str]:
        """The allowed phrases without that one, however it is written."""
        return frozenset(each for each in self.allowed_terms if folded(each) != folded(phrase))

    @property
    def defaults(self) -> Mapping[str, object]:
        """The server's defaults by the request's fields, without those that it has none of."""
        named = {
            "endpoint": self.default_quality,
            "video_size": self.default_size,
            "num_frames": self.default_frames,
            "num_inference_steps": self.default_steps,
            "fps": self.default_fps,
        }
        return {name: value for name, value in named.items() if value is not None}

    def completed(
        self,
        request: GenerationRequest,
        *,
        beside: str = "",
        own: Mapping[str, object] = MappingProxyType({}),
    ) -> GenerationRequest:
        """The request with the member's ``own`` defaults for what nobody asked for, under them the
        server's, and with its negative prompt added; ``beside`` is what a style adds to it when it
        is sent. Raises InvalidRequest where all of it together is too long."""
        request = request.with_defaults({**self.defaults, **own})
        negative = self._negative(request.negative_prompt, beside)
        if negative == request.negative_prompt:
            return request
        return request.model_copy(update={"negative_prompt": negative})

    def check(self, request: GenerationRequest, asker: Asker) -> None:
        """Raise the refusal that applies, if one does."""
        self._check_member(asker)
        self._check_channel(asker)
        if not self.blocked_terms:
            return
        terms = blocklist(self.blocked_terms, self.allowed_terms)
        # as typed and as a backend gets it: "[g|x]ore" is a blocked "gore" too
        sent = plain_request(request).prompt
        for prompt in dict.fromkeys((request.prompt, sent, *(s.words for s in scenes_in(sent)))):
            if term := terms.first(prompt):
                raise PromptBlocked(term)

    def _check_member(self, asker: Asker) -> None:
        if self.blocked_users & {asker.user.id, asker.pseudonym}:
            raise UserBlocked
        if self.allowed_users and asker.user.id not in self.allowed_users:
            raise MemberNotAllowed
        if self.allowed_roles and not asker.roles & (self.allowed_roles | self.exempt_roles):
            raise RoleNeeded(self.allowed_roles)

    def _check_channel(self, asker: Asker) -> None:
        channel = asker.channel.id
        if channel in self.denied_channels or (self.channels and channel not in self.channels):
            raise ChannelNotAllowed
        if self.age_restricted is AgeRule.ONLY_RESTRICTED and not asker.is_age_restricted:
            raise OnlyAgeRestricted
        if self.age_restricted is AgeRule.NEVER_RESTRICTED and asker.is_age_restricted:
            raise NeverAgeRestricted

    def _negative(self, asked: str, beside: str) -> str:
        """The negative prompt with the server's at its end; a re-roll has it already."""
        if not self.added_negative or self.added_negative in asked:
            return asked
        together = f"{asked}, {self.added_negative}" if asked else self.added_negative
        most = bounds_of("negative_prompt")[1] - (len(beside) + len(", ") if beside else 0)
        if len(together) > most:
            room = most - len(self.added_negative) - len(", ")
            allowed = f"at most {room:,} characters here, because this server adds some of its own"
            raise InvalidRequest((Violation("negative_prompt", allowed, f"{len(asked):,}"),))
        return together


def _shortened(term: str) -> str:
    """A term on one line. Raises InvalidRequest for one that shows nothing, or is too long."""
    shown = " ".join(term.split())
    if is_blank(shown) or len(shown) > MAX_TERM:
        given = "nothing" if is_blank(shown) else f"{len(shown):,} characters"
        allowed = f"a word or several, of at most {MAX_TERM} characters"
        raise InvalidRequest((Violation("term", allowed, given),))
    return shown


def check_server(server: ServerRef, allowed: frozenset[ServerRef]) -> None:
    """Raise :class:`ServerNotAllowed` when the operator keeps a list and the server is not on
    it."""
    if allowed and server not in allowed:
        raise ServerNotAllowed(str(server))
