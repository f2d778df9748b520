"""Attachments for a message: the clip, made smaller where the limit asks for it, or a preview."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import discord

from adapters.discord.text.render import Fitted, alt_text, file_name
from generation import mp4
from generation.domain.job import Job
from generation.protocol.progress import PreviewFrame

_USABLE: Final = 0.98
"""Share of a limit: Discord has counted more than the file's own bytes before."""


@dataclass(frozen=True, slots=True)
class ClipAttachment:
    """The MP4's bytes to send, and what was changed to fit them."""

    job: Job
    data: bytes
    fitted: Fitted

    def file(self) -> discord.File:
        """A new attachment: each request consumes its file."""
        return discord.File(
            io.BytesIO(self.data),
            file_name(self.job.id),
            description=alt_text(self.job),
            spoiler=self.job.is_spoiler,
        )


@dataclass(frozen=True, slots=True)
class PreviewAttachment:
    """A preview frame of an unfinished clip; the clip replaces it."""

    job: Job
    preview: PreviewFrame

    def file(self) -> discord.File:
        """A new attachment, with another name than the clip's: the messenger finds clips by it."""
        return discord.File(
            io.BytesIO(self.preview.picture), "appearing.webp", description=alt_text(self.job)
        )


async def fit_attachment(job: Job, video: Path, limit_bytes: int) -> ClipAttachment:
    """The clip in a little less than ``limit_bytes``, changed as little as possible.

    Raises CannotFit or CorruptVideo, OSError for a file that cannot be read.
    """
    # reading and re-encoding would block the event loop for seconds
    found = await asyncio.to_thread(lambda: mp4.fit(video.read_bytes(), int(limit_bytes * _USABLE)))
    # what the file is now, not what the job asked for: fitting may change all three
    clip = found.video
    fitted = Fitted(
        found.change, limit_bytes, width=clip.width, height=clip.height, fps=float(clip.fps)
    )
    return ClipAttachment(job, found.data, fitted)
