"""Delivers a job's clip to a file that was named on the command line."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import DeliveryPayload, SaveNote
from generation.protocol.errors import DeliveryStepFailed
from generation.protocol.progress import Progress

LOCAL_SERVER = ServerRef(Platform.TERMINAL, "local")
LOCAL_CHANNEL = ChannelRef(LOCAL_SERVER, "terminal")
LOCAL_USER = UserRef(Platform.TERMINAL, "operator")


def check_output(output: Path) -> None:
    """Raise OSError where a clip could not be written: better before it is rendered than after."""
    if output.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(output))
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(output.parent))


class TerminalMessenger:
    """Writes the clip to ``output``, whole or not at all; progress goes to ``show_progress``."""

    platform = Platform.TERMINAL
    seconds_between_edits = 0.1

    def __init__(self, output: Path, show_progress: Callable[[Progress], None]) -> None:
        self._output = output
        self._show_progress = show_progress

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:  # noqa: ARG002 - the port's words
        """A single step: the file."""
        return ("file",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:  # noqa: ARG002
        """Pass the newest progress on."""
        self._show_progress(progress)

    async def deliver(
        self,
        payload: DeliveryPayload,
        step: str,  # noqa: ARG002 - the port's
        note: SaveNote,  # noqa: ARG002 - the port's
    ) -> MessageRef | None:
        """Write the clip to the file. Raises DeliveryStepFailed where that is not possible."""
        # a failed job has no clip, and its message is printed by the command
        if payload.video is not None:
            try:
                await asyncio.to_thread(self._write, payload.video)
            except OSError as error:
                raise DeliveryStepFailed(
                    f"{self._output} cannot be written ({error.strerror})"
                ) from error
        return MessageRef(LOCAL_CHANNEL, payload.job.id)

    def _write(self, video: Path) -> None:
        self._output.parent.mkdir(parents=True, exist_ok=True)
        # a hidden file beside it, so that the file is never half a clip
        partial = self._output.with_name(f".{self._output.name}.{os.getpid()}.part")
        try:
            # copied, because the clip stays in the artifact store
            shutil.copyfile(video, partial)
            partial.replace(self._output)
        finally:
            partial.unlink(missing_ok=True)
