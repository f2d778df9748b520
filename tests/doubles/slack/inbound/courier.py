"""Hands deliveries to the bot and sees that each is acknowledged within three seconds, exactly once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

from doubles.slack.faults import EventsDoubled
from doubles.slack.inbound import answers
from doubles.slack.inbound.deliveries import Ack, Attempt, Delivery
from doubles.slack.platform import Platform

CONNECT_SECONDS = 30.0
"""How long the human side waits for a bot that is not connected yet."""
WAIT_SECONDS = 40.0
"""How long it waits for what the bot does."""


class Transport(Protocol):
    """A transport to the bot: Socket Mode or signed HTTP."""

    async def send(self, delivery: Delivery, retry: int, patience: float | None) -> Attempt:
        """Hand it over once; the ack comes later.

        `retry` counts earlier attempts; when the bot cannot be reached within `patience` seconds, TimeoutError.
        """
        ...


class Courier:
    """Sends deliveries over the transport in use and keeps them all."""

    def __init__(self, platform: Platform, transport: Transport) -> None:
        self._platform = platform
        self.transport = transport
        self.deliveries: list[Delivery] = []

    async def deliver(self, delivery: Delivery, patience: float | None = None) -> Delivery:
        """Hand over and wait until it is acknowledged, lost, refused or overdue.

        TimeoutError when the bot cannot be reached within `patience` seconds (None: it is waited for).
        """
        self._register(delivery)
        return await self._hand_over(delivery, patience)

    def dispatch(self, delivery: Delivery) -> None:
        """Deliver beside what goes on, however long it takes the bot to be there."""
        self._register(delivery)
        self._platform.tasks.start(self._hand_over(delivery, None))

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Deliver the same payload again, as Slack does when it saw no acknowledgement."""
        await self._once(delivery, len(delivery.attempts))
        return delivery

    def was_lost(self, delivery: Delivery, attempt: Attempt) -> None:
        """The connection died before the ack: it comes again over the next one."""
        attempt.lost = True
        self._platform.changes.announce()
        self._platform.tasks.start(self._once(delivery, len(delivery.attempts)))

    def acknowledge(self, delivery: Delivery, attempt: Attempt, payload: Any) -> None:
        """The bot has acknowledged an attempt, with a payload or without."""
        journal, now = self._platform.journal, self._platform.clock.now()
        journal.note("ack", delivery.kind, payload)
        if attempt.ack is not None:
            journal.violate(f"{delivery.kind}: acknowledged twice")
            return
        attempt.ack = Ack(now, now - attempt.sent_at, payload)
        if attempt.ack.delay > self._platform.ack_limit and not attempt.excused:
            journal.violate(f"{delivery.kind}: acknowledged after {attempt.ack.delay:.1f} s")
        answers.take(self._platform, delivery, payload)
        self._platform.changes.announce()

    async def acknowledged(self, delivery: Delivery, timeout: float = WAIT_SECONDS) -> Ack:
        """The first acknowledgement of a delivery, waited for."""
        ack = await self._platform.changes.until(lambda: delivery.ack, timeout)
        assert ack is not None
        return ack

    async def concerning(self, ts: str) -> Delivery | None:
        """The event about the message with that timestamp, when one went out; waits until it is handed over."""
        told = next((each for each in reversed(self.deliveries) if _is_about(each, ts)), None)
        if told is not None:
            await self._platform.changes.until(lambda: told.handed_over, CONNECT_SECONDS + self._platform.ack_limit)
        return told

    async def settle(self) -> None:
        """Wait for the acks that are still missing, as long as each may take."""
        for delivery in list(self.deliveries):
            for attempt in list(delivery.attempts):
                await self._settled(delivery, attempt)

    def _register(self, delivery: Delivery) -> None:
        self._platform.journal.judge_delivery(delivery.kind, delivery.payload)
        self._platform.journal.note("delivery", delivery.kind, delivery.payload)
        self.deliveries.append(delivery)

    async def _hand_over(self, delivery: Delivery, patience: float | None) -> Delivery:
        doubled = self._platform.faults.take(EventsDoubled) if delivery.envelope == "events_api" else None
        if doubled is None:
            await self._once(delivery, 0, patience)
        elif doubled.fresh_id:
            await asyncio.gather(self._once(delivery, 0), self._once(self._twin(delivery), 0))
        else:
            await asyncio.gather(self._once(delivery, 0), self._once(delivery, 1))
        delivery.handed_over = True
        self._platform.changes.announce()
        return delivery

    async def _once(self, delivery: Delivery, retry: int, patience: float | None = None) -> None:
        attempt = await self.transport.send(delivery, retry, patience)
        await self._settled(delivery, attempt)

    async def _settled(self, delivery: Delivery, attempt: Attempt) -> None:
        clock, limit = self._platform.clock, self._platform.ack_limit

        def is_over() -> bool:
            return attempt.settled or clock.now() - attempt.sent_at > limit

        while not is_over():
            with contextlib.suppress(TimeoutError):
                await self._platform.changes.until(is_over, attempt.sent_at + limit - clock.now())
        if not attempt.settled and not attempt.excused:
            attempt.excused = True
            self._platform.journal.violate(f"{delivery.kind}: not acknowledged within {limit:g} s")

    def _twin(self, delivery: Delivery) -> Delivery:
        payload = {**delivery.payload, "event_id": self._platform.world.next_id("Ev")}
        twin = Delivery(delivery.envelope, delivery.kind, payload, delivery.team, handed_over=True)
        self._register(twin)
        return twin


def _is_about(delivery: Delivery, ts: str) -> bool:
    event = delivery.payload.get("event")
    return isinstance(event, dict) and event.get("ts") == ts
