"""One run of what a platform has to do for Flipbook, step by step, for an operator to send back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np

from generation import mp4

T = TypeVar("T")

CLIP_NAME: Final = "flipbook-selftest.mp4"
CLIP_WIDTH, CLIP_HEIGHT = 256, 144
INTERRUPTED: Final = "whatever it posted, because the deletion was interrupted"
_FRAMES: Final = 16
_FPS: Final = 8


class StepResult(StrEnum):
    """How a step went."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SelftestStep:
    """One line of the report: what was tried, how it went, and what the platform said."""

    what: str
    result: StepResult
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.result:<8}{self.what}{f': {self.detail}' if self.detail else ''}"


class StepFailed(Exception):
    """The platform answered, but not with what Flipbook relies on; the message says how."""


class StepSkipped(Exception):
    """The step cannot be tried here; the message says why."""


@dataclass(frozen=True, slots=True)
class SelftestTarget:
    """Where a chat is tried: a channel, and the member who gets a direct message, if any.
    ``look_seconds``: how long everything stays up for a person to look at."""

    channel: str
    member: str | None = None
    look_seconds: float = 0.0


class Selftest:
    """Tries one step after the other and reports each.

    ``explain`` writes the platform's own error; what it answers None to is a bug and passes.
    """

    def __init__(
        self, report: Callable[[SelftestStep], None], explain: Callable[[Exception], str | None]
    ) -> None:
        self._report = report
        self._explain = explain
        self.left_behind: list[str] = []
        """What could not be deleted, in words; a report that names it is no success."""

    async def step(
        self, what: str, act: Awaitable[T], detail: Callable[[T], str] = lambda _: ""
    ) -> T | None:
        """Try it: its value, or None where it did not work or cannot be tried here."""
        try:
            value = await act
        except StepSkipped as skipped:
            self.skip(what, str(skipped))
        except Exception as error:
            said = str(error) if isinstance(error, StepFailed) else self._explain(error)
            if said is None:
                raise
            self._report(SelftestStep(what, StepResult.FAILED, said))
        else:
            self._report(SelftestStep(what, StepResult.OK, detail(value)))
            return value
        return None

    @asynccontextmanager
    async def deleting(self, delete: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Whatever happens inside, ``delete`` is awaited afterwards; until it has ended, everything
        counts as left behind."""
        self.left_behind.append(INTERRUPTED)
        try:
            yield
        finally:
            await delete()
            self.left_behind.remove(INTERRUPTED)

    def skip(self, what: str, why: str) -> None:
        """A step that is not tried, and why."""
        self._report(SelftestStep(what, StepResult.SKIPPED, why))


def small_clip() -> bytes:
    """An MP4 of two seconds and a few kilobytes: a light that crosses a dark picture. Blocks for
    some milliseconds."""
    across = np.arange(CLIP_WIDTH)[None, :] / CLIP_WIDTH
    down = np.arange(CLIP_HEIGHT)[:, None] / CLIP_HEIGHT
    moments = np.arange(_FRAMES)[:, None, None] / _FRAMES
    light = np.exp(-60 * ((across[None] - moments) ** 2 + (down[None] - 0.5) ** 2))
    colour = np.array([255, 190, 90]) * light[..., None] + np.array([24, 30, 44])
    return mp4.encode(np.clip(colour, 0, 255).astype(np.uint8), _FPS)
