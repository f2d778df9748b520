"""Looks at a clip while it appears: wanted or not, fetched from our own worker alone, never in the way of progress."""

import httpx
import pytest

from doubles.clock import AutoClock
from doubles.queue_backend import FAL, KEY, STREAM, WORKER, a_handle, completed, in_progress, log, public
from doubles.scripted_queue import Reply, ScriptedQueue, event_stream, events
from generation.ports import BackendState
from generation.progress import Look
from generation.queue_client import QueueClient
from generation.queue_looks import MAX_LOOK_BYTES

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
NAME = "A" * 32
SHOWN = f"/files/looks/{NAME}.webp?step="


class Picture(Reply):
    """An answer whose body is a picture."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        super().__init__(status, {})
        self._picture = body

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, content=self._picture, headers={"content-type": "image/webp"})


def client(queue: ScriptedQueue, *, looks: bool = True, worker: bool = True) -> QueueClient:
    name, base = ("worker", WORKER) if worker else ("fal", FAL)
    return QueueClient(
        name,
        base,
        KEY,
        resubmits_safely=worker,
        clock=AutoClock(),
        transport=queue,
        jitter=lambda: 0.5,
        resolve=public,
        looks=looks,
    )


def shown(step: int, url: object) -> dict[str, object]:
    return {**in_progress(log(step=step, steps=8)), "look_url": url}


async def looks_seen(backend: QueueClient, queue: ScriptedQueue, *statuses: dict[str, object]) -> list[Look | None]:
    """What comes of a stream of these statuses: the look of each update that the render goes on."""
    queue.on(STREAM, event_stream(events(*statuses, completed())))
    async with backend:
        updates = [update async for update in backend.watch(a_handle(backend.name))]
    assert updates[-1].state is BackendState.COMPLETED
    assert updates[-1].look is None
    return [update.look for update in updates[:-1]]


async def test_each_look_is_fetched_once_and_kept_until_there_is_a_newer_one() -> None:
    queue = ScriptedQueue()
    queue.on(f"GET {SHOWN}2", Picture(WEBP + b"two"))
    queue.on(f"GET {SHOWN}4", Picture(WEBP + b"four"))
    # The worker may know its own address by another name: what lies below its files is fetched where it really is.
    two, four = f"http://10.0.0.1:1{SHOWN}2", f"http://10.0.0.1:1{SHOWN}4"
    statuses = [in_progress(), shown(2, two), shown(3, two), shown(4, four)]
    seen = await looks_seen(client(queue), queue, *statuses)
    assert seen == [None, Look(two, WEBP + b"two"), Look(two, WEBP + b"two"), Look(four, WEBP + b"four")]
    assert [asked for asked in queue.said if "looks" in asked] == [f"GET {SHOWN}2", f"GET {SHOWN}4"]


@pytest.mark.parametrize("options", [{"looks": False}, {"worker": False}])
async def test_nothing_is_fetched_unless_wanted_nor_ever_from_a_stranger(options: dict[str, bool]) -> None:
    queue = ScriptedQueue()
    assert await looks_seen(client(queue, **options), queue, shown(2, f"{WORKER}{SHOWN}2")) == [None]
    assert queue.said == [STREAM]


@pytest.mark.parametrize(
    "answer",
    [
        Picture(b"", status=404),
        Picture(b"<html>not a picture</html>"),
        Picture(WEBP + bytes(MAX_LOOK_BYTES)),
        Reply(302, {}),
        httpx.ConnectError("refused"),
        httpx.ReadError("broke"),
    ],
)
async def test_a_look_that_cannot_be_had_leaves_the_one_before_and_the_progress(answer: Reply | Exception) -> None:
    queue = ScriptedQueue()
    queue.on(f"GET {SHOWN}2", Picture(WEBP))
    queue.on(f"GET {SHOWN}4", answer)
    first = f"{WORKER}{SHOWN}2"
    seen = await looks_seen(client(queue), queue, shown(2, first), shown(4, f"{WORKER}{SHOWN}4"))
    assert seen == [Look(first, WEBP)] * 2


@pytest.mark.parametrize(
    "url",
    ["http://evil.test/look.webp", "file:///etc/passwd", f"{WORKER}/health", f"{WORKER}/files/looks/../../health", 7],
)
async def test_no_other_address_is_called(url: object) -> None:
    queue = ScriptedQueue()
    assert await looks_seen(client(queue), queue, shown(2, url)) == [None]
    assert queue.said == [STREAM]
