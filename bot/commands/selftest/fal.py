"""Tries fal: whether it accepts the key and publishes its webhooks' keys, and, where money may be
spent, one turbo clip."""

import asyncio
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import Final

from bot.commands.fal_client import fal_client
from bot.settings import Settings, proxy_of
from generation import mp4
from generation.backends.client import QueueClient
from generation.backends.webhook_signature import WebhookVerifier
from generation.domain.job import RequestHandle
from generation.domain.pricing import micros, money
from generation.ports import BackendClip, BackendState
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError, SubmissionOutcomeUnknown
from generation.protocol.request import Endpoint, GenerationRequest
from generation.selftest import Selftest, StepFailed, StepSkipped

BY_HAND: Final = (
    "a clip through the bot, with FLIPBOOK_PUBLIC_URL set: does the log accept fal's webhook?",
    "🔁 a dozen times at once: what does fal answer when too much is under way?",
    "/flipbook cancel while a clip renders: does fal stop, and does it charge?",
    "what fal's page of the account says that the clips cost: set FLIPBOOK_PRICE_… to it",
)
"""What no program can try from here."""
_NEVER_GIVEN: Final = RequestHandle(
    "fal", Endpoint.TURBO, "00000000-0000-4000-8000-000000000000", 1
)
_REQUEST: Final = GenerationRequest.model_validate(
    {"prompt": "a paper boat on a stormy sea", "seed": 7, "endpoint": Endpoint.TURBO}
)
_TIMEOUT_SECONDS: Final = 300.0
_MOST_BYTES: Final = 64 * 1024 * 1024


def explain_fal(error: Exception) -> str | None:
    """What fal answered, as the bot understands it; None for what is no answer of fal's."""
    if isinstance(error, FlipbookError):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__ if isinstance(error, TimeoutError) else None


async def selftest_fal(test: Selftest, settings: Settings, clock: Clock, *, spend: bool) -> None:
    """Ask what costs nothing, and buy one clip where ``spend`` says so. Raises SettingsError for an
    address that cannot be used."""
    async with fal_client(settings, clock) as client:
        if await test.step("ask with the key", _accepted(client), str) is None:
            return
        await test.step("cancel a request that never was", client.cancel(_NEVER_GIVEN), str)
        keys = _verifier(settings, clock).key_count()
        await test.step("the keys of its webhooks", keys, "{} can be used".format)
        await _FalTrial(test, client, settings).run(spend=spend)


async def _accepted(client: QueueClient) -> str:
    date = await client.check()
    return f"accepted; fal's clock says {date}" if date else "accepted"


def _verifier(settings: Settings, clock: Clock) -> WebhookVerifier:
    url = settings.fal_jwks_url
    return WebhookVerifier(clock=clock, jwks_url=url, proxy=proxy_of(settings, url))


class _FalTrial:
    """One turbo clip, from the order to the MP4. It is ordered once and never again."""

    def __init__(self, test: Selftest, client: QueueClient, settings: Settings) -> None:
        self._test = test
        self._client = client
        self._price = settings.prices.of(_REQUEST, "fal")
        self._budget = micros(settings.daily_budget)

    async def run(self, *, spend: bool) -> None:
        """Every step of the clip; none without permission to spend."""
        what = f"buy one turbo clip, about {money(self._price)}"
        if not spend:
            self._test.skip(what, "add --spend to buy it")
            return
        request_id = await self._test.step(what, self._ordered(), lambda _: "accepted")
        if request_id is not None:
            await self._bought(RequestHandle("fal", Endpoint.TURBO, request_id, 1))

    async def _ordered(self) -> str:
        if self._budget < self._price:
            raise StepSkipped(f"FLIPBOOK_DAILY_BUDGET, {money(self._budget)}, does not allow it")
        try:
            return await self._client.submit(_REQUEST, idempotency_key="selftest")
        except SubmissionOutcomeUnknown as error:
            raise StepFailed(
                f"{error}; it may have been bought, and is not ordered again: look at the account"
            ) from error

    async def _bought(self, handle: RequestHandle) -> None:
        step = self._test.step
        await step("ask for the clip at once", self._asked_early(handle), str)
        if await step("watch it to its end", self._watched(handle), str) is None:
            return
        clip = await step("its result", self._client.result(handle), _described)
        if clip is not None:
            await step("fetch it and look inside", self._fetched(clip), str)

    async def _asked_early(self, handle: RequestHandle) -> str:
        try:
            await self._client.result(handle)
        except FlipbookError as error:
            return f"fal answers {error}"
        return "it is ready already"

    async def _watched(self, handle: RequestHandle) -> str:
        async with (
            asyncio.timeout(_TIMEOUT_SECONDS),
            aclosing(self._client.watch(handle)) as updates,
        ):
            seen = [update async for update in updates]
        states = dict.fromkeys(str(update.state) for update in seen)
        with_steps = sum(update.steps is not None for update in seen)
        if not seen or seen[-1].state is not BackendState.COMPLETED:
            raise StepFailed(f"it ended after {', '.join(states) or 'nothing'}")
        seconds = seen[-1].inference_seconds
        took = f", {seconds:g} s of rendering" if seconds is not None else ""
        return f"{', '.join(states)}; {len(seen)} updates, {with_steps} with steps{took}"

    async def _fetched(self, clip: BackendClip) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            await self._client.fetch(clip, path, max_bytes=_MOST_BYTES)
            video = await asyncio.to_thread(mp4.probe, path)
        shape = f"{video.width}×{video.height}, {video.frames} frames, {float(video.fps):g} fps"
        form = f"{video.codec} {video.profile} {video.pixel_format}"
        index = "first" if video.faststart else "last"
        return f"{form}, {shape}, {video.size_bytes} bytes, index {index}"


def _described(clip: BackendClip) -> str:
    size = "no size said" if clip.size_bytes is None else f"{clip.size_bytes} bytes said"
    return f"seed {clip.seed}, {size}"
