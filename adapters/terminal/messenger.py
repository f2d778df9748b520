"""Delivers a job's clip to a file that was named on the command line."""

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import DeliveryPayload, NoticePayload, SaveNote
from generation.protocol.errors import DeliveryStepFailed
from generation.protocol.progress import Progress

LOCAL_SERVER = ServerRef(Platform.TERMINAL, "local")
LOCAL_CHANNEL = ChannelRef(LOCAL_SERVER, "terminal")
DETACHED_CHANNEL = ChannelRef(LOCAL_SERVER, "detached")
"""Of jobs that go on without a terminal; their clips stay in the store."""
LOCAL_USER = UserRef(Platform.TERMINAL, "operator")


def needs_its_terminal(job: Job) -> bool:
    """Whether a job is of use only to the terminal that has asked for it and holds it."""
    return job.channel == LOCAL_CHANNEL


def check_output(output: Path) -> None:
    """Raise OutputUnusable where a clip could not be written: better before it is rendered than
    after."""
    try:
        if output.exists() and not output.is_file():
            raise FileExistsError(errno.EEXIST, "it is a folder" if output.is_dir() else "no file")
        output.parent.mkdir(parents=True, exist_ok=True)
        # what the system says of the very file that is written first, whatever the reason
        partial = _partial(output)
        partial.touch()
        partial.unlink()
    except OSError as error:
        # making a folder where a file is
        in_the_way = error.filename == str(output.parent) and isinstance(error, FileExistsError)
        reason = f"{output.parent} is no folder" if in_the_way else error.strerror or str(error)
        raise OutputUnusable(output, reason) from None


class OutputUnusable(Exception):
    """A clip cannot be written to that file; nothing was asked for."""

    def __init__(self, output: Path, reason: str) -> None:
        super().__init__(
            f"{output.absolute()} cannot be written ({reason}). Nothing was asked for; choose "
            "another --output."
        )


class TerminalMessenger:
    """Writes the clip to ``output``, whole or not at all; progress goes to ``show_progress``. A
    file that is there by then is left alone, unless the messenger ``replaces`` it."""

    platform = Platform.TERMINAL
    seconds_between_edits = 0.1

    def __init__(
        self, output: Path, show_progress: Callable[[Progress], None], *, replaces: bool = True
    ) -> None:
        self._output = output
        self._replaces = replaces
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

    async def post_notice(self, payload: NoticePayload, note: SaveNote) -> None:
        """Nobody reads a terminal later: what concerns one is told in the log."""

    async def retract(self, job: Job, delivery: Delivery) -> None:
        """A file that was written for a member of this machine is theirs."""

    def _write(self, video: Path) -> None:
        self._output.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(self._output)
        try:
            # copied, because the clip stays in the artifact store
            shutil.copyfile(video, partial)
            self._put_in_place(partial)
        finally:
            partial.unlink(missing_ok=True)

    def _put_in_place(self, partial: Path) -> None:
        if not self._replaces:
            # unlike a rename, a link never takes the place of a file; some file systems have none
            with contextlib.suppress(OSError):
                self._output.hardlink_to(partial)
                return
            if self._output.exists():
                raise FileExistsError(errno.EEXIST, "a file of that name has appeared")
        partial.replace(self._output)


def _partial(output: Path) -> Path:
    """A hidden file beside it, so that the file is never half a clip."""
    return output.with_name(f".{output.name}.{os.getpid()}.part")
