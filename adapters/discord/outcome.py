"""A job's outcome on its way into one message: with its clip, smaller where Discord takes less, else in words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import discord

from adapters.discord import render
from adapters.discord.errors import TOO_LARGE, TOO_LARGE_STATUS
from adapters.discord.mail import Sheet
from adapters.discord.upload import fit_upload
from generation.errors import ArtifactError, CannotFit
from generation.job import JobStatus
from generation.ports import Parcel

Put = Callable[[Sheet], Awaitable[discord.Message]]
"""Puts a sheet where the outcome belongs."""

_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an outcome goes: how to put it there, bytes per file, buttons, and what else is to be said."""

    put: Put
    limit_bytes: int
    view: discord.ui.View | None
    note: str | None = None


async def put_outcome(parcel: Parcel, slot: Slot) -> discord.Message:
    """Put the outcome there. What Discord finds too large in spite of its own limit is tried once more at half the
    size; a clip that fits nowhere is told in words and stays kept. Words alone take away the look that a message may
    still show, but never a clip. Raises what ``put`` raises."""
    job = parcel.job
    if parcel.video is None:
        words = render.ended(job, has_clip=False, notes=_notes(slot.note))
        return await slot.put(Sheet(words, view=slot.view, bare=job.status is not JobStatus.SUCCEEDED))
    limit_bytes = slot.limit_bytes
    trouble: ArtifactError = CannotFit(limit_bytes)
    for _ in range(_TRIES):
        try:
            upload = await fit_upload(job, parcel.video, limit_bytes)
        except ArtifactError as error:
            trouble = error
            break
        notes = _notes(render.fitted_note(upload.fitted), slot.note)
        try:
            return await slot.put(Sheet(render.ended(job, has_clip=True, notes=notes), upload, slot.view))
        except discord.HTTPException as error:
            if error.code != TOO_LARGE and error.status != TOO_LARGE_STATUS:
                raise
            limit_bytes = min(limit_bytes, len(upload.data)) // 2
    words = render.kept_back(job, trouble, parcel.link, notes=_notes(slot.note))
    return await slot.put(Sheet(words, view=slot.view, bare=isinstance(trouble, CannotFit)))


def _notes(*notes: str | None) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
