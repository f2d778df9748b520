"""Everything that can go wrong in bot and worker, as classes with fields. People never read their
messages: :mod:`generation.text.errors` has a sentence for each.

FlipbookError
├── InvalidRequest                 fields outside their bounds; nothing stored, nothing spent
├── Refused                        a rule says no; nothing stored, nothing spent
│   ├── LimitExceeded              a server's limit: what is allowed, what is used, when it resets
│   ├── BudgetExhausted            the operator's own budget over all servers
│   ├── BudgetTooSmall             the clip costs more than a whole budget: no waiting helps
│   ├── ServerNotAllowed           not on the operator's allow-list
│   ├── Paused                     the operator has paused this server, or all
│   ├── OperatorOnly               a server's admins may not do it
│   ├── OperatorsPause             … because an operator has made the pause
│   ├── MemberNotAllowed           the server's admins let only others in
│   ├── RoleNeeded                 … only members with certain roles
│   ├── OnlyAgeRestricted          … only in age-restricted channels
│   ├── NeverAgeRestricted         … only in channels that are not age-restricted
│   ├── ChannelNotAllowed          the server's admins keep the bot out of this channel
│   ├── UserBlocked                the server's admins keep this member out
│   ├── PromptBlocked              the prompt holds a term that is not allowed here
│   ├── StyleUnknown               the server has no prompt style of that name
│   ├── StyleTooLong               with the style's words the prompt is longer than it may be
│   ├── NotOffered                 no backend makes what fal's endpoints do not have
│   ├── UnreadableFile             a clip cannot start from that picture or video
│   ├── DraftGone                  what was filled in is no longer kept
│   ├── LastChannel                removing it would let the bot answer everywhere
│   ├── LastAllowed                removing it would let everyone ask
│   ├── LedgerUnavailable          usage could not be read: the answer is no
│   ├── TooManyReports             a member has reported too many clips in an hour
│   ├── ReportDecided              an admin has decided about this report already
│   ├── ExportTooSoon              a copy of a member's data was made within the last hour
│   ├── ExportTooLarge             a copy of a member's data that no chat takes as a file
│   └── ConfirmationInvalid        too old, or not this member's
├── JobError                       something was asked of a job that cannot be done
│   ├── JobNotFound                no such job, or not for this member
│   ├── NotYourJob                 only its owner or an admin may do this
│   ├── JobAlreadyFinished         nothing left to cancel
│   ├── JobNotRerollable           no finished clip to re-roll
│   ├── JobUnfinished              it has to end first
│   ├── ClipDeleted                it was deleted
│   ├── ClipHidden                 it was reported, and no admin has decided yet
│   ├── PromptNotKept              nothing can be made from it any more
│   └── ReportedAlready            by the same member, and no admin has decided yet
├── IllegalTransition              a status change outside the transition table: our own mistake
├── BackendError                   the other side of the queue protocol
│   ├── BackendUnavailable         nothing was accepted, for certain: safe to try again
│   │   ├── BackendNotReady        it answered that it takes nothing at the moment
│   │   └── BackendStarting        our own worker, which is just being started
│   ├── BackendBusy                refused before acceptance (429), with how long to wait
│   ├── SubmissionOutcomeUnknown   broke after bytes were sent: never sent again to a paid backend
│   ├── CredentialsRejected        401: the key is wrong
│   ├── AccountLocked              402 or 403: the account may not run anything
│   ├── EndpointNotFound           404, 405 or 410 on submit
│   ├── RequestRejected            400, 413 or 422: the input, with the fields that it names
│   ├── ContentRejected            the backend's own content policy
│   │   └── ClipWithheld           it made the clip, and its check does not let it be shown
│   ├── RequestNotFound            404 or 410 for an accepted request, or for its clip
│   ├── RequestCancelled           it was cancelled at the backend
│   ├── GenerationFailed           the model or its runner failed
│   ├── GenerationTimedOut         a deadline passed
│   └── ProtocolViolation          an answer that the queue protocol does not know
├── ArtifactError                  the finished clip, or another file of ours
│   ├── CorruptVideo               not a playable MP4
│   ├── CannotFit                  no encoding of it fits the byte limit
│   ├── ArtifactMissing            no longer in the artifact store
│   └── StorageFull                no room on the disk
├── DeliveryError                  a messenger could not post a message
│   ├── DeliveryDelayed            try the same step again, later
│   └── DeliveryStepFailed         this step does not work any more: next step
├── ChatUnusable                   a chat platform refuses the bot until its operator acts
└── StoreError                     the database
    ├── StoreBusy                  locked or out of reach for longer than we wait
    ├── StaleJob                   another process changed the job first
    └── DatabaseUnusable           until the operator has acted
        ├── DatabaseDamaged        its file is damaged, or none
        └── DatabaseTooNew         made by a newer Flipbook
"""

from generation.protocol.errors.backends import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendStarting,
    BackendUnavailable,
    ClipWithheld,
    ContentRejected,
    CredentialsRejected,
    EndpointNotFound,
    GenerationFailed,
    GenerationTimedOut,
    ProtocolViolation,
    RequestCancelled,
    RequestNotFound,
    RequestRejected,
    SubmissionOutcomeUnknown,
)
from generation.protocol.errors.base import FlipbookError, InvalidRequest, Violation
from generation.protocol.errors.jobs import (
    ClipDeleted,
    ClipHidden,
    IllegalTransition,
    JobAlreadyFinished,
    JobError,
    JobNotFound,
    JobNotRerollable,
    JobUnfinished,
    NotYourJob,
    PromptNotKept,
    ReportedAlready,
)
from generation.protocol.errors.keeping import (
    ArtifactError,
    ArtifactMissing,
    CannotFit,
    ChatUnusable,
    CorruptVideo,
    DatabaseDamaged,
    DatabaseTooNew,
    DatabaseUnusable,
    DeliveryDelayed,
    DeliveryError,
    DeliveryStepFailed,
    StaleJob,
    StorageFull,
    StoreBusy,
    StoreError,
)
from generation.protocol.errors.privacy import (
    ConfirmationInvalid,
    ExportTooLarge,
    ExportTooSoon,
)
from generation.protocol.errors.refusals import (
    BudgetExhausted,
    BudgetTooSmall,
    ChannelNotAllowed,
    DraftGone,
    LastAllowed,
    LastChannel,
    LedgerUnavailable,
    LimitExceeded,
    MemberNotAllowed,
    NeverAgeRestricted,
    NotOffered,
    OnlyAgeRestricted,
    OperatorOnly,
    OperatorsPause,
    Paused,
    PromptBlocked,
    Refused,
    ReportDecided,
    RoleNeeded,
    ServerNotAllowed,
    StyleTooLong,
    StyleUnknown,
    TooManyReports,
    UnreadableFile,
    UserBlocked,
)

__all__ = [
    "AccountLocked",
    "ArtifactError",
    "ArtifactMissing",
    "BackendBusy",
    "BackendError",
    "BackendNotReady",
    "BackendStarting",
    "BackendUnavailable",
    "BudgetExhausted",
    "BudgetTooSmall",
    "CannotFit",
    "ChannelNotAllowed",
    "ChatUnusable",
    "ClipDeleted",
    "ClipHidden",
    "ClipWithheld",
    "ConfirmationInvalid",
    "ContentRejected",
    "CorruptVideo",
    "CredentialsRejected",
    "DatabaseDamaged",
    "DatabaseTooNew",
    "DatabaseUnusable",
    "DeliveryDelayed",
    "DeliveryError",
    "DeliveryStepFailed",
    "DraftGone",
    "EndpointNotFound",
    "ExportTooLarge",
    "ExportTooSoon",
    "FlipbookError",
    "GenerationFailed",
    "GenerationTimedOut",
    "IllegalTransition",
    "InvalidRequest",
    "JobAlreadyFinished",
    "JobError",
    "JobNotFound",
    "JobNotRerollable",
    "JobUnfinished",
    "LastAllowed",
    "LastChannel",
    "LedgerUnavailable",
    "LimitExceeded",
    "MemberNotAllowed",
    "NeverAgeRestricted",
    "NotOffered",
    "NotYourJob",
    "OnlyAgeRestricted",
    "OperatorOnly",
    "OperatorsPause",
    "Paused",
    "PromptBlocked",
    "PromptNotKept",
    "ProtocolViolation",
    "Refused",
    "ReportDecided",
    "ReportedAlready",
    "RequestCancelled",
    "RequestNotFound",
    "RequestRejected",
    "RoleNeeded",
    "ServerNotAllowed",
    "StaleJob",
    "StorageFull",
    "StoreBusy",
    "StoreError",
    "StyleTooLong",
    "StyleUnknown",
    "SubmissionOutcomeUnknown",
    "TooManyReports",
    "UnreadableFile",
    "UserBlocked",
    "Violation",
]
