"""Every text that members read about a clip: one message from "queued" to the MP4, and why it is not where it was."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.discord.errors import LACKS_PERMISSION
from adapters.discord.markup import escaped, escaped_sentence, quoted, relative_moment
from generation import wording
from generation.clip_words import bar, maker_words, progress_words, seconds_words, settings_words
from generation.errors import ArtifactError, ArtifactMissing, CannotFit, FlipbookError
from generation.job import Job, JobId, JobStatus
from generation.mp4 import Change
from generation.ports import ClipLink
from generation.progress import Phase, Progress
from generation.request import DEFAULT_NEGATIVE_PROMPT

MAX_CONTENT: Final = 2000
SENT_PRIVATELY: Final = "It could not be shown here. I have sent it to you in a direct message."
_PROMPT_ROOM: Final = 1000
_NEGATIVE_ROOM: Final = 200
_NOTE_ROOM: Final = 300
_ALT_ROOM: Final = 500
_SIGNS: Final = {Phase.WAITING: "⏳", Phase.QUEUED: "⏳", Phase.RENDERING: "🎬", Phase.FETCHING: "📦"}
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fitted:
    """What it took to get a clip below a place's limit: ``limit_bytes``, and the clip's sides and speed now."""

    change: Change
    limit_bytes: int
    width: int
    height: int
    fps: float


def refusal(error: FlipbookError) -> str:
    """One sentence for anything that went wrong, with times as Discord renders them."""
    return escaped_sentence(wording.sentence(error, relative_moment))[:MAX_CONTENT]


def under_way(job: Job, progress: Progress, now: datetime) -> str:
    """The message of a job that has not ended: where it is, how long still, what was asked."""
    head = f"{_SIGNS[progress.phase]} **{_capital(escaped(progress_words(progress)))}**"
    if progress.phase is Phase.RENDERING and progress.steps is not None:
        head += f"\n`{bar(progress.steps.fraction)}` {progress.steps.fraction:.0%}"
    if progress.eta_seconds is not None:
        head += f" · ready {relative_moment(now + timedelta(seconds=progress.eta_seconds))}"
    return _message(head, job, [_facts(job)])


def ended(job: Job, *, has_clip: bool, notes: tuple[str, ...] = ()) -> str:
    """The message of a job that has ended, with the clip attached where there is one."""
    match job.status:
        case JobStatus.SUCCEEDED:
            head = "" if has_clip else f"📭 {refusal(ArtifactMissing())}"
        case JobStatus.CANCELLED:
            head = "✖️ Cancelled. It does not count against your quota."
        case _:
            head = f"❌ {wording.failure_sentence(job.failure)}" if job.failure else "❌ The clip could not be made."
    return _message(head, job, [_facts(job), *notes])


def kept_back(job: Job, error: ArtifactError, link: ClipLink | None, *, notes: tuple[str, ...] = ()) -> str:
    """The message of a clip that exists but cannot be shown there: too large for the place, or damaged."""
    kept = f"It is kept: {_to_the_clip(link)}`/flipbook show id:{job.id}` brings it where more is allowed."
    sentences = f"📭 {refusal(error)} {kept}" if isinstance(error, CannotFit) else f"📭 {refusal(error)}"
    return _message(sentences, job, [_facts(job), *notes])


def undelivered(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> str:
    """The message of a clip that no way could bring, each with its reason."""
    why = quoted(", and ".join(dict.fromkeys(reasons)) or "Discord does not take it", _NOTE_ROOM)
    kept = f"It is kept: {_to_the_clip(link)}`/flipbook show id:{job.id}` brings it once that has changed."
    return _message(f"📭 The clip is done, but it could not be brought here: {why}. {kept}", job, [_facts(job)])


def _to_the_clip(link: ClipLink | None) -> str:
    """Our own link, the only one in a message that is live."""
    return f"[watch it here](<{link.url}>) until {relative_moment(link.until)}, or " if link is not None else ""


def fitted_note(fitted: Fitted) -> str | None:
    """What was changed to get below the limit; None where nothing was."""
    why = f"Too large for this place ({fitted.limit_bytes / _MIB:.3g} MiB), so shown"
    match fitted.change:
        case Change.NOTHING:
            return None
        case Change.BIT_RATE:
            return f"{why} at a lower bit rate."
        case Change.SIZE:
            return f"{why} smaller, at {fitted.width}×{fitted.height}."
        case Change.FRAME_RATE:
            return f"{why} smaller and less smooth, at {fitted.width}×{fitted.height} and {fitted.fps:g} fps."


def moved_note(reasons: tuple[str, ...], *, from_channel: int | None = None) -> str | None:
    """Why the outcome is here and not in the message that showed the progress; ``from_channel`` in a direct message."""
    if not reasons and from_channel is None:
        return None
    asked = f"You asked for it in <#{from_channel}>. " if from_channel is not None else ""
    why = f"It is posted here because {quoted(', and '.join(dict.fromkeys(reasons)), _NOTE_ROOM)}." if reasons else ""
    return f"{asked}{why}".strip()


def left_behind(job: Job, went_to: str) -> str:
    """The message that showed the progress, where the clip could not be put into it; ``went_to`` says where it is."""
    return _message(f"📨 The clip could not be put here: {LACKS_PERMISSION}. It went to {went_to}.", job, [_facts(job)])


def alt_text(job: Job) -> str:
    """What a screen reader says of the clip."""
    return f"Clip: {quoted(job.request.prompt, _ALT_ROOM)}"


def file_name(job_id: JobId) -> str:
    """The attachment's name: never a stranger's words."""
    return f"flipbook-{job_id}.mp4"


def _message(head: str, job: Job, notes: list[str]) -> str:
    """The prompt takes what room the rest leaves."""
    rest = [*_negative(job), *(f"-# {note}" for note in notes)]
    room = MAX_CONTENT - len("\n".join([head, "> ", *rest]))
    prompt = f"> {quoted(job.request.prompt, min(_PROMPT_ROOM, room))}"
    return "\n".join([*([head] if head else []), prompt, *rest])


def _negative(job: Job) -> list[str]:
    negative = job.request.negative_prompt
    if negative in {"", DEFAULT_NEGATIVE_PROMPT}:
        return []
    return [f"-# without: {quoted(negative, _NEGATIVE_ROOM)}"]


def _facts(job: Job) -> str:
    parts = [settings_words(job.request)]
    if job.status is JobStatus.SUCCEEDED and job.finished_at is not None:
        parts.append(f"made in {seconds_words(_seconds(job, job.finished_at))}")
    if maker := maker_words(job):
        parts.append(maker)
    parts.append(f"asked by <@{job.requested_by.id}>")
    if job.parent is not None:
        parts.append(f"re-roll of `{job.parent}`")
    return " · ".join([*parts, f"`{job.id}`"])


def _seconds(job: Job, finished_at: datetime) -> float:
    return (finished_at - (job.started_at or job.submitted_at or job.created_at)).total_seconds()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
