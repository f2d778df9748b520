"""The gateway: sockets, the sessions that outlive them, and the events for each session."""

import asyncio
import json
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from aiohttp import WSMsgType, web

from doubles.discord.gateway.intents import PRIVILEGED, Intent, seen_by, wanted_intent
from doubles.discord.record import Exchange, Record
from doubles.discord.state.messages import Json
from doubles.discord.state.places import Channel
from doubles.discord.state.world import World
from doubles.discord.wire.payloads import guild_payload, own_user_payload

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 9, 10, 11
ENDS_SESSION = frozenset({1000, 1001})
"""A client that closes with one of these gives its session up."""
SESSIONS_LOST = frozenset({4003, 4007, 4009})
"""After these, closed by Discord, a client has to start a new session."""
CLOSE_SECONDS = 2.0
"""How long to wait for a client to answer a close frame."""


@dataclass(eq=False)
class Socket:
    """One open connection, with its own outgoing queue and its own zlib context."""

    ws: web.WebSocketResponse
    request: web.Request
    compressor: Any = None
    outbox: asyncio.Queue[tuple[str, Any]] = field(default_factory=asyncio.Queue)
    session: "Session | None" = None
    acknowledges: bool = True
    closed_with: int | None = None
    """The code with which this side closed it."""

    def send(self, opcode: int, data: object = None, *, event: str | None = None, sequence: int | None = None) -> None:
        """Queue one frame."""
        self.outbox.put_nowait(("frame", json.dumps({"op": opcode, "d": data, "s": sequence, "t": event})))

    def close(self, code: int) -> None:
        """Close after everything queued has gone out."""
        self.closed_with = code
        self.outbox.put_nowait(("close", code))

    def abort(self) -> None:
        """Abort the TCP connection without a close frame."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass(eq=False)
class Session:
    """What a client identified as; events are kept so that RESUME can replay them."""

    id: str
    intents: int
    delivered: Counter[str]
    """How often each interaction was sent, by its id; shared by all sessions."""
    socket: Socket | None = None
    sequence: int = 0
    sent: list[tuple[int, str, Json]] = field(default_factory=list)

    def push(self, event: str, data: Json) -> None:
        """Number an event, keep it, and send it when a socket is connected."""
        self.sequence += 1
        self.sent.append((self.sequence, event, data))
        if self.socket is not None:
            self._send(self.socket, self.sequence, event, data)

    def replay(self, after: int) -> None:
        """Send again what came after a sequence number."""
        assert self.socket is not None
        for sequence, event, data in self.sent:
            if sequence > after:
                self._send(self.socket, sequence, event, data)

    def _send(self, socket: Socket, sequence: int, event: str, data: Json) -> None:
        socket.send(DISPATCH, data, event=event, sequence=sequence)
        if event == "INTERACTION_CREATE":
            self.delivered[data["id"]] += 1


@dataclass(eq=False)
class Gateway:
    """All sockets and sessions of the bot; two processes with one token both get every event."""

    world: World
    record: Record
    resume_url: str = ""
    heartbeat_ms: int = 41_250
    allowed_privileged: int = 0
    sockets: set[Socket] = field(default_factory=set)
    sessions: dict[str, Session] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)
    """How often each interaction reached a client, by its id: more than once after a replay, or to two processes."""
    identified: int = 0
    resumed: int = 0
    duplicates: list[str | None] = field(default_factory=list)
    """A fault: events (by name; None: whichever comes) that are still to be sent twice."""
    replay_extra: int = 0
    """A fault: how many events too many the next RESUME replays."""
    is_mute: bool = False
    """A fault: IDENTIFY gets no answer."""

    @property
    def live(self) -> list[Session]:
        """The sessions with a connected socket."""
        return [session for session in self.sessions.values() if session.socket is not None]

    def dispatch(self, event: str, data: Json, *, channel: Channel | None = None) -> None:
        """Send an event to every session that asked for its kind."""
        self.record.judge_frame(event, data)
        self.record.note(Exchange(self.world.clock.now(), "to bot", event, sent=data))
        times = 2 if self._is_duplicate(event) else 1
        wanted = wanted_intent(event, channel)
        for session in self.sessions.values():
            if wanted is None or session.intents & wanted:
                for _ in range(times):
                    session.push(event, seen_by(session.intents, event, data, self.world.bot))

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end."""
        socket = Socket(web.WebSocketResponse(max_msg_size=0, compress=False, timeout=CLOSE_SECONDS), request)
        if request.query.get("compress") == "zlib-stream":
            socket.compressor = zlib.compressobj()
        await socket.ws.prepare(request)
        self.sockets.add(socket)
        self._greet(socket)
        writer = asyncio.create_task(self._write(socket))
        try:
            await self._read(socket)
        finally:
            self.sockets.discard(socket)
            self._detach(socket)
            self.record.changes.announce()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket.ws

    def forget_sessions(self) -> None:
        """Drop every session, so that no RESUME succeeds."""
        self.sessions.clear()

    def _greet(self, socket: Socket) -> None:
        hello = {"heartbeat_interval": self.heartbeat_ms}
        self.record.judge_frame("HELLO", hello)
        socket.send(HELLO, hello)

    async def _read(self, socket: Socket) -> None:
        async for message in socket.ws:
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:  # hikari sends its JSON as binary frames
                break
            frame = json.loads(message.data)
            if frame["op"] != HEARTBEAT:
                self.record.note(Exchange(self.world.clock.now(), "from bot", f"op {frame['op']}", sent=frame.get("d")))
            self._receive(socket, frame["op"], frame.get("d"))

    async def _write(self, socket: Socket) -> None:
        with suppress(ConnectionError):
            while not socket.ws.closed:
                kind, what = await socket.outbox.get()
                if kind == "close":
                    await socket.ws.close(code=what)
                elif socket.compressor is None:
                    await socket.ws.send_str(what)
                else:
                    data = socket.compressor.compress(what.encode()) + socket.compressor.flush(zlib.Z_SYNC_FLUSH)
                    await socket.ws.send_bytes(data)

    def _receive(self, socket: Socket, opcode: int, data: Any) -> None:
        if opcode == HEARTBEAT:
            if socket.acknowledges:
                socket.send(HEARTBEAT_ACK)
        elif opcode == IDENTIFY:
            self._identify(socket, data)
        elif opcode == RESUME:
            self._resume(socket, data)
        elif opcode not in {PRESENCE, VOICE}:
            self._complain(socket, f"gateway opcode {opcode}, which this double does not have", 4001)

    def _identify(self, socket: Socket, data: Json) -> None:
        self.record.judge_frame("IDENTIFY", data)
        if socket.session is not None:
            self._complain(socket, "IDENTIFY twice on one socket", 4005)
        elif data["token"].removeprefix("Bot ") != self.world.token:
            socket.close(4004)
        elif data["intents"] & PRIVILEGED & ~self.allowed_privileged:
            socket.close(4014)
        elif not self.is_mute:
            self.identified += 1
            self._begin(
                socket, Session(token_hex(16), data["intents"], self.delivered, socket), data.get("shard") or [0, 1]
            )

    def _begin(self, socket: Socket, session: Session, shard: list[int]) -> None:
        socket.session = self.sessions[session.id] = session
        world = self.world
        guilds = [guild for guild in world.all_guilds if guild.bot_is_member]
        ready = {
            "v": 10,
            "user": own_user_payload(world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.resume_url,
            "shard": shard,
            "application": {"id": str(world.bot.id), "flags": 0, "flags_new": "0"},
        }
        self._push_judged(session, "READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                self._push_judged(session, "GUILD_CREATE", guild_payload(guild, world))

    def _push_judged(self, session: Session, event: str, data: Json) -> None:
        self.record.judge_frame(event, data)
        self.record.note(Exchange(self.world.clock.now(), "to bot", event, sent=data))
        session.push(event, data)

    def _resume(self, socket: Socket, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if socket.request.path.rstrip("/") != "/resume":
            self.record.violations.append("RESUME at another address than READY's resume_gateway_url")
        if data["token"].removeprefix("Bot ") != self.world.token:
            socket.close(4004)
        elif session is None:
            socket.send(INVALID_SESSION, data=False)
        elif data["seq"] > session.sequence:
            self._complain(socket, f"RESUME with sequence {data['seq']}, never sent", 4007)
        else:
            self.resumed += 1
            socket.session, session.socket = session, socket
            session.replay(data["seq"] - self.replay_extra)
            self.replay_extra = 0
            self._push_judged(session, "RESUMED", {"_trace": []})

    def _detach(self, socket: Socket) -> None:
        session = socket.session
        if session is None or session.socket is not socket:
            return
        session.socket = None
        ends = SESSIONS_LOST if socket.closed_with else ENDS_SESSION
        if (socket.closed_with or socket.ws.close_code) in ends:
            self.sessions.pop(session.id, None)

    def _is_duplicate(self, event: str) -> bool:
        for wanted in self.duplicates:
            if wanted in {None, event}:
                self.duplicates.remove(wanted)
                return True
        return False

    def _complain(self, socket: Socket, violation: str, code: int) -> None:
        self.record.violations.append(violation)
        socket.close(code)
