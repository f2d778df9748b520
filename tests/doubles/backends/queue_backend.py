"""A queue client of a scripted backend, and the URLs that tests use."""

from datetime import datetime

from pydantic import SecretStr

from doubles.backends.scripted_queue import ScriptedQueue
from doubles.clock import AutoClock
from generation.backends.client import QueueClient
from generation.backends.transport import Timeouts
from generation.domain.job import RequestHandle
from generation.ports import BackendState, BackendUpdate
from generation.protocol.clock import Clock
from generation.protocol.progress import Steps
from generation.protocol.request import Endpoint, GenerationRequest

FAL = "https://queue.fal.test"
WORKER = "http://127.0.0.1:8191"
KEY = SecretStr("kid:s3cret")
REQUEST_ID = "764cabcf-b745-4b3e-ae38-1200304cf45b"

SUBMIT = "POST /fal-ai/fast-animatediff/text-to-video"
SUBMIT_TURBO = "POST /fal-ai/fast-animatediff/turbo/text-to-video"
_REQUEST = f"/fal-ai/fast-animatediff/requests/{REQUEST_ID}"
RESULT = f"GET {_REQUEST}"
POLL = f"GET {_REQUEST}/status?logs=1"
POLL_WITHOUT_LOGS = f"GET {_REQUEST}/status?logs=0"
STREAM = f"GET {_REQUEST}/status/stream?logs=1"
CANCEL = f"PUT {_REQUEST}/cancel"

ACCEPTED = {
    "status": "IN_QUEUE",
    "request_id": REQUEST_ID,
    "response_url": "https://elsewhere.test/r",
    "status_url": "https://elsewhere.test/s",
    "cancel_url": "https://elsewhere.test/c",
    "logs": None,
    "metrics": {},
    "queue_position": 0,
}


def a_request(**fields: object) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "a paper boat", "seed": 7, **fields})


def a_handle(backend: str = "fal", endpoint: Endpoint = Endpoint.STANDARD) -> RequestHandle:
    return RequestHandle(backend, endpoint, REQUEST_ID, attempt=1)


async def public(host: str, port: int) -> list[str]:
    """A resolver for which every name is a public address."""
    return ["93.184.216.34"]


def fal(queue: ScriptedQueue, clock: Clock | None = None, *, timeouts: Timeouts | None = None) -> QueueClient:
    """A client of the paid backend."""
    return QueueClient(
        "fal",
        FAL,
        KEY,
        resubmits_safely=False,
        clock=clock or AutoClock(),
        transport=queue,
        timeouts=timeouts,
        jitter=lambda: 0.5,
        resolve=public,
    )


def worker(queue: ScriptedQueue, clock: Clock | None = None, *, base: str = WORKER) -> QueueClient:
    """A client of our own worker."""
    return QueueClient(
        "worker",
        base,
        KEY,
        resubmits_safely=True,
        clock=clock or AutoClock(),
        transport=queue,
        jitter=lambda: 0.5,
        resolve=public,
    )


def log(message: str = "", *, at: datetime | str = "", **labels: object) -> dict[str, object]:
    """One log line on the wire."""
    stamp = at if isinstance(at, str) else at.replace(tzinfo=None).isoformat()
    return {"message": message, "level": "INFO", "source": "USER", "timestamp": stamp, "labels": labels}


def in_queue(position: object = 0) -> dict[str, object]:
    return {"status": "IN_QUEUE", "request_id": REQUEST_ID, "queue_position": position, "logs": None, "metrics": {}}


def in_progress(*logs: object) -> dict[str, object]:
    return {"status": "IN_PROGRESS", "request_id": REQUEST_ID, "logs": list(logs), "metrics": {}}


def completed(**fields: object) -> dict[str, object]:
    return {
        "status": "COMPLETED",
        "request_id": REQUEST_ID,
        "logs": [],
        "metrics": {"inference_time": 3.25},
        **fields,
    }


DONE = BackendUpdate(BackendState.COMPLETED, inference_seconds=3.25)
"""What :func:`completed` becomes."""


def queued(position: int | None = 0) -> BackendUpdate:
    return BackendUpdate(BackendState.IN_QUEUE, position=position)


def running(done: int | None = None, total: int = 25) -> BackendUpdate:
    return BackendUpdate(BackendState.IN_PROGRESS, steps=None if done is None else Steps(done, total))


async def watched(queue: ScriptedQueue, clock: Clock, **timeouts: float) -> list[BackendUpdate]:
    """Every update of the request at the paid backend."""
    async with fal(queue, clock, timeouts=Timeouts(**timeouts)) as backend:
        return [update async for update in backend.watch(a_handle())]


async def collect(backend: QueueClient, seen: list[BackendUpdate]) -> None:
    """Add every update to ``seen``, so that those before an error are there too."""
    async for update in backend.watch(a_handle()):
        seen.append(update)  # noqa: PERF401 - what came before an error counts
