"""Puts a job's outcome where the person at the terminal asked for it: a file."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from generation.delivery import Delivery
from generation.errors import RungFailed
from generation.job import Job
from generation.places import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import Noter, Parcel
from generation.progress import Progress

LOCAL_SERVER = ServerRef(Platform.TERMINAL, "local")
LOCAL_CHANNEL = ChannelRef(LOCAL_SERVER, "terminal")
LOCAL_USER = UserRef(Platform.TERMINAL, "operator")


def check_output(output: Path) -> None:
    """Raise OSError where a clip could not be written: better before it is made than afterwards."""
    if output.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(output))
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(output.parent))


class TerminalMessenger:
    """Writes the clip to ``output``, whole or not at all, and hands progress to ``shown``."""

    platform = Platform.TERMINAL
    seconds_between_edits = 0.1

    def __init__(self, output: Path, shown: Callable[[Progress], None]) -> None:
        self._output = output
        self._shown = shown

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:  # noqa: ARG002 - the port's words
        """There is one way: the file."""
        return ("file",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:  # noqa: ARG002
        """Hand the newest state to the screen."""
        self._shown(progress)

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:  # noqa: ARG002
        """Write the file beside its place and move it there. Raises RungFailed where that cannot be done."""
        if parcel.video is not None:
            try:
                await asyncio.to_thread(self._write, parcel.video)
            except OSError as error:
                raise RungFailed(f"{self._output} cannot be written ({error.strerror})") from error
        return MessageRef(LOCAL_CHANNEL, parcel.job.id)

    def _write(self, video: Path) -> None:
        self._output.parent.mkdir(parents=True, exist_ok=True)
        partial = self._output.with_name(f".{self._output.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(video, partial)
            partial.replace(self._output)
        finally:
            partial.unlink(missing_ok=True)
