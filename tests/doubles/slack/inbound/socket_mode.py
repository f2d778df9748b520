"""Socket Mode: an address for each connection, envelopes out, acknowledgements in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from doubles.slack.faults import AckLost
from doubles.slack.inbound.deliveries import Attempt, Delivery
from doubles.slack.platform import Platform
from doubles.slack.state.workspaces import Json
from doubles.slack.world import APP_ID

MOST_SOCKETS = 10
CLOSING_SECONDS = 1.0
_ANSWERABLE = ("slash", "view_submission")


@dataclass
class Socket:
    """One connection of the bot. `is_leaving`: it gets nothing new; `doomed`: dies once that envelope has arrived."""

    ws: web.WebSocketResponse
    request: web.Request
    attempts: dict[str, tuple[Delivery, Attempt]] = field(default_factory=dict)
    answers_pings: bool = True
    is_leaving: bool = False
    doomed: str | None = None

    def abort(self) -> None:
        """Die without notice."""
        self.is_leaving = True
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketMode:
    """The double's end of every socket. `opened` counts the connections there ever were, `pings` the bot's pings."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tickets: dict[str, bool] = {}
        self._sockets: list[Socket] = []
        self._lost: set[str] = set()
        self.opened = 0
        self.pings = 0

    @property
    def connected(self) -> int:
        """How many sockets are open and take envelopes."""
        return sum(not each.is_leaving for each in self._sockets)

    def open_url(self) -> str:
        """An address for one connection."""
        ticket = self._platform.world.next_id("ticket")
        self._tickets[ticket] = False
        return f"{self._platform.url.replace('http', 'ws', 1)}/link?ticket={ticket}&app_id={APP_ID}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection, from the handshake to its end."""
        ticket = request.query.get("ticket", "")
        if self._tickets.get(ticket, True):
            self._platform.journal.violate("a socket address works once")
            return web.Response(status=403)
        self._tickets[ticket] = True
        ws = web.WebSocketResponse(autoping=False, timeout=CLOSING_SECONDS)
        await ws.prepare(request)
        socket = Socket(ws, request)
        if len(self._sockets) >= MOST_SOCKETS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await ws.close()
            return ws
        await self._serve(socket)
        return ws

    async def send(self, delivery: Delivery, retry: int, patience: float | None) -> Attempt:
        """Hand an envelope to the newest socket; waits for one to be there."""
        while True:
            await self._until_connected(patience)
            socket = next(each for each in reversed(self._sockets) if not each.is_leaving)
            attempt = Attempt(self._platform.world.next_id("envelope-"), self._platform.clock.now(), retry)
            delivery.attempts.append(attempt)
            socket.attempts[attempt.id] = (delivery, attempt)
            if await self._sent(socket, delivery, attempt):
                return attempt
            delivery.attempts.remove(attempt)

    def drop(self) -> None:
        """Every socket dies without notice."""
        for socket in self._sockets:
            socket.abort()

    def stop_pongs(self) -> None:
        """Pings on the sockets open now stay unanswered."""
        for socket in self._sockets:
            socket.answers_pings = False

    async def request_disconnect(self, reason: str) -> None:
        """Ask for new connections; what is not acknowledged yet may still be, until the bot closes the old one."""
        for socket in self._sockets:
            socket.is_leaving = True
            await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "double"}})

    async def close(self) -> None:
        """Close every socket."""
        for socket in list(self._sockets):
            await socket.ws.close()

    async def _until_connected(self, patience: float | None) -> None:
        try:
            await self._platform.changes.until(lambda: self.connected, patience)
        except TimeoutError:
            raise TimeoutError(f"the bot had no socket open for {patience:g} s") from None

    async def _serve(self, socket: Socket) -> None:
        self.opened += 1
        await socket.ws.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets) + 1,
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "double", "approximate_connection_time": 3600},
            }
        )
        self._sockets.append(socket)
        self._platform.journal.note("frame", "hello", None)
        try:
            async for message in socket.ws:
                await self._receive(socket, message)
                if socket.is_leaving and socket.doomed:
                    break
        finally:
            self._gone(socket)

    def _gone(self, socket: Socket) -> None:
        socket.is_leaving = True
        self._sockets.remove(socket)
        self._platform.journal.note("frame", "gone", None)
        for delivery, attempt in socket.attempts.values():
            if not attempt.settled:
                self._lost.add(attempt.id)
                self._platform.courier.was_lost(delivery, attempt)

    async def _sent(self, socket: Socket, delivery: Delivery, attempt: Attempt) -> bool:
        doomed = self._platform.faults.take(AckLost)
        if doomed:
            socket.doomed = attempt.id
        try:
            await socket.ws.send_json(_envelope(delivery, attempt))
            if doomed:
                await socket.ws.ping(b"arrived?")
        except ConnectionError:
            socket.is_leaving = True
            return False
        return True

    async def _receive(self, socket: Socket, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            self.pings += 1
            if socket.answers_pings:
                await socket.ws.pong(message.data)
        elif message.type is WSMsgType.PONG:
            if socket.doomed:
                socket.abort()
        elif message.type is WSMsgType.TEXT:
            self._acknowledged(socket, json.loads(message.data))
        else:
            self._platform.journal.violate(f"a socket frame of the type {message.type.name}")

    def _acknowledged(self, socket: Socket, frame: Any) -> None:
        envelope_id = str(frame.get("envelope_id")) if isinstance(frame, dict) else ""
        known = socket.attempts.get(envelope_id)
        if envelope_id in self._lost:  # Slack's own library acknowledges over whichever socket it has now
            self._platform.journal.note("frame", "acknowledged too late", frame)
        elif known is None:
            self._platform.journal.violate(f"a socket frame that acknowledges nothing: {frame!r:.120}")
        elif socket.doomed == envelope_id:
            socket.abort()
        else:
            self._platform.courier.acknowledge(*known, frame.get("payload"))


def _envelope(delivery: Delivery, attempt: Attempt) -> Json:
    envelope: Json = {
        "type": delivery.envelope,
        "envelope_id": attempt.id,
        "payload": delivery.payload,
        "accepts_response_payload": delivery.kind in _ANSWERABLE,
    }
    if delivery.envelope == "events_api" or attempt.retry:
        envelope |= {"retry_attempt": attempt.retry, "retry_reason": "timeout" if attempt.retry else ""}
    return envelope
