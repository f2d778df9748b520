"""What people read in Discord: a job's message from "queued" to the MP4, why the clip is in another
message, and short answers to one member."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.discord.errors import LACKS_PERMISSION
from adapters.discord.text.markup import escaped, escaped_sentence, quoted, relative_moment
from generation.domain.job import Job, JobId, JobStatus
from generation.mp4 import Change
from generation.ports import ClipLink
from generation.protocol.errors import ArtifactError, ArtifactMissing, CannotFit, FlipbookError
from generation.protocol.progress import Phase, Progress
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT
from generation.text.clips import bar, engine_words, progress_words, seconds_words, settings_words
from generation.text.errors import failure_sentence, sentence

MAX_CONTENT: Final = 2000
ONLY_IN_SERVERS: Final = "Flipbook makes clips in servers only, not in direct messages."
ADMINS_ONLY: Final = "Only members with the permission **Manage Server** can do that."
OUTDATED_COMMAND: Final = "This command has changed. Restart Discord (Ctrl+R) and try again."
STALE_BUTTON: Final = "This button does nothing any more. `/animate` makes a new clip."
SENT_PRIVATELY: Final = "It could not be shown here. I have sent it to you in a direct message."
_PROMPT_ROOM: Final = 1000
_NEGATIVE_ROOM: Final = 200
_NOTE_ROOM: Final = 300
_ALT_ROOM: Final = 500
_SIGNS: Final = {
    Phase.WAITING: "⏳",
    Phase.QUEUED: "⏳",
    Phase.RENDERING: "🎬",
    Phase.FETCHING: "📦",
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
    # a sentence may quote a prompt or a backend; only the timestamps in it are markup
    return escaped_sentence(sentence(error, relative_moment))[:MAX_CONTENT]


def cancelling(job: Job) -> str:
    """After ✖; a backend may need time to stop a job, or refuse to."""
    if job.status.is_final:
        return "The clip is cancelled."
    return "The clip is being cancelled. If it is nearly done, it may still arrive."


def under_way(job: Job, progress: Progress, now: datetime) -> str:
    """The message of a job that has not ended: its progress, the time left, the request."""
    head = f"{_SIGNS[progress.phase]} **{_capital(escaped(progress_words(progress)))}**"
    if progress.phase is Phase.RENDERING and progress.steps is not None:
        head += f"\n`{bar(progress.steps.fraction)}` {progress.steps.fraction:.0%}"
    # a timestamp counts down by itself, so it needs no edit
    if progress.eta_seconds is not None:
        head += f" · ready {relative_moment(now + timedelta(seconds=progress.eta_seconds))}"
    return _message(head, job, [_facts(job)])


def ended(job: Job, *, has_clip: bool, notes: tuple[str, ...] = ()) -> str:
    """The message of a job that has ended; ``has_clip`` says whether the clip is attached."""
    match job.status:
        case JobStatus.SUCCEEDED:
            # a finished job without its clip: the store keeps clips for a limited time
            head = "" if has_clip else f"📭 {refusal(ArtifactMissing())}"
        case JobStatus.CANCELLED:
            head = "✖️ Cancelled. It does not count against your quota."
        case _:
            head = (
                f"❌ {failure_sentence(job.failure)}"
                if job.failure
                else "❌ The clip could not be made."
            )
    return _message(head, job, [_facts(job), *notes])


def kept_back(
    job: Job, error: ArtifactError, link: ClipLink | None, *, notes: tuple[str, ...] = ()
) -> str:
    """The message of a clip that is stored but not attached: too large for the channel, or
    damaged."""
    kept = (
        f"It is kept: {_link_words(link)}`/flipbook show id:{job.id}` brings it where more "
        "is allowed."
    )
    sentences = (
        # a damaged clip cannot be delivered anywhere else either
        f"📭 {refusal(error)} {kept}" if isinstance(error, CannotFit) else f"📭 {refusal(error)}"
    )
    return _message(sentences, job, [_facts(job), *notes])


def undelivered(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> str:
    """The message of a clip that no delivery step could deliver, with the reasons."""
    # reasons without repeats: several steps may fail for the same one
    why = quoted(", and ".join(dict.fromkeys(reasons)) or "Discord does not take it", _NOTE_ROOM)
    kept = (
        f"It is kept: {_link_words(link)}`/flipbook show id:{job.id}` brings it once that "
        "has changed."
    )
    return _message(
        f"📭 The clip is done, but it could not be brought here: {why}. {kept}", job, [_facts(job)]
    )


def _link_words(link: ClipLink | None) -> str:
    """Our own link to the clip: the only working link in a message."""
    return (
        # angle brackets: no preview of the page
        f"[watch it here](<{link.url}>) until {relative_moment(link.until)}, or "
        if link is not None
        else ""
    )


def fitted_note(fitted: Fitted) -> str | None:
    """How the clip was changed to fit the limit; None where it was not."""
    why = f"Too large for this place ({fitted.limit_bytes / _MIB:.3g} MiB), so shown"
    match fitted.change:
        case Change.NOTHING:
            return None
        case Change.BIT_RATE:
            return f"{why} at a lower bit rate."
        case Change.SIZE:
            return f"{why} smaller, at {fitted.width}×{fitted.height}."
        case Change.FRAME_RATE:
            return (
                f"{why} smaller and less smooth, at {fitted.width}×{fitted.height} and "
                f"{fitted.fps:g} fps."
            )


def moved_note(reasons: tuple[str, ...], *, from_channel: int | None = None) -> str | None:
    """Why the outcome is not in the message that showed the progress; ``from_channel`` is where the
    clip was asked for, given in a direct message."""
    if not reasons and from_channel is None:
        return None
    asked = f"You asked for it in <#{from_channel}>. " if from_channel is not None else ""
    why = (
        f"It is posted here because {quoted(', and '.join(dict.fromkeys(reasons)), _NOTE_ROOM)}."
        if reasons
        else ""
    )
    return f"{asked}{why}".strip()


def sent_elsewhere(job: Job, destination: str) -> str:
    """The message that showed the progress, where the clip could not be put into it and went to
    ``destination``."""
    return _message(
        f"📨 The clip could not be put here: {LACKS_PERMISSION}. It went to {destination}.",
        job,
        [_facts(job)],
    )


def alt_text(job: Job) -> str:
    """The attachment's description for screen readers."""
    return f"Clip: {quoted(job.request.prompt, _ALT_ROOM)}"


def file_name(job_id: JobId) -> str:
    """The attachment's name: the job's id, no words of a member."""
    return f"flipbook-{job_id}.mp4"


def _message(head: str, job: Job, notes: list[str]) -> str:
    """The head, the prompt in the room that the rest leaves, and the notes."""
    rest = [*_negative(job), *(f"-# {note}" for note in notes)]
    # facts and notes are never cut; the prompt is the only part that can be of any length
    room = MAX_CONTENT - len("\n".join([head, "> ", *rest]))
    prompt = f"> {quoted(job.request.prompt, min(_PROMPT_ROOM, room))}"
    return "\n".join([*([head] if head else []), prompt, *rest])


def _negative(job: Job) -> list[str]:
    negative = job.request.negative_prompt
    # the default is long, and no choice of the member
    if negative in {"", DEFAULT_NEGATIVE_PROMPT}:
        return []
    return [f"-# without: {quoted(negative, _NEGATIVE_ROOM)}"]


def _facts(job: Job) -> str:
    parts = [settings_words(job.request)]
    if job.status is JobStatus.SUCCEEDED and job.finished_at is not None:
        parts.append(f"made in {seconds_words(_seconds(job, job.finished_at))}")
    if maker := engine_words(job):
        parts.append(maker)
    parts.append(f"asked by <@{job.requested_by.id}>")
    if job.parent is not None:
        parts.append(f"re-roll of `{job.parent}`")
    return " · ".join([*parts, f"`{job.id}`"])


def _seconds(job: Job, finished_at: datetime) -> float:
    # from the first moment that is known: fast backends never report a start
    return (finished_at - (job.started_at or job.submitted_at or job.created_at)).total_seconds()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
