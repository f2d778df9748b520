"""Puts a job's outcome into one message: with its clip, smaller where Discord accepts less, else in
words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import discord

from adapters.discord.delivery.posts import DiscordContent
from adapters.discord.delivery.upload import fit_attachment
from adapters.discord.errors import TOO_LARGE, TOO_LARGE_STATUS
from adapters.discord.text import render
from generation.domain.job import JobStatus
from generation.ports import DeliveryPayload
from generation.protocol.errors import ArtifactError, CannotFit

Send = Callable[[DiscordContent], Awaitable[discord.Message]]
"""Posts the content as a new message, or edits it into one."""

_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class OutcomeTarget:
    """The message for an outcome: how to send it, its limit in bytes per file, its buttons, and a
    note to add."""

    send: Send
    limit_bytes: int
    view: discord.ui.View | None
    note: str | None = None


async def send_outcome(payload: DeliveryPayload, target: OutcomeTarget) -> discord.Message:
    """Send the outcome.

    A clip that Discord refuses as too large, although it is within the limit that Discord named, is
    tried again at half the size. A clip that cannot be made small enough stays stored, and the
    message says so. Raises what ``target.send`` raises.
    """
    if payload.video is None:
        return await target.send(_without_clip(payload, target))
    limit_bytes = target.limit_bytes
    trouble: ArtifactError = CannotFit(limit_bytes)
    for _ in range(_TRIES):
        try:
            attachment = await fit_attachment(payload.job, payload.video, limit_bytes)
        except ArtifactError as error:
            # CannotFit or CorruptVideo: a second try would find the same
            trouble = error
            break
        notes = _notes(render.fitted_note(attachment.fitted), target.note)
        words = render.ended(payload.job, has_clip=True, notes=notes)
        try:
            return await target.send(DiscordContent(words, attachment, target.view))
        except discord.HTTPException as error:
            if error.code != TOO_LARGE and error.status != TOO_LARGE_STATUS:
                raise
            # the refusal names no limit; half of what was refused is the next guess
            limit_bytes = min(limit_bytes, len(attachment.data)) // 2
    return await target.send(_kept_back(payload, trouble, target))


def _without_clip(payload: DeliveryPayload, target: OutcomeTarget) -> DiscordContent:
    job = payload.job
    words = render.ended(job, has_clip=False, notes=_notes(target.note))
    # a preview has to go; but a clip whose file is gone from the store may still be in the message
    is_kept = job.status is JobStatus.SUCCEEDED and job.hidden_at is None
    return DiscordContent(words, view=target.view, remove_attachments=not is_kept)


def _kept_back(
    payload: DeliveryPayload, trouble: ArtifactError, target: OutcomeTarget
) -> DiscordContent:
    # of a damaged clip an earlier attempt may have left a good copy in the message; it stays
    words = render.kept_back(payload.job, trouble, payload.link, notes=_notes(target.note))
    return DiscordContent(
        words, view=target.view, remove_attachments=isinstance(trouble, CannotFit)
    )


def _notes(*notes: str | None) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
