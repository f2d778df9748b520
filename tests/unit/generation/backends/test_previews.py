"""Preview frames of unfinished clips: fetched from our own worker only, and progress never waits for them."""

import httpx
import pytest

from doubles.backends.queue_backend import FAL, KEY, STREAM, WORKER, a_handle, completed, in_progress, log, public
from doubles.backends.scripted_queue import Reply, ScriptedQueue, event_stream, events
from doubles.clock import AutoClock
from generation.backends.client import QueueClient
from generation.backends.previews import MAX_PREVIEW_BYTES
from generation.ports import BackendState
from generation.protocol.progress import PreviewFrame

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
NAME = "A" * 32
FRAME = f"/files/looks/{NAME}.webp?step="


def a_picture(body: bytes, status: int = 200) -> Reply:
    """An answer whose body is a picture."""
    return Reply(status, body, headers={"content-type": "image/webp"})


def client(queue: ScriptedQueue, *, previews: bool = True, worker: bool = True) -> QueueClient:
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
        previews=previews,
    )


def with_frame(step: int, url: object) -> dict[str, object]:
    return {**in_progress(log(step=step, steps=8)), "look_url": url}


async def frames_seen(
    backend: QueueClient, queue: ScriptedQueue, *statuses: dict[str, object]
) -> list[PreviewFrame | None]:
    """The preview frame of each update that comes of a stream of these statuses."""
    queue.on(STREAM, event_stream(events(*statuses, completed())))
    async with backend:
        updates = [update async for update in backend.watch(a_handle(backend.name))]
    assert updates[-1].state is BackendState.COMPLETED
    assert updates[-1].preview is None
    return [update.preview for update in updates[:-1]]


async def test_each_frame_is_fetched_once_and_kept_until_there_is_a_newer_one() -> None:
    queue = ScriptedQueue()
    queue.on(f"GET {FRAME}2", a_picture(WEBP + b"two"))
    queue.on(f"GET {FRAME}4", a_picture(WEBP + b"four"))
    # The worker may know its own address by another name: what lies below its files is fetched where it really is.
    two, four = f"http://10.0.0.1:1{FRAME}2", f"http://10.0.0.1:1{FRAME}4"
    statuses = [in_progress(), with_frame(2, two), with_frame(3, two), with_frame(4, four)]
    seen = await frames_seen(client(queue), queue, *statuses)
    assert seen == [
        None,
        PreviewFrame(two, WEBP + b"two"),
        PreviewFrame(two, WEBP + b"two"),
        PreviewFrame(four, WEBP + b"four"),
    ]
    assert [asked for asked in queue.asked if "looks" in asked] == [f"GET {FRAME}2", f"GET {FRAME}4"]


@pytest.mark.parametrize("options", [{"previews": False}, {"worker": False}])
async def test_frames_are_fetched_only_where_asked_for_and_only_from_our_own_worker(options: dict[str, bool]) -> None:
    queue = ScriptedQueue()
    assert await frames_seen(client(queue, **options), queue, with_frame(2, f"{WORKER}{FRAME}2")) == [None]
    assert queue.asked == [STREAM]


@pytest.mark.parametrize(
    "answer",
    [
        a_picture(b"", status=404),
        a_picture(b"<html>not a picture</html>"),
        a_picture(WEBP + bytes(MAX_PREVIEW_BYTES)),
        Reply(302, {}),
        httpx.ConnectError("refused"),
        httpx.ReadError("broke"),
    ],
)
async def test_a_frame_that_cannot_be_fetched_leaves_the_one_before_and_the_progress(answer: Reply | Exception) -> None:
    queue = ScriptedQueue()
    queue.on(f"GET {FRAME}2", a_picture(WEBP))
    queue.on(f"GET {FRAME}4", answer)
    first = f"{WORKER}{FRAME}2"
    seen = await frames_seen(client(queue), queue, with_frame(2, first), with_frame(4, f"{WORKER}{FRAME}4"))
    assert seen == [PreviewFrame(first, WEBP)] * 2


@pytest.mark.parametrize(
    "url",
    ["http://evil.test/look.webp", "file:///etc/passwd", f"{WORKER}/health", f"{WORKER}/files/looks/../../health", 7],
)
async def test_no_other_address_is_called(url: object) -> None:
    queue = ScriptedQueue()
    assert await frames_seen(client(queue), queue, with_frame(2, url)) == [None]
    assert queue.asked == [STREAM]
