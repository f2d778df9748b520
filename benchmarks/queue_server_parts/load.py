"""The load of the queue server's benchmark, in a process and on a core of its own, written directly
to sockets.

Run as ``python -m queue_server_parts.load CORE``; reads one JSON order per line and answers each
with one JSON line. Orders are bounded: ``seconds`` and ``at_most`` for requests, ``steps`` for
watchers. Only 127.0.0.1 is called.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from roundtrip_parts.worker import KEY

APP = "/fal-ai/fast-animatediff"
INPUT = {
    "prompt": "a boat",
    "num_frames": 2,
    "num_inference_steps": 50,
    "video_size": {"width": 64, "height": 64},
}
HEAD = f"host: 127.0.0.1\r\nauthorization: Key {KEY}\r\n"
LONGEST = 60.0


def get(path: str) -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\n{HEAD}\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\n{HEAD}content-type: application/json\r\ncontent-length: "
        f"{len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(asyncio.Protocol):
    """Sends the next request when the last one is answered; ``answered`` gets status code and
    body."""

    def __init__(self, requests: Iterator[bytes], answered: Callable[[bytes, bytes], None]) -> None:
        self._requests = requests
        self._answered = answered
        self._buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if end and len(body) >= int(
            head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        ):
            self._buffer = b""
            self._answered(head[9:12], body)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the worker hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


async def call(
    port: int, requests: Iterator[bytes], callers: int, answered: Callable[[bytes, bytes], None]
) -> float:
    """Send all requests over that many connections; the seconds that took."""
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    made = [
        await loop.create_connection(lambda: Caller(requests, answered), "127.0.0.1", port)
        for _ in range(callers)
    ]
    async with asyncio.timeout(LONGEST):
        await asyncio.gather(*(caller.done for _, caller in made))
    return time.perf_counter() - began


def bounded(requests: Iterator[bytes], seconds: float, at_most: int) -> Iterator[bytes]:
    """The requests that are taken within that time, and at most that many."""
    end = time.perf_counter() + seconds
    return itertools.takewhile(
        lambda _: time.perf_counter() < end, itertools.islice(requests, at_most)
    )


async def submit(port: int, seconds: float, at_most: int, callers: int) -> dict[str, Any]:
    """Submit requests; their ids."""
    ids: list[str] = []

    def answered(code: bytes, body: bytes) -> None:
        assert code == b"200", body
        ids.append(json.loads(body)["request_id"])

    bodies = (json.dumps({**INPUT, "seed": number}).encode() for number in itertools.count())
    requests = bounded((post(f"{APP}/text-to-video", body) for body in bodies), seconds, at_most)
    return {"seconds": await call(port, requests, callers, answered), "ids": ids}


async def poll(
    port: int, ids: list[str], seconds: float, at_most: int, callers: int
) -> dict[str, Any]:
    """Poll the status of these requests, one after the other; the number of answers by code."""
    codes: dict[str, int] = {}

    def answered(code: bytes, _: bytes) -> None:
        codes[code.decode()] = codes.get(code.decode(), 0) + 1

    polls = [get(f"{APP}/requests/{request_id}/status") for request_id in ids]
    took = await call(port, bounded(itertools.cycle(polls), seconds, at_most), callers, answered)
    return {"seconds": took, "codes": codes}


class Watcher(asyncio.Protocol):
    """One open status stream; records what arrived when."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.arrived: list[tuple[float, bytes]] = []
        self.begun = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.arrived.append((time.time(), data))
        if data.rfind(b"data: ") >= 0:
            self.begun.set()

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def steps(self) -> dict[int, float]:
        """When the event of each step arrived, of events with one step alone."""
        found = {}
        for at, data in self.arrived:
            for line in data.split(b"\n"):
                if line.startswith(b"data: "):
                    logs = json.loads(line[6:]).get("logs") or ()
                    if len(logs) == 1:
                        found[int(logs[0]["labels"]["step"])] = at
        return found


class Load:
    """Executes orders; watchers stay until the order ``leave``."""

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []

    async def submit(self, **order: Any) -> dict[str, Any]:
        """Bounded submissions."""
        return await submit(**order)

    async def poll(self, **order: Any) -> dict[str, Any]:
        """Bounded polls."""
        return await poll(**order)

    async def watch(self, port: int, request_id: str, count: int) -> dict[str, Any]:
        """Open ``count`` streams of a request; answers once each has had its first event."""
        loop, request = (
            asyncio.get_running_loop(),
            get(f"{APP}/requests/{request_id}/status/stream?logs=1"),
        )
        for _ in range(count):
            _, watcher = await loop.create_connection(lambda: Watcher(request), "127.0.0.1", port)
            self._watchers.append(watcher)
        async with asyncio.timeout(LONGEST):
            await asyncio.gather(*(watcher.begun.wait() for watcher in self._watchers))
        return {"open": len(self._watchers), "at": time.time()}

    async def events(self, steps: int, since: float) -> dict[str, Any]:
        """Wait until every watcher has had ``steps`` events since then; when each step arrived at
        each."""
        async with asyncio.timeout(LONGEST):
            while True:
                await asyncio.sleep(0.5)
                if all(
                    sum(at > since for at, _ in watcher.arrived) >= steps
                    for watcher in self._watchers
                ):
                    return {"arrived": [watcher.steps() for watcher in self._watchers]}

    async def leave(self) -> dict[str, Any]:
        """Close all streams."""
        for watcher in self._watchers:
            watcher.close()
        self._watchers.clear()
        return {}


async def execute_orders() -> None:
    """Execute the orders on standard input until it ends."""
    load = Load()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await getattr(load, order.pop("do"))(**order)), flush=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(execute_orders())
