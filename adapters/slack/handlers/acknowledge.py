"""Handles each act once, however often Slack delivers it, and acknowledges it in time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from adapters.gate import ActGate
from adapters.slack.handlers.background import BackgroundTasks
from adapters.slack.handlers.ephemeral import EphemeralSender
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import note_names
from adapters.slack.text import asking, render
from adapters.slack.text.form import FormRefusal
from generation.domain.names import NameBook
from generation.protocol.errors import FlipbookError

ACK_SECONDS: Final = 1.8
"""Slack wants its acknowledgement within three seconds; after this time it gets an empty one, and
the answer follows."""

Work = Callable[[], Awaitable[SlackContent | None]]
"""What a handler does for one act; returns what only the person who acted reads."""


class Acknowledger:
    """Runs handlers in the background and waits for them as long as the acknowledgement may take.

    An act that Slack delivers again is not handled again: it waits for the first delivery's work.
    Both methods raise NotRunning.
    """

    def __init__(
        self,
        background: BackgroundTasks,
        ephemeral: EphemeralSender,
        names: NameBook,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self._background = background
        self._ephemeral = ephemeral
        self._names = names
        self._ack_seconds = ack_seconds
        self._gate: ActGate[asyncio.Task[SlackContent | None]] = ActGate()
        self._log = structlog.get_logger("flipbook.slack")

    async def answer_in_ack(self, act: Act, work: Work) -> SlackContent | None:
        """Handle the act; returns what the acknowledgement says, None for an empty one.

        A late answer is sent to the person after the acknowledgement.
        """
        answer, is_first = self._begin(act, work)
        await asyncio.wait({answer}, timeout=self._ack_seconds)
        if answer.done():
            # a second delivery says the same again: the first acknowledgement may be lost
            return None if answer.cancelled() else answer.result()
        if is_first:
            self._background.start(self._send(act, answer), "answering late")
        return None

    async def answer_form(self, act: Act, work: Work) -> SlackContent | None:
        """Handle a form; returns the refusal that its fields can show while it is open. Any other
        answer, or a late one, is sent to the person: the acknowledgement closes the form."""
        answer, is_first = self._begin(act, work)
        await asyncio.wait({answer}, timeout=self._ack_seconds)
        if answer.done() and not answer.cancelled() and isinstance(answer.result(), FormRefusal):
            return answer.result()
        if is_first:
            self._background.start(self._send(act, answer), "answering a form")
        return None

    async def answer_beside_ack(self, act: Act, work: Work) -> None:
        """Handle an act whose acknowledgement cannot say anything; its answer is sent to the
        person."""
        answer, is_first = self._begin(act, work)
        if is_first:
            self._background.start(self._send(act, answer), "answering one member")
        await asyncio.wait({answer}, timeout=self._ack_seconds)

    def _begin(self, act: Act, work: Work) -> tuple[asyncio.Task[SlackContent | None], bool]:
        note_names(self._names, act)
        kind = act.key.partition(":")[0]
        return self._gate.admit(
            # Slack's ids are unique within a workspace only
            f"{act.team}:{act.key}",
            lambda: self._background.start(self._answer(act, work), f"handling a {kind}"),
        )

    async def _answer(self, act: Act, work: Work) -> SlackContent | None:
        try:
            return await work()
        except FlipbookError as error:
            return asking.refused_content(error, act.typed)
        except Exception:  # noqa: BLE001 - one act never breaks another
            self._log.exception("an act could not be handled")
            return asking.with_typed(render.unexpected_content(), act.typed)

    async def _send(self, act: Act, answer: asyncio.Task[SlackContent | None]) -> None:
        content = await answer
        if content is not None:
            await self._ephemeral.send(act, content)
