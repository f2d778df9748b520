"""What every chat says when a job has ended: how, where its clip is, and how to get it again."""

from typing import Final

from generation.domain.job import Job, JobStatus
from generation.ports import ClipLink
from generation.protocol.errors import ClipDeleted, ClipHidden
from generation.text.dialect import PLAIN, Dialect, Markup, excerpt
from generation.text.errors import MISSING, NO_CLIP, NOT_COUNTED, failure_sentence, sentence

_REASON_ROOM: Final = 300


def ended_words(job: Job, d: Dialect = PLAIN) -> Markup:
    """How a job ended that shows no clip."""
    if job.deleted_at is not None:
        return sentence(ClipDeleted(job.id), d)
    match job.status:
        case JobStatus.SUCCEEDED if job.hidden_at is not None:
            return sentence(ClipHidden(job.id), d)
        case JobStatus.SUCCEEDED if job.prompt_removed_at is not None:
            return d.gettext("The clip is no longer kept, nor is what it was made from.")
        case JobStatus.SUCCEEDED:
            # the store keeps clips for a limited time
            return d.gettext(MISSING)
        case JobStatus.CANCELLED:
            said = (d.gettext("Cancelled."), d.gettext(NOT_COUNTED))
            return Markup(" ".join(said))
        case _:
            return failure_sentence(job.failure, d) if job.failure else d.gettext(NO_CLIP)


def cancelling_words(job: Job, d: Dialect = PLAIN) -> Markup:
    """After ✖; a backend may need time to stop a job, or refuse to."""
    if job.status is JobStatus.CANCELLED:
        return ended_words(job, d)
    return d.gettext("The clip is being cancelled. If it is nearly done, it may still arrive.")


def stale_button_words(d: Dialect) -> Markup:
    """For a button of another version, or a forged one."""
    return d.gettext(
        "This button no longer does anything. {command} makes a new clip.",
        command=Markup(d.code("/animate")),
    )


def kept_words(job: Job, link: ClipLink | None, d: Dialect) -> Markup:
    """How to get a clip that is stored and not shown."""
    command, watch = Markup(d.code(d.show(job.name))), d.gettext("watch it here")
    if link is None:
        return d.gettext("It is kept: {command} sends it again.", command=command)
    return d.gettext(
        "It is kept: {watch} (the link expires {when}), or {command} sends it again.",
        watch=Markup(d.link(link.url, watch)),
        when=Markup(d.when(link.until)),
        command=command,
    )


def undelivered_words(
    job: Job, reasons: tuple[str, ...], link: ClipLink | None, d: Dialect
) -> Markup:
    """When no message could take the clip: why, and how to get it."""
    said = d.gettext(
        "The clip is made, but it could not be posted here: {why}.",
        why=_joined(reasons, d) or d.gettext("{chat} did not take it", chat=d.platform.title()),
    )
    return Markup(f"{said} {kept_words(job, link, d)}")


def moved_words(reasons: tuple[str, ...], d: Dialect) -> Markup | None:
    """Why a clip is not in the message that showed its progress."""
    why = _joined(reasons, d)
    return d.gettext("It is posted here because {why}.", why=why) if why else None


def description(job: Job, room: int, d: Dialect = PLAIN) -> str:
    """What a clip shows, for members who cannot see it: without markup, which a screen reader would
    read out."""
    plain = Markup(excerpt(job.request.prompt, room))
    return d.gettext("A short animation: {prompt}", prompt=plain)


def _joined(reasons: tuple[str, ...], d: Dialect) -> Markup | None:
    # without repeats: several steps may fail for the same reason
    named = d.gettext(", and ").join(dict.fromkeys(reasons))
    return Markup(d.quote(named, _REASON_ROOM)) if named else None
