"""A clip on its way into a message: read, and made smaller where the place takes less."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import discord

from adapters.discord.render import Fitted, alt_text, file_name
from generation import mp4
from generation.job import Job
from generation.progress import Look

_USABLE: Final = 0.98
"""Of a limit: Discord has counted more than the file's own bytes before."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The MP4's bytes as they go out, and what it took to fit them."""

    job: Job
    data: bytes
    fitted: Fitted

    def file(self) -> discord.File:
        """A fresh attachment: a request uses its file up."""
        return discord.File(io.BytesIO(self.data), file_name(self.job.id), description=alt_text(self.job))


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A look at a clip that is still appearing; the clip takes its place."""

    job: Job
    look: Look

    def file(self) -> discord.File:
        """A fresh attachment, named unlike the clip: nobody is to take it for one."""
        return discord.File(io.BytesIO(self.look.picture), "appearing.webp", description=alt_text(self.job))


async def fit_upload(job: Job, video: Path, limit_bytes: int) -> Upload:
    """The clip in a little less than ``limit_bytes``, changed as little as that takes.

    Raises CannotFit or CorruptVideo, OSError for a file that cannot be read.
    """
    found = await asyncio.to_thread(lambda: mp4.fit(video.read_bytes(), int(limit_bytes * _USABLE)))
    clip = found.video
    fitted = Fitted(found.change, limit_bytes, width=clip.width, height=clip.height, fps=float(clip.fps))
    return Upload(job, found.data, fitted)
