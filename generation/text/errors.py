"""One plain sentence for everything that can go wrong, saying what to do next; platforms only add
their markup.

``moment`` turns a time into words the way the platform does it best (Discord renders ``<t:…:R>``
itself).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from generation.domain.job import Failure, FailureKind
from generation.domain.limits import LimitName
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation

Moment = Callable[[datetime], str]


def utc_moment(moment: datetime) -> str:
    """A time as text where nothing renders it: ``2026-11-21 00:00 UTC``."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def sentence(error: FlipbookError, moment: Moment = utc_moment) -> str:
    """What people read about an error: never a class name, never a traceback."""
    # the most specific class with a sentence wins
    for cls in type(error).__mro__:
        if cls in _SENTENCES:
            return _SENTENCES[cls](error, moment)
    return _SENTENCES[FlipbookError](error, moment)


def violation_sentence(violation: Violation) -> str:
    """``num_frames must be a whole number from 1 to 32, not 99.``"""
    return f"{violation.field} must be {violation.allowed}, not {violation.given}."


def failure_sentence(failure: Failure) -> str:
    """Why there is no clip."""
    return _FAILURES[failure.kind]


def limit_label(name: str) -> str:
    """A limit's name for people."""
    return _LIMITS.get(name, name.replace("_", " "))


_LIMITS: Final[dict[str, str]] = {
    LimitName.USER_CLIPS_PER_DAY: "clips per member and day",
    LimitName.SERVER_CLIPS_PER_DAY: "clips per server and day",
    LimitName.USER_ACTIVE_JOBS: "clips under way per member",
    LimitName.SERVER_ACTIVE_JOBS: "clips under way in this server",
    LimitName.SERVER_BUDGET_PER_DAY: "this server's budget per day",
    LimitName.MAX_FRAMES: "frames per clip",
    LimitName.MAX_STEPS: "steps per clip",
    LimitName.MAX_PIXELS: "pixels per frame",
    LimitName.ENDPOINTS: "endpoints",
}

_FAILURES: Final[dict[FailureKind, str]] = {
    FailureKind.REJECTED: "The backend refused these settings. Change them and ask again.",
    FailureKind.CONTENT: "The backend's content policy refused this prompt. Try other words.",
    FailureKind.GENERATION: (
        "The clip could not be made. It does not count against your quota; please try again."
    ),
    FailureKind.TIMED_OUT: (
        "The clip took too long and was stopped. It does not count against your quota; please "
        "try again."
    ),
    FailureKind.OUTCOME_UNKNOWN: (
        "The connection broke while the clip was being ordered, and no answer came. It was not "
        "ordered a second time; it does not count against your quota. Please ask again."
    ),
    FailureKind.OPERATOR: (
        "The bot cannot reach its video backend with its present settings. Its operator has to "
        "look at it. It does not count against your quota."
    ),
    FailureKind.RESTORED: (
        "The bot was restored from a backup that is older than this clip's end. It does not count "
        "against your quota; please ask again."
    ),
    FailureKind.RESULT_LOST: (
        "The backend no longer has this clip. It does not count against your quota; please ask "
        "again."
    ),
    FailureKind.CORRUPT_VIDEO: (
        "The backend sent a damaged video. It does not count against your quota; please ask again."
    ),
    FailureKind.STORAGE_FULL: (
        "There is no room left to keep the clip. The bot's operator has to make some. "
        "It does not count against your quota."
    ),
    FailureKind.INTERNAL: (
        "Something went wrong inside the bot. It does not count against your quota; please try "
        "again."
    ),
}


def _limit(error: e.LimitExceeded, moment: Moment) -> str:
    label = limit_label(error.limit)
    match error.limit:
        case LimitName.MAX_FRAMES | LimitName.MAX_STEPS | LimitName.MAX_PIXELS:
            return (
                f"This server allows at most {int(error.allowed):,} {label}; you asked for "
                f"{int(error.used):,}."
            )
        case LimitName.ENDPOINTS:
            return f"This server allows {error.allowed}; you asked for {error.used}."
        case LimitName.SERVER_BUDGET_PER_DAY:
            return (
                f"This server may spend {error.allowed} a day and has spent "
                f"{error.used}.{_resets(error, moment)}"
            )
        case LimitName.USER_ACTIVE_JOBS | LimitName.SERVER_ACTIVE_JOBS:
            return (
                f"At most {error.allowed} {label}; there are {error.used}. Wait for one to "
                "finish, or cancel one."
            )
        case _:
            return (
                f"At most {error.allowed} {label}; {error.used} are used.{_resets(error, moment)}"
            )


def _resets(error: e.LimitExceeded, moment: Moment) -> str:
    return "" if error.resets_at is None else f" It starts again {_at(error.resets_at, moment)}."


def _at(when: datetime, moment: Moment) -> str:
    words = moment(when)
    # Discord's timestamps render as "in 3 hours", which takes no "at"
    return words if words.startswith("<") else f"at {words}"


def _invalid(violations: tuple[Violation, ...]) -> str:
    return " ".join(violation_sentence(v) for v in violations)


_Sentence = Callable[..., str]

_SENTENCES: Final[dict[type[BaseException], _Sentence]] = {
    FlipbookError: lambda _e, _m: "Something went wrong inside the bot. Please try again.",
    e.InvalidRequest: lambda err, _m: _invalid(err.violations),
    e.Refused: lambda _e, _m: "That is not allowed here.",
    e.LimitExceeded: _limit,
    e.BudgetExhausted: lambda err, m: (
        f"The bot has spent its budget for today. It starts again {_at(err.resets_at, m)}."
    ),
    e.ServerNotAllowed: lambda err, _m: (
        f"This bot is not open to this server. Its operator can add {err.server} to "
        "FLIPBOOK_ALLOWED_SERVERS."
    ),
    e.ChannelNotAllowed: lambda _e, _m: "The admins of this server keep the bot to other channels.",
    e.UserBlocked: lambda _e, _m: "The admins of this server have blocked you from making clips.",
    e.PromptBlocked: lambda err, _m: (
        f"The word “{err.term}” is not allowed in prompts here. Try other words."
    ),
    e.LedgerUnavailable: lambda _e, _m: (
        "The bot cannot check the limits at the moment, so it makes no clips. Please try again "
        "in a minute."
    ),
    e.JobError: lambda _e, _m: "That cannot be done with this clip.",
    e.JobNotFound: lambda err, _m: f"There is no clip {err.job_id} here.",
    e.NotYourJob: lambda _e, _m: "Only the member who asked for a clip, or an admin, can do that.",
    e.JobAlreadyFinished: lambda _e, _m: "That clip has already ended; there is nothing to cancel.",
    e.JobNotRerollable: lambda _e, _m: "Only a finished clip can be re-rolled.",
    e.IllegalTransition: lambda _e, _m: "Something went wrong inside the bot. Please try again.",
    e.BackendError: lambda err, _m: (
        f"The video backend {err.backend} gave an error. Please try again."
    ),
    e.BackendUnavailable: lambda err, _m: (
        f"The video backend {err.backend} cannot be reached at the moment."
    ),
    e.BackendNotReady: lambda err, _m: (
        f"The video backend {err.backend} takes nothing at the moment."
    ),
    e.BackendBusy: lambda err, _m: (
        f"The video backend {err.backend} has too much to do at the moment."
    ),
    e.SubmissionOutcomeUnknown: lambda err, _m: (
        f"No answer came from the video backend {err.backend}."
    ),
    e.CredentialsRejected: lambda err, _m: (
        f"The key for {err.backend} was not accepted. The operator has to set it."
    ),
    e.AccountLocked: lambda err, _m: (
        f"The account at {err.backend} is locked. The operator has to look at its balance."
    ),
    e.EndpointNotFound: lambda err, _m: (
        f"The video backend {err.backend} does not offer this kind of clip."
    ),
    e.RequestRejected: lambda err, _m: _invalid(err.violations) or _FAILURES[FailureKind.REJECTED],
    e.ContentRejected: lambda _e, _m: _FAILURES[FailureKind.CONTENT],
    e.RequestNotFound: lambda _e, _m: _FAILURES[FailureKind.RESULT_LOST],
    e.RequestCancelled: lambda _e, _m: "The clip was cancelled.",
    e.GenerationFailed: lambda _e, _m: _FAILURES[FailureKind.GENERATION],
    e.GenerationTimedOut: lambda _e, _m: _FAILURES[FailureKind.TIMED_OUT],
    e.ProtocolViolation: lambda err, _m: (
        f"The video backend {err.backend} gave an answer that makes no sense."
    ),
    e.ArtifactError: lambda _e, _m: "Something is wrong with the finished clip.",
    e.CorruptVideo: lambda _e, _m: _FAILURES[FailureKind.CORRUPT_VIDEO],
    e.CannotFit: lambda _e, _m: "The clip is too large for this place, even made smaller.",
    e.ArtifactMissing: lambda _e, _m: (
        "The clip is no longer kept. Re-roll it with the same seed to make it again."
    ),
    e.StorageFull: lambda _e, _m: _FAILURES[FailureKind.STORAGE_FULL],
    e.DeliveryError: lambda err, _m: f"The message could not be delivered: {err.reason}.",
    e.DeliveryDelayed: lambda err, _m: f"The message is delayed: {err.reason}.",
    e.DeliveryStepFailed: lambda err, _m: (
        f"The message could not be delivered this way: {err.reason}."
    ),
    e.ChatUnusable: lambda err, _m: str(err),
    e.StoreError: lambda _e, _m: "The bot's database gave an error. Please try again.",
    e.StoreBusy: lambda _e, _m: (
        "The bot's database is busy. Nothing was stored; please try again in a minute."
    ),
    e.StaleJob: lambda _e, _m: "The clip has just moved on. Please look again.",
    e.DatabaseTooNew: lambda _e, _m: (
        "The database was made by a newer Flipbook. Update this one; nothing was changed."
    ),
}
