"""What can be done with a clip: the one definition that every chat renders.

The word of an action is its id in both chats' buttons. Old messages hold them for ever, so a word
is never changed and never given another meaning.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from generation.protocol.request import Endpoint

ANIMATE: Final = "animate"
"""The word of what begins without a clip: a form, or the question about a mention."""


class ClipAction(StrEnum):
    """Something that members do with a clip."""

    REROLL = "reroll"
    EDIT = "edit"
    OTHER_QUALITY = "other_quality"
    SETTINGS = "settings"
    SHOW = "show"
    DELETE = "delete"
    SPOILER = "spoiler"
    REPORT = "report"
    CANCEL = "cancel"
    RETRY = "retry"


class ClipState(StrEnum):
    """A clip as its buttons see it."""

    UNDER_WAY = "under way"
    MADE = "made"
    HIDDEN = "hidden"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class Who(StrEnum):
    """Who may do it. What makes a clip is charged to the member who acts, and every rule is met."""

    ANYBODY = "anybody"
    ASKER = "the member who asked"
    MODERATORS = "the member who asked, and moderators"


class ButtonPlace(StrEnum):
    """Where it is offered."""

    ROW = "under the clip"
    SETTINGS = "behind ⚙️"


_MADE: Final = frozenset({ClipState.MADE})
_KEPT: Final = frozenset({ClipState.MADE, ClipState.HIDDEN})
_ENDED: Final = frozenset(ClipState) - {ClipState.UNDER_WAY}
_WITHOUT_CLIP: Final = frozenset({ClipState.FAILED, ClipState.CANCELLED})


@dataclass(frozen=True, slots=True)
class ActionRule:
    """One action: who may do it, in which states it works, where each state offers it, and on which
    chats. ``asker_only`` are states in which it works for the member who asked alone.
    ``in_private``: it makes sense with a clip that nobody else sees; ``brings_back`` are the states
    in which an answer offers it that a chat lets the bot change for minutes only."""

    action: ClipAction
    who: Who
    works: frozenset[ClipState]
    row: frozenset[ClipState]
    behind_settings: frozenset[ClipState] = frozenset()
    asker_only: frozenset[ClipState] = frozenset()
    platforms: frozenset[Platform] = frozenset({Platform.DISCORD, Platform.SLACK})
    in_private: bool = True
    brings_back: frozenset[ClipState] = frozenset()

    def offers(self, state: ClipState, place: ButtonPlace) -> bool:
        """Whether a message in that state has its button there."""
        return state in (self.row if place is ButtonPlace.ROW else self.behind_settings)

    def offers_in_private(self, state: ClipState, place: ButtonPlace, platform: Platform) -> bool:
        """The same in what one member alone sees."""
        is_way_back = (
            place is ButtonPlace.ROW
            and state in self.brings_back
            # Slack's are messages like others
            and platform is Platform.DISCORD
        )
        return self.in_private and (is_way_back or self.offers(state, place))


RULES: Final[tuple[ActionRule, ...]] = (
    ActionRule(
        ClipAction.CANCEL,
        Who.MODERATORS,
        works=frozenset({ClipState.UNDER_WAY}),
        row=frozenset({ClipState.UNDER_WAY}),
    ),
    ActionRule(
        ClipAction.REROLL,
        Who.ANYBODY,
        works=_MADE | {ClipState.DELETED, ClipState.HIDDEN},
        row=_MADE,
        # what was taken away is not made again by others
        asker_only=frozenset({ClipState.DELETED, ClipState.HIDDEN}),
    ),
    ActionRule(ClipAction.RETRY, Who.ANYBODY, works=_WITHOUT_CLIP, row=_WITHOUT_CLIP),
    ActionRule(
        ClipAction.EDIT,
        Who.ANYBODY,
        works=_ENDED,
        row=_MADE | _WITHOUT_CLIP,
        asker_only=frozenset({ClipState.DELETED, ClipState.HIDDEN}),
    ),
    ActionRule(ClipAction.OTHER_QUALITY, Who.ANYBODY, works=_MADE, row=_MADE),
    ActionRule(ClipAction.SETTINGS, Who.ANYBODY, works=_MADE | _WITHOUT_CLIP, row=_MADE),
    ActionRule(
        ClipAction.DELETE, Who.MODERATORS, works=_KEPT | _WITHOUT_CLIP, row=_KEPT | _WITHOUT_CLIP
    ),
    ActionRule(
        ClipAction.SHOW,
        Who.ANYBODY,
        works=_MADE | _WITHOUT_CLIP,
        row=frozenset(),
        behind_settings=_MADE,
        brings_back=frozenset({ClipState.UNDER_WAY}),
    ),
    ActionRule(
        ClipAction.SPOILER,
        Who.MODERATORS,
        works=_MADE,
        row=frozenset(),
        behind_settings=_MADE,
        platforms=frozenset({Platform.DISCORD}),
        in_private=False,
    ),
    ActionRule(
        ClipAction.REPORT,
        Who.ANYBODY,
        works=_KEPT,
        row=frozenset(),
        behind_settings=_MADE,
        in_private=False,
    ),
)
"""In the order in which buttons stand."""

_RULE_OF: Final = {rule.action: rule for rule in RULES}


def rule_of(action: ClipAction) -> ActionRule:
    """The definition of an action."""
    return _RULE_OF[action]


def state_of(job: Job) -> ClipState:
    """The state in which a job's buttons see it."""
    if job.deleted_at is not None:
        return ClipState.DELETED
    match job.status:
        case JobStatus.SUCCEEDED:
            return ClipState.MADE if job.hidden_at is None else ClipState.HIDDEN
        case JobStatus.FAILED:
            return ClipState.FAILED
        case JobStatus.CANCELLED:
            return ClipState.CANCELLED
        case _:
            return ClipState.UNDER_WAY


def offered(job: Job, place: ButtonPlace, platform: Platform) -> tuple[ClipAction, ...]:
    """The actions that a chat offers there, in order."""
    state = state_of(job)
    return tuple(
        rule.action
        for rule in RULES
        if platform in rule.platforms
        and (
            rule.offers_in_private(state, place, platform)
            if job.is_private
            else rule.offers(state, place)
        )
    )


def other_endpoint(endpoint: Endpoint) -> Endpoint:
    """The quality that ⚡ or 🎞️ leads to."""
    return Endpoint.STANDARD if endpoint is Endpoint.TURBO else Endpoint.TURBO
