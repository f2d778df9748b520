"""One plain sentence for everything that can go wrong, saying what to do next."""

from collections.abc import Callable
from typing import Final

from generation.domain.job import Failure, FailureKind
from generation.domain.refs import UserRef
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation
from generation.protocol.messages import mark
from generation.text.backends import not_offered_sentence
from generation.text.controls.reports import decided_before_words
from generation.text.dialect import PLAIN, Dialect, Markup
from generation.text.forms.styles import too_long_style_sentence, unknown_style_sentence
from generation.text.inputs import unreadable_file_sentence
from generation.text.money.budgets import exhausted_sentence, too_dear_sentence
from generation.text.privacy import export_too_soon
from generation.text.refusals import limit_sentence, paused_sentence, role_sentence

NOT_COUNTED: Final = mark("It does not count against your quota.")
NO_CLIP: Final = mark("The clip could not be made.")
MISSING: Final = mark(
    "The clip is no longer kept. The same prompt, settings and seed make it again."
)
_UNEXPECTED: Final = mark("Something went wrong inside the bot.")
_TRY_AGAIN: Final = mark("Please try again.")
_IN_A_MINUTE: Final = mark("Please try again in a minute.")


def _not_found(error: e.JobNotFound, d: Dialect) -> Markup:
    if not error.typed:
        return d.gettext("There is no such clip here.")
    return d.gettext("There is no clip {id} here.", id=error.typed)


def sentence(error: FlipbookError, d: Dialect = PLAIN) -> Markup:
    """What people read about an error: never a class name, never a traceback."""
    # the most specific class with a sentence wins
    for cls in type(error).__mro__:
        if cls in _SENTENCES:
            return _SENTENCES[cls](error, d)
    return _SENTENCES[FlipbookError](error, d)


def violation_sentence(violation: Violation, d: Dialect = PLAIN) -> Markup:
    """``num_frames must be a whole number from 1 to 32, not 99.``"""
    return d.gettext(
        "{field} must be {allowed}, not {given}.",
        field=violation.field,
        allowed=violation.allowed,
        given=violation.given,
    )


def failure_sentence(failure: Failure, d: Dialect = PLAIN) -> Markup:
    """Why there is no clip."""
    if failure.fields:
        return d.ngettext(
            "The backend does not take this setting: {fields}. Leave it out or change it, and ask "
            "again.",
            "The backend does not take these settings: {fields}. Leave them out or change them, "
            "and ask again.",
            len(failure.fields),
            fields=", ".join(failure.fields),
        )
    return _said(_FAILURES[failure.kind], d)


def _said(messages: tuple[str, ...], d: Dialect) -> Markup:
    return Markup(" ".join(d.gettext(message) for message in messages))


_FAILURES: Final[dict[FailureKind, tuple[str, ...]]] = {
    FailureKind.REJECTED: (mark("The backend refused these settings. Change them and ask again."),),
    FailureKind.CONTENT: (
        mark("The backend's content policy refused this prompt. Try other words."),
    ),
    FailureKind.WITHHELD: (
        mark("The clip was made, but a safety check saw in it what may not be shown here."),
        NOT_COUNTED,
        mark("Try other words."),
    ),
    FailureKind.GENERATION: (NO_CLIP, NOT_COUNTED, _TRY_AGAIN),
    FailureKind.TIMED_OUT: (
        mark("The clip took too long and was stopped."),
        NOT_COUNTED,
        _TRY_AGAIN,
    ),
    FailureKind.OUTCOME_UNKNOWN: (
        mark("The connection broke while the clip was being ordered, and no answer came."),
        mark("It was not ordered a second time."),
        NOT_COUNTED,
        _TRY_AGAIN,
    ),
    FailureKind.OPERATOR: (
        mark(
            "The video backend does not accept the bot's account or settings. Its operator has to "
            "look at them."
        ),
        NOT_COUNTED,
    ),
    FailureKind.KEY_REFUSED: (
        mark("The video backend does not accept the bot's key. Its operator has to renew it."),
        NOT_COUNTED,
    ),
    FailureKind.ACCOUNT_LOCKED: (
        mark(
            "The bot's account at its video backend may make no clips at the moment, usually "
            "because its credit is used up. Its operator has to look at it."
        ),
        NOT_COUNTED,
    ),
    FailureKind.RESTORED: (
        mark("The bot was restored from a backup that was made before this clip ended."),
        NOT_COUNTED,
        _TRY_AGAIN,
    ),
    FailureKind.RESULT_LOST: (
        mark("The backend no longer has this clip."),
        NOT_COUNTED,
        _TRY_AGAIN,
    ),
    FailureKind.CORRUPT_VIDEO: (
        mark("The backend sent a damaged video."),
        NOT_COUNTED,
        _TRY_AGAIN,
    ),
    FailureKind.STORAGE_FULL: (
        mark("There is no room left to keep the clip. The bot's operator has to make some."),
        NOT_COUNTED,
    ),
    FailureKind.INTERNAL: (_UNEXPECTED, NOT_COUNTED, _TRY_AGAIN),
}


def _invalid(violations: tuple[Violation, ...], d: Dialect) -> Markup:
    return Markup(" ".join(violation_sentence(violation, d) for violation in violations))


def _rejected(error: e.RequestRejected, d: Dialect) -> Markup:
    return _invalid(error.violations, d) or _said(_FAILURES[FailureKind.REJECTED], d)


def _plain(*messages: str) -> Callable[..., Markup]:
    return lambda _error, d: _said(messages, d)


def _about_backend(message: str) -> Callable[..., Markup]:
    return lambda error, d: d.gettext(message, backend=error.backend)


def _because(message: str) -> Callable[..., Markup]:
    return lambda error, d: d.gettext(message, reason=error.reason)


def _not_allowed(error: e.ServerNotAllowed, d: Dialect) -> Markup:
    return d.gettext(
        "This bot is not open to this {place}. Its operator can add {server} to {setting}.",
        server=Markup(d.code(error.server)),
        setting=Markup(d.code("FLIPBOOK_ALLOWED_SERVERS")),
    )


def _last_channel(_error: e.LastChannel, d: Dialect) -> Markup:
    return d.gettext(
        "That is the last channel that the bot is kept to; without it, it would answer in every "
        "channel. If you want that, use {command}.",
        command=Markup(d.code(d.everywhere)),
    )


def _last_allowed(error: e.LastAllowed, d: Dialect) -> Markup:
    return d.gettext(
        "That is the last one on the list of those who may make clips; without it, everyone might. "
        "If you want that, use {command}.",
        command=Markup(d.code(f"{d.admin} {error.topic} everyone")),
    )


_SENTENCES: Final[dict[type[BaseException], Callable[..., Markup]]] = {
    FlipbookError: _plain(_UNEXPECTED, _TRY_AGAIN),
    e.InvalidRequest: lambda error, d: _invalid(error.violations, d),
    e.Refused: _plain(mark("That is not allowed here.")),
    e.LimitExceeded: limit_sentence,
    e.BudgetExhausted: exhausted_sentence,
    e.BudgetTooSmall: too_dear_sentence,
    e.ServerNotAllowed: _not_allowed,
    e.Paused: paused_sentence,
    e.OperatorOnly: _plain(mark("Only the bot's operators can do that.")),
    e.OperatorsPause: _plain(
        mark("The bot's operator has paused it; only the operator can change that.")
    ),
    e.MemberNotAllowed: _plain(
        mark(
            "The admins of this {place} have listed who may make clips, and you are not on the "
            "list; they can add you."
        )
    ),
    e.RoleNeeded: role_sentence,
    e.OnlyAgeRestricted: _plain(
        mark("This {place} makes clips only in age-restricted channels; ask in one of those.")
    ),
    e.NeverAgeRestricted: _plain(
        mark("This {place} makes no clips in age-restricted channels; ask in another one.")
    ),
    e.ChannelNotAllowed: _plain(mark("The admins of this {place} keep the bot to other channels.")),
    e.UserBlocked: _plain(mark("The admins of this {place} have blocked you from making clips.")),
    # without the word: a refusal is no list of what others may not say
    e.PromptBlocked: _plain(
        mark("This prompt has words that are not allowed in this {place}. Try other words.")
    ),
    e.TooManyReports: lambda error, d: d.gettext(
        "You have made {n} reports in the last hour. Please wait before you make another.",
        n=error.allowed,
    ),
    e.ReportDecided: lambda error, d: decided_before_words(
        error.decision, UserRef.parse(error.by), d
    ),
    e.StyleUnknown: unknown_style_sentence,
    e.StyleTooLong: too_long_style_sentence,
    e.NotOffered: not_offered_sentence,
    e.UnreadableFile: unreadable_file_sentence,
    e.DraftGone: lambda _error, d: d.gettext(
        "What you typed was kept for 15 minutes and is gone now. {command} opens an empty form.",
        command=Markup(d.code("/animate")),
    ),
    e.LastChannel: _last_channel,
    e.ExportTooSoon: export_too_soon,
    e.ExportTooLarge: _plain(
        mark(
            "Your data is more than a chat takes as one file. Whoever runs this bot can make the "
            "copy for you."
        )
    ),
    e.ConfirmationInvalid: _plain(
        mark("That confirmation has expired, or is not yours. Nothing was changed; ask again.")
    ),
    e.LastAllowed: _last_allowed,
    e.LedgerUnavailable: _plain(
        mark("The bot cannot check the limits at the moment, so it makes no clips."),
        _IN_A_MINUTE,
    ),
    e.JobError: _plain(mark("That cannot be done with this clip.")),
    e.JobNotFound: _not_found,
    e.NotYourJob: _plain(mark("Only whoever asked for the clip, or an admin, can do that.")),
    e.JobAlreadyFinished: _plain(mark("That clip has already ended; there is nothing to cancel.")),
    e.JobUnfinished: _plain(mark("That can be done once the clip is finished.")),
    e.ClipDeleted: _plain(mark("This clip was deleted.")),
    e.ClipHidden: _plain(
        mark("This clip was reported and is hidden until an admin of this {place} decides.")
    ),
    e.PromptNotKept: _plain(
        mark("The prompt of this clip is no longer kept, so nothing can be made from it.")
    ),
    e.ReportedAlready: _plain(
        mark("You have reported this clip. The admins of this {place} have not decided yet.")
    ),
    e.JobNotRerollable: _plain(mark("Only a finished clip can be re-rolled.")),
    e.IllegalTransition: _plain(_UNEXPECTED, _TRY_AGAIN),
    e.BackendError: _about_backend(
        mark("The video backend {backend} gave an error. Please try again.")
    ),
    e.BackendUnavailable: _about_backend(
        mark("The video backend {backend} cannot be reached at the moment.")
    ),
    e.BackendNotReady: _about_backend(
        mark("The video backend {backend} takes no clips at the moment.")
    ),
    e.BackendStarting: _about_backend(mark("The video backend {backend} is starting.")),
    e.BackendBusy: _about_backend(mark("The video backend {backend} is too busy at the moment.")),
    e.SubmissionOutcomeUnknown: _about_backend(
        mark("No answer came from the video backend {backend}.")
    ),
    e.CredentialsRejected: _about_backend(
        mark("The key for {backend} was not accepted. The operator has to set it.")
    ),
    e.AccountLocked: _about_backend(
        mark("The account at {backend} is locked. The operator has to look at its balance.")
    ),
    e.EndpointNotFound: _about_backend(
        mark("The video backend {backend} does not offer this kind of clip.")
    ),
    e.RequestRejected: _rejected,
    e.ContentRejected: _plain(*_FAILURES[FailureKind.CONTENT]),
    e.ClipWithheld: _plain(*_FAILURES[FailureKind.WITHHELD]),
    e.RequestNotFound: _plain(*_FAILURES[FailureKind.RESULT_LOST]),
    e.RequestCancelled: _plain(mark("The clip was cancelled.")),
    e.GenerationFailed: _plain(*_FAILURES[FailureKind.GENERATION]),
    e.GenerationTimedOut: _plain(*_FAILURES[FailureKind.TIMED_OUT]),
    e.ProtocolViolation: _about_backend(
        mark("The video backend {backend} gave an answer that makes no sense.")
    ),
    e.ArtifactError: _plain(mark("Something is wrong with the finished clip.")),
    e.CorruptVideo: _plain(*_FAILURES[FailureKind.CORRUPT_VIDEO]),
    e.CannotFit: _plain(mark("The clip is too large for this place, even made smaller.")),
    e.ArtifactMissing: _plain(MISSING),
    e.StorageFull: _plain(*_FAILURES[FailureKind.STORAGE_FULL]),
    e.DeliveryError: _because(mark("The message could not be delivered: {reason}.")),
    e.DeliveryDelayed: _because(mark("The message is delayed: {reason}.")),
    e.DeliveryStepFailed: _because(mark("The message could not be delivered this way: {reason}.")),
    e.ChatUnusable: lambda error, d: Markup(d.escape(str(error))),
    e.StoreError: _plain(
        mark(
            "The bot's database gave an error. If that happens again, please tell whoever runs "
            "this bot."
        )
    ),
    e.DatabaseUnusable: _plain(
        mark(
            "The bot's database cannot be used, so nothing was stored. Whoever runs this bot has "
            "to look at it."
        )
    ),
    e.DatabaseDamaged: _plain(
        mark(
            "The bot's database is damaged, so nothing was stored. Whoever runs this bot has to "
            "repair it."
        )
    ),
    e.StoreBusy: _plain(mark("The bot's database is busy. Nothing was stored."), _IN_A_MINUTE),
    e.StaleJob: _plain(mark("The clip has just changed. Please look again.")),
    e.DatabaseTooNew: _plain(
        mark("The database was made by a newer Flipbook. Update this one; nothing was changed.")
    ),
}
