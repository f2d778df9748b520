"""fal's own Python client, unmodified, in a process of its own: ``python fal_script.py sync|async SCENARIO ARGUMENT``.

Each line of its output is one JSON object: something that the client gave its caller. It waits for a line of input
where the test has to do something first. Hosts and certificates come by environment variables, as fal documents them.
"""

import asyncio
import inspect
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import fal_client

STANDARD = "fal-ai/fast-animatediff/text-to-video"
TURBO = "fal-ai/fast-animatediff/turbo/text-to-video"
INPUT = {"prompt": "a red fox in snow", "num_frames": 2, "num_inference_steps": 3, "seed": 7}


def tell(**facts: Any) -> None:
    """One line for the test."""
    print(json.dumps(facts), flush=True)


async def line_of_input() -> None:
    """Wait for the test."""
    await asyncio.to_thread(sys.stdin.readline)


async def call(function: Any, *arguments: Any, **named: Any) -> Any:
    """Call either kind of function without holding up the loop."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments, **named)
    return await asyncio.to_thread(function, *arguments, **named)


async def each(events: Any) -> AsyncIterator[Any]:
    """Iterate over either kind of generator."""
    if hasattr(events, "__anext__"):
        async for event in events:
            yield event
    else:
        while (event := await asyncio.to_thread(next, events, None)) is not None:
            yield event


def as_json(status: Any) -> dict[str, Any]:
    """A status of the client, with its kind."""
    return {"kind": type(status).__name__, **vars(status)}


class Client:
    """The module's functions, all synchronous or all asynchronous."""

    def __init__(self, mode: str) -> None:
        self._suffix = "_async" if mode == "async" else ""

    def __getattr__(self, name: str) -> Any:
        return getattr(fal_client, name + self._suffix)


async def subscribe(client: Client, endpoint: str) -> None:
    """Submit with a callback for every update; the result."""
    result = await call(
        client.subscribe, endpoint, INPUT, with_logs=True, on_queue_update=lambda update: tell(update=as_json(update))
    )
    tell(result=result)


async def handle(client: Client, endpoint: str) -> None:
    """Submit, watch by the handle, get; then the same by the request id."""
    submitted = await call(client.submit, endpoint, INPUT, priority="low", start_timeout=30, hint="h1")
    tell(request_id=submitted.request_id)
    again = fal_client.SyncRequestHandle.from_request_id(fal_client.sync_client._client, endpoint, submitted.request_id)
    tell(urls_agree=[getattr(submitted, f"{kind}_url") for kind in ("response", "status", "cancel")]
         == [getattr(again, f"{kind}_url") for kind in ("response", "status", "cancel")])  # fmt: skip
    tell(status=as_json(await call(submitted.status)))
    await line_of_input()
    async for event in each(submitted.iter_events(with_logs=True, interval=0.02)):
        tell(event=as_json(event))
    tell(result=await call(submitted.get))
    tell(status=as_json(await call(client.status, endpoint, submitted.request_id, with_logs=True)))
    tell(result=await call(client.result, endpoint, submitted.request_id))


async def cancel(client: Client, endpoint: str) -> None:
    """Submit something long and cancel it twice; what the result says then."""
    submitted = await call(client.submit, endpoint, {**INPUT, "num_inference_steps": 50})
    tell(cancelled=await call(submitted.cancel))
    async for event in each(submitted.iter_events(interval=0.02)):
        last = as_json(event)
    tell(status=last)
    await failing(submitted.get)
    await failing(client.cancel, endpoint, submitted.request_id)


async def invalid(client: Client, endpoint: str) -> None:
    """An input out of bounds."""
    await failing(client.submit, endpoint, {**INPUT, "num_frames": 99})


async def unknown(client: Client, endpoint: str) -> None:
    """An application, and a request, that are not there."""
    await failing(client.submit, "fal-ai/flux/schnell", INPUT)
    await failing(client.result, endpoint, "11111111-2222-3333-4444-555555555555")
    await failing(client.status, endpoint, "11111111-2222-3333-4444-555555555555")


async def run(client: Client, endpoint: str) -> None:
    """The result on the same connection."""
    tell(result=await call(client.run, endpoint, INPUT))
    await failing(client.run, endpoint, {**INPUT, "num_frames": 99})


async def upload(client: Client, megabytes: str) -> None:
    """Bytes through the upload host, through the older storage, and a large file in parts."""
    data = b"Hello, World!"
    tell(url=await call(client.upload, data, "text/plain", "hello.txt"))
    tell(url=await call(client.upload, data, "text/plain", repository="fal"))
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(bytes(range(256)) * 4096 * int(megabytes))
        file.flush()
        tell(url=await call(client.upload_file, file.name))


async def files(client: Client, video: str) -> None:
    """A clip from a video that is uploaded, one from the same video in the request, and one that is refused."""
    base, about = "fal-ai/fast-animatediff", {"prompt": "a red fox in snow", "seed": 7}
    url = await call(client.upload_file, video)
    tell(url=url)
    tell(result=await call(client.subscribe, f"{base}/video-to-video", {**about, "video_url": url}))
    within = {**about, "video_url": fal_client.encode_file(video)}
    tell(result=await call(client.subscribe, f"{base}/turbo/video-to-video", within))
    await failing(client.submit, f"{base}/turbo/text-to-video", {**about, "image_url": url})


async def webhook(client: Client, url: str) -> None:
    """Submit with a webhook."""
    submitted = await call(client.submit, TURBO, INPUT, webhook_url=url)
    tell(request_id=submitted.request_id)


async def failing(function: Any, *arguments: Any) -> None:
    """Call something that raises; what the client makes of it."""
    try:
        tell(unexpected=await call(function, *arguments))
    except fal_client.FalClientHTTPError as error:
        tell(error={"message": error.message, "code": error.status_code, "type": error.error_type})


SCENARIOS = {f.__name__: f for f in (subscribe, handle, cancel, invalid, unknown, run, upload, files, webhook)}


if __name__ == "__main__":
    asyncio.run(SCENARIOS[sys.argv[2]](Client(sys.argv[1]), sys.argv[3]))
