"""The clients of the round-trip benchmark, each run in a process of its own.

Run as ``python -m roundtrip_parts.clients ours|fal|core URL JOBS AT_ONCE``; prints
one JSON object: the times of each request, how many HTTP requests were sent, and the processor
seconds that took.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.settings import Settings, load_settings
from generation.backends.client import QueueClient
from generation.domain.job import RequestHandle
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.ports import Backend, BackendState, BackendUpdate, DeliveryPayload
from generation.protocol.clock import SystemClock
from generation.protocol.request import Endpoint, GenerationRequest
from generation.service import Service, SubmitContext
from roundtrip_parts.worker import KEY

STEPS = 25
APP = "fal-ai/fast-animatediff/text-to-video"
INPUT = {
    "prompt": "a boat",
    "num_frames": 2,
    "num_inference_steps": STEPS,
    "video_size": {"width": 64, "height": 64},
}


def count_requests() -> Callable[[], int]:
    """How many HTTP requests this process has sent so far."""
    sent = 0
    plain = httpx.AsyncClient.send

    async def counted(
        self: httpx.AsyncClient, request: httpx.Request, **how: Any
    ) -> httpx.Response:
        nonlocal sent
        sent += 1
        return await plain(self, request, **how)

    httpx.AsyncClient.send = counted  # type: ignore[method-assign]
    return lambda: sent


Times = dict[str, tuple[float, float]]
"""By request: when it was asked for, and when it was known to be completed."""


async def ours(url: str, jobs: int, at_once: int) -> Times:
    """Our queue client waits."""
    times: Times = {}
    slots = asyncio.Semaphore(at_once)
    request = GenerationRequest.model_validate({**INPUT, "seed": 7})
    async with QueueClient(
        "worker", url, SecretStr(KEY), resubmits_safely=True, clock=SystemClock()
    ) as client:

        async def wait(number: int) -> None:
            async with slots:
                asked = time.time()
                request_id = await client.submit(
                    request, idempotency_key=f"{time.time_ns()}-{number}"
                )
                handle = RequestHandle("worker", Endpoint.STANDARD, request_id, 1)
                async for _ in client.watch(handle):
                    pass
                times[request_id] = (asked, time.time())
                await client.result(handle)

        await asyncio.gather(*(wait(number) for number in range(jobs)))
    return times


async def fal(url: str, jobs: int, at_once: int) -> Times:
    """fal's own client waits, with its addresses pointed here."""
    os.environ["FAL_KEY"] = KEY
    import fal_client
    import fal_client.client as client

    client.QUEUE_URL_FORMAT = client.RUN_URL_FORMAT = f"{url}/"
    times: Times = {}
    slots = asyncio.Semaphore(at_once)

    async def wait() -> None:
        ids: list[str] = []
        seen: list[float] = []

        def update(status: object) -> None:
            if isinstance(status, fal_client.Completed):
                seen.append(time.time())

        async with slots:
            asked = time.time()
            await fal_client.subscribe_async(
                APP, INPUT, with_logs=True, on_enqueue=ids.append, on_queue_update=update
            )
        times[ids[0]] = (asked, seen[0] if seen else time.time())

    await asyncio.gather(*(wait() for _ in range(jobs)))
    return times


class TimedBackend:
    """A backend that records when each completion was known."""

    def __init__(self, backend: Backend, known: dict[str, float]) -> None:
        self._backend = backend
        self._known = known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        async for update in self._backend.watch(handle):
            if update.state is BackendState.COMPLETED:
                self._known[handle.request_id] = time.time()
            yield update


class TimedChannel:
    """Takes every message and records when each clip arrived."""

    platform = Platform.DISCORD
    seconds_between_edits = 3.0

    def __init__(self, wanted: int) -> None:
        self.delivered: dict[str, float] = {}
        self.full = asyncio.Event()
        self._wanted = wanted

    def delivery_steps(self, *_: object) -> Sequence[str]:
        return ("edit",)

    async def show(self, *_: object) -> None:
        return None

    async def deliver(self, payload: DeliveryPayload, *_: object) -> MessageRef | None:
        assert payload.job.handle is not None
        self.delivered[payload.job.handle.request_id] = time.time()
        if len(self.delivered) >= self._wanted:
            self.full.set()
        return payload.delivery.message


async def core(url: str, jobs: int, _at_once: int) -> Times:
    """The bot's whole core; when each request was known to be completed, and when its clip was
    delivered."""
    from bot.composition import Ports, Role, open_app

    known: dict[str, float] = {}
    channel = TimedChannel(jobs)

    def arrange(ports: Ports) -> Ports:
        timed: dict[str, Any] = {
            name: TimedBackend(backend, known) for name, backend in ports.backends.items()
        }
        return replace(ports, backends=timed, messengers={Platform.DISCORD: channel})  # type: ignore[dict-item]

    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_app(settings_for(url, Path(folder), jobs), Role("bench"), arrange=arrange) as app,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(app.dispatcher.run())
            group.create_task(app.relay.run())
            for number in range(jobs):
                await ask(app.service, number)
            await channel.full.wait()
            app.dispatcher.stop()
            app.relay.stop()
    return {name: (known[name], at) for name, at in channel.delivered.items()}


def settings_for(url: str, folder: Path, jobs: int) -> Settings:
    limits = {"user_active_jobs": 1000, "user_clips_per_day": None, "server_active_jobs": 10_000}
    return load_settings(
        data_dir=folder, worker_url=url, worker_key=KEY, jobs_in_flight=jobs, default_limits=limits
    )


async def ask(service: Service, number: int) -> None:
    channel = ChannelRef(ServerRef(Platform.DISCORD, "1"), "2")
    request = GenerationRequest.model_validate({**INPUT, "seed": number})
    job = await service.submit(
        request, SubmitContext(str(number), UserRef(Platform.DISCORD, str(number)), channel)
    )
    await service.opened(job.id, MessageRef(channel, str(number)))


CLIENTS: dict[str, Callable[[str, int, int], Any]] = {"ours": ours, "fal": fal, "core": core}


async def measured(name: str, url: str, jobs: int, at_once: int) -> dict[str, Any]:
    """What one client saw, and what that took."""
    sent = count_requests()
    await CLIENTS[name](url, 1, 1)  # what is imported or read once is not the cost of the jobs
    before, began = sent(), time.process_time()
    seen = await CLIENTS[name](url, jobs, at_once)
    return {"seen": seen, "requests": sent() - before, "cpu": time.process_time() - began}


def main(name: str, url: str, jobs: str, at_once: str) -> None:
    """Run one client and print what it saw."""
    print(json.dumps(asyncio.run(measured(name, url, int(jobs), int(at_once)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
