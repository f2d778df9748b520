"""What comes from outside is bounded before anything is made of it: packed answers, endless streams, endless lists."""

import gzip
import itertools
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from doubles.backends.queue_backend import (
    CANCEL,
    DONE,
    KEY,
    POLL,
    POLL_WITHOUT_LOGS,
    RESULT,
    STREAM,
    SUBMIT,
    WORKER,
    a_handle,
    a_request,
    completed,
    fal,
    in_progress,
    in_queue,
    log,
    watched,
    worker,
)
from doubles.backends.scripted_queue import Reply, ScriptedQueue, event_stream, events
from doubles.clock import AutoClock
from generation.backends.bounded import EventPaces, EventReader, Pace, StreamTooFast
from generation.backends.client import QueueClient
from generation.backends.responses import read_leniently
from generation.backends.webhook_signature import FAL_JWKS_URL, WebhookVerifier
from generation.ports import BackendClip
from generation.protocol.errors import BackendUnavailable, ProtocolViolation, SubmissionOutcomeUnknown
from generation.protocol.wire import ErrorBody, Output, QueueStatus

CLIP_URL = "https://v3.fal.media/files/a/b.mp4"
PREVIEW = f"GET /files/looks/{'A' * 32}.webp?step=1"
UNPACKED = 64 * 1024 * 1024
BOMB = gzip.compress(gzip.compress(bytes(UNPACKED), 9), 9)
"""A few hundred bytes that two decoders would make 64 MiB of."""


class Again:
    """Chunks that begin anew each time that they are sent."""

    def __init__(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks()


def packed(encoding: str) -> Reply:
    return Reply(200, headers={"content-encoding": encoding, "content-type": "application/json"}, chunks=[BOMB])


async def submitting(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(SUBMIT, reply)
    async with fal(queue) as backend:
        await backend.submit(a_request(), idempotency_key="k")


async def polling(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(STREAM, Reply(404))
    queue.on(POLL, reply)
    queue.on(POLL_WITHOUT_LOGS, reply)
    await watched(queue, AutoClock())


async def streaming(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(STREAM, Reply(200, headers={**reply.headers, "content-type": "text/event-stream"}, chunks=reply.chunks))
    queue.on(POLL, Reply(200, completed()))
    assert await watched(queue, AutoClock()) == [DONE]
    raise BackendUnavailable("fal", "the stream was left for a poll")


async def asking_for_the_result(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(RESULT, reply)
    async with fal(queue) as backend:
        await backend.result(a_handle())


async def cancelling(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(CANCEL, reply)
    async with fal(queue) as backend:
        await backend.cancel(a_handle())


async def asking_for_the_engine(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on("GET /health", reply)
    async with worker(queue) as backend:
        await backend.engine()


async def fetching(queue: ScriptedQueue, reply: Reply, folder: Path) -> None:
    queue.on(CLIP_URL, reply)
    try:
        async with fal(queue) as backend:
            await backend.fetch(BackendClip(CLIP_URL), folder / "a.mp4", max_bytes=10**6)
    finally:
        assert list(folder.iterdir()) == []


async def fetching_a_preview(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(PREVIEW, reply)
    url = f"{WORKER}/{PREVIEW.removeprefix('GET /')}"
    queue.on(STREAM, event_stream(events({**in_progress(log(step=1, steps=8)), "look_url": url}, completed())))
    client = QueueClient(
        "worker", WORKER, KEY, resubmits_safely=True, clock=AutoClock(), transport=queue, previews=True
    )
    async with client as backend:
        frames = [update.preview async for update in backend.watch(a_handle("worker"))]
    assert (frames, queue.asked[1]) == ([None, None], PREVIEW)
    raise BackendUnavailable("worker", "the progress went on without the frame")


async def fetching_keys(queue: ScriptedQueue, reply: Reply, _: Path) -> None:
    queue.on(FAL_JWKS_URL, reply)
    headers = {
        "x-fal-webhook-request-id": "r",
        "x-fal-webhook-user-id": "u",
        "x-fal-webhook-timestamp": str(int(AutoClock().now().timestamp())),
        "x-fal-webhook-signature": "0" * 128,
    }
    await WebhookVerifier(clock=AutoClock(), transport=queue).is_genuine(headers, b"{}")


WaysIn = Callable[[ScriptedQueue, Reply, Path], Awaitable[None]]
WAYS_IN: tuple[WaysIn, ...] = (
    submitting,
    polling,
    streaming,
    asking_for_the_result,
    cancelling,
    asking_for_the_engine,
    fetching,
    fetching_a_preview,
    fetching_keys,
)
ENCODINGS = ("gzip, gzip", "gzip", "GZIP", "deflate", "identity, gzip", "gzip, identity, gzip")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("way_in", WAYS_IN, ids=lambda way: way.__name__)
async def test_a_packed_answer_is_refused_before_it_is_unpacked(queue, tmp_path, way_in, encoding):
    tracemalloc.start()
    try:
        with pytest.raises((BackendUnavailable, SubmissionOutcomeUnknown, ProtocolViolation)):
            await way_in(queue, packed(encoding), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way_in", WAYS_IN, ids=lambda way: way.__name__)
async def test_an_answer_without_end_is_cut_off(queue, tmp_path, way_in):
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 65_536

    with pytest.raises((BackendUnavailable, SubmissionOutcomeUnknown, ProtocolViolation)):
        # some ask several times, but never for more than a few megabytes each
        await way_in(queue, Reply(200, chunks=Again(endless)), tmp_path)
    assert taken < 1_000


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
async def test_an_answer_that_says_it_is_not_packed_is_read(queue, encoding):
    body = {"video": {"url": "https://x.test/a.mp4"}, "seed": 7}
    queue.on(RESULT, Reply(200, body, headers={"content-encoding": encoding}))
    async with fal(queue) as backend:
        assert (await backend.result(a_handle())).seed == 7


# Streams are paced


def forever(*bodies: dict[str, object] | str) -> Iterator[bytes]:
    while True:
        yield events(*bodies)


FLOODS = {
    "changing positions": lambda: (events(in_queue(number % 1_000)) for number in itertools.count()),
    "the same status": lambda: forever(in_queue(1)),
    "thousands of log lines in an event": lambda: forever(in_progress(*[log(f"line {n}") for n in range(5_000)])),
    "steps back and forth": lambda: (events(in_progress(log(f"{n % 9}/9 [00:01"))) for n in itertools.count()),
    "unreadable events between good ones": lambda: forever("[]", in_queue(1)),
    "comments": lambda: itertools.repeat(b": ping\n\n" * 500),
    "empty lines": lambda: itertools.repeat(b"\n" * 500),
    "carriage returns": lambda: itertools.repeat(b"\r" * 500),
    "events without data": lambda: itertools.repeat(b"event: x\nid: 7\n\n" * 10),
    "one endless line": lambda: itertools.repeat(b"x" * 10_000),
    "large events": lambda: forever({**in_queue(1), "more": "x" * 900_000}),
    "states back and forth": lambda: forever(in_queue(1), in_progress()),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_stream_without_pause_is_left_for_polls(queue, clock, flood):
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in flood():
            taken += 1
            yield chunk

    queue.on(STREAM, Reply(200, headers={"content-type": "text/event-stream"}, chunks=Again(counted)))
    queue.on(POLL, Reply(202, in_queue(5)), Reply(200, completed()))
    updates = await watched(queue, clock)
    assert updates[-1] == DONE
    # a minute's worth of each at the very most, however fast it comes
    assert (taken < 5_000, len(updates) < 2_000) == (True, True)
    assert queue.asked.count(STREAM) <= 3


async def test_a_render_of_fifty_steps_within_a_second_is_followed_to_its_end(queue, clock):
    steps = [in_progress(log(step=step, steps=50)) for step in range(1, 51)]
    queue.on(STREAM, event_stream(events(in_queue(0), *steps, completed(), ping=True)))
    assert len(await watched(queue, clock)) == 52
    assert queue.asked == [STREAM]


def test_a_pace_allows_a_burst_and_then_so_many_a_second():
    now = [0.0]
    pace = Pace("things", burst=10, per_second=2, now=lambda: now[0])
    pace.take(10)
    with pytest.raises(StreamTooFast, match="more than 2 things a second"):
        pace.take(1)
    now[0] += 1_000.0
    pace.take(10)
    now[0] += 0.5
    with pytest.raises(StreamTooFast):
        pace.take(2)


def test_a_long_wait_with_a_position_twice_a_second_is_never_too_fast():
    now = [0.0]
    paces = EventPaces(lambda: now[0])
    for _ in range(10_000):
        now[0] += 0.5
        paces.events.take(1)
        paces.lines.take(2)
        paces.bytes.take(400)


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata:  b\r\n\r\n", [b"a", b" b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data: a\r\n\ndata: b\n\r\n", [b"a", b"b"]),
        (b"event: x\nid: 7\nretry: 1\ndata: a\n\n", [b"a"]),
        (b": ping\n\n\n\ndata: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\ndata\n\ndatum: a\n\n: data: c\n\n", [b"\n"]),
        (b"data: a:b: c\n\ndata: the end is missing\n", [b"a:b: c"]),
    ],
)
def test_events_are_the_same_wherever_the_stream_is_cut(stream, data):
    assert EventReader(EventPaces()).read(stream) == data
    for size in range(1, len(stream)):
        reader = EventReader(EventPaces())
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [found for piece in pieces for found in reader.read(piece)] == data


# Wrong values are few, however many an answer holds

MANY = 300_000


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (QueueStatus, b'{"status":"IN_QUEUE","logs":[' + b"1," * MANY + b"1]}"),
        (QueueStatus, b'{"status":"IN_QUEUE","logs":[' + b'{"message":1},' * MANY + b"{}]}"),
        (QueueStatus, b'{"status":[' + b"1," * MANY + b'1],"logs":null}'),
        (ErrorBody, b'{"detail":[' + b"1," * MANY + b"1]}"),
        (ErrorBody, b'{"detail":[{"loc":[' + b"1.5," * MANY + b"1]}]}"),
        (Output, b'{"video":{"url":"https://x.test/a"},"seed":[' + b"1," * MANY + b"1]}"),
        (Output, b"[" + b"1," * MANY + b"1]"),
        (Output, b"[" * MANY),
    ],
    ids=["lines", "messages", "state", "complaints", "places", "seed", "a list", "nested"],
)
def test_what_is_wrong_is_counted_in_hundreds_not_in_hundreds_of_thousands(model, body):
    made = 0

    def count(frame: object, event: str, _: object) -> None:
        nonlocal made
        made += event == "call"

    sys.setprofile(count)
    try:
        read_leniently(model, body)
    finally:
        sys.setprofile(None)
    # each wrong value costs a call here, to drop it
    assert made < 5_000
