"""What people read in Discord: a job's message from "queued" to the MP4, why the clip is in another
message, and short answers to one member."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.discord.errors import LACKS_PERMISSION
from adapters.discord.text.markup import DISCORD, message_url, quoted, relative_moment, time_of_day
from generation.domain.job import Job, JobId, JobStatus
from generation.mp4 import Change
from generation.ports import ClipLink
from generation.protocol.errors import ArtifactError, CannotFit, FlipbookError
from generation.protocol.progress import Phase, Progress
from generation.text import outcomes
from generation.text.clips import (
    bar_words,
    for_words,
    made_words,
    negative_words,
    parent_name,
    private_words,
    progress_words,
    re_roll_words,
    seconds_left,
    settings_words,
)
from generation.text.controls.actions import no_clip_words
from generation.text.dialect import Markup
from generation.text.errors import sentence
from generation.text.forms.choices import defaults_words
from generation.text.forms.styles import style_words

MAX_CONTENT: Final = 2000
ONLY_IN_SERVERS: Final = DISCORD.gettext(
    "Flipbook makes clips in servers only, not in direct messages."
)
ADMINS_ONLY: Final = DISCORD.gettext(
    "Only members with the permission **Manage Server** can do that."
)
OUTDATED_COMMAND: Final = DISCORD.gettext(
    "This command has changed. Restart Discord (Ctrl+R) and try again."
)
STALE_BUTTON: Final = outcomes.stale_button_words(DISCORD)
NO_CLIP_OF_OURS: Final = no_clip_words(DISCORD)
SENT_PRIVATELY: Final = DISCORD.gettext(
    "It could not be shown here. You will find it in a direct message from Flipbook."
)
_PROMPT_ROOM: Final = 1000
_ALT_ROOM: Final = 900
_SIGNS: Final = {
    Phase.WAITING: "⏳",
    Phase.QUEUED: "⏳",
    Phase.RENDERING: "🎬",
    Phase.FETCHING: "📦",
    Phase.UPLOADING: "📤",
}
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a clip was changed to fit into ``limit_bytes``, with its width and height in pixels and
    its frames per second now."""

    change: Change
    limit_bytes: int
    width: int
    height: int
    fps: float


def refusal(error: FlipbookError) -> str:
    """One sentence for an error, with times as Discord's timestamps."""
    return sentence(error, DISCORD)[:MAX_CONTENT]


def cancelling(job: Job) -> str:
    """After ✖; a backend may need time to stop a job, or refuse to."""
    return outcomes.cancelling_words(job, DISCORD)


def under_way(job: Job, progress: Progress, now: datetime, until: datetime | None = None) -> str:
    """The message of a job that has not ended: its progress, the time left, the request; ``until``
    is when a private one can be changed no more."""
    head = f"{_SIGNS[progress.phase]} **{progress_words(progress, DISCORD)}**"
    if drawn := bar_words(progress):
        head += "\n`{}` {}".format(*drawn)
    # a timestamp counts down by itself, so it needs no edit
    if (seconds := seconds_left(progress)) is not None:
        when = Markup(relative_moment(now + timedelta(seconds=seconds)))
        ready = DISCORD.gettext("ready {when}", when=when)
        head += f" · {ready}"
    brings_back = (
        []
        if until is None
        else [
            DISCORD.gettext(
                "Nothing moves here after {when}: then press ▶️. A finished clip also comes as a "
                "direct message.",
                when=Markup(time_of_day(until)),
            )
        ]
    )
    return _message(head, job, [_facts(job), *brings_back])


def ended(job: Job, *, has_clip: bool, notes: tuple[str, ...] = ()) -> str:
    """The message of a job that has ended; ``has_clip`` says whether the clip is attached."""
    shows_clip = has_clip and job.status is JobStatus.SUCCEEDED
    sign = _ENDED_SIGNS.get(job.status, "❌")
    head = "" if shows_clip else f"{sign} {outcomes.ended_words(job, DISCORD)}"
    return _message(head, job, [_facts(job), *notes])


_ENDED_SIGNS: Final = {JobStatus.SUCCEEDED: "📭", JobStatus.CANCELLED: "✖️"}


def kept_back(
    job: Job, error: ArtifactError, link: ClipLink | None, *, notes: tuple[str, ...] = ()
) -> str:
    """The message of a clip that is stored but not attached: too large for the channel, or
    damaged."""
    head = f"📭 {refusal(error)}"
    # a damaged clip cannot be delivered anywhere else either
    if isinstance(error, CannotFit):
        head += f" {outcomes.kept_words(job, link, DISCORD)}"
    return _message(head, job, [_facts(job), *notes])


def undelivered(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> str:
    """The message of a clip that no delivery step could deliver, with the reasons."""
    said = outcomes.undelivered_words(job, reasons, link, DISCORD)
    return _message(f"📭 {said}", job, [_facts(job)])


def fitted_note(fitted: Fitted) -> str | None:
    """How the clip was changed to fit the limit; None where it was not."""
    if fitted.change is Change.NOTHING:
        return None
    return DISCORD.gettext(
        "Too large for this place ({limit} MiB), so shown {how}.",
        limit=f"{fitted.limit_bytes / _MIB:.3g}",
        how=_changed_words(fitted),
    )


def _changed_words(fitted: Fitted) -> str:
    size = f"{fitted.width}×{fitted.height}"
    match fitted.change:
        case Change.SIZE:
            return DISCORD.gettext("smaller, at {size}", size=size)
        case Change.FRAME_RATE:
            return DISCORD.gettext(
                "smaller and less smooth, at {size} and {fps} fps", size=size, fps=f"{fitted.fps:g}"
            )
        case _:
            return DISCORD.gettext("at a lower bit rate")


def moved_note(reasons: tuple[str, ...], *, from_channel: int | None = None) -> str | None:
    """Why the outcome is not in the message that showed the progress; ``from_channel`` is where the
    clip was asked for, given in a direct message."""
    asked = (
        DISCORD.gettext("You asked for it in {channel}.", channel=Markup(f"<#{from_channel}>"))
        if from_channel is not None
        else None
    )
    why = outcomes.moved_words(reasons, DISCORD)
    return " ".join(said for said in (asked, why) if said) or None


def directly_to(member: int) -> Markup:
    """Where a clip went that could not be posted in its channel."""
    return DISCORD.gettext("{member} in a direct message", member=Markup(f"<@{member}>"))


def sent_elsewhere(job: Job, destination: str) -> str:
    """The message that showed the progress, where the clip could not be put into it and went to
    ``destination``."""
    said = DISCORD.gettext(
        "The clip could not be posted here: {why}. It went to {destination}.",
        why=LACKS_PERMISSION,
        destination=Markup(destination),
    )
    return _message(f"📨 {said}", job, [_facts(job)])


def alt_text(job: Job) -> str:
    """The attachment's description for screen readers: plain, because they would read the
    backslashes of escaped text."""
    return outcomes.description(job, _ALT_ROOM)


def file_name(job_id: JobId) -> str:
    """The attachment's name: the job's id, no words of a member."""
    return f"flipbook-{job_id}.mp4"


def _message(head: str, job: Job, notes: list[str]) -> str:
    """The head, the prompt in the room that the rest leaves, and the notes."""
    without = negative_words(job.request, DISCORD)
    rest = [f"-# {note}" for note in (*([without] if without else []), *notes)]
    # facts and notes are never cut; the prompt is the only part that can be of any length
    room = MAX_CONTENT - len("\n".join([head, "> ", *rest]))
    prompt = f"> {quoted(job.request.prompt, min(_PROMPT_ROOM, room))}"
    return "\n".join([*([head] if head else []), prompt, *rest])


def _parent(job: Job) -> Markup:
    """The clip that this one was made from, as a link to its message where that is known."""
    url = message_url(job.parent_message)
    name = DISCORD.code(parent_name(job))
    return Markup(name if url is None else DISCORD.link(url, name))


def _facts(job: Job) -> str:
    parts = [settings_words(job.request, DISCORD), *style_words(job, DISCORD)]
    parts += defaults_words(job, DISCORD)
    parts += made_words(job, DISCORD)
    parts += [for_words(job, DISCORD), *private_words(job, DISCORD)]
    if job.parent is not None:
        parts.append(re_roll_words(_parent(job), DISCORD))
    return " · ".join([*parts, DISCORD.code(job.name)])
