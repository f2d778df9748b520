"""What the worker's HTTP side works with, put together once in :mod:`worker.serve`."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.requests import Request

from worker.auth import KeyRing
from worker.forecast import Forecast
from worker.loop import Loop
from worker.requests import Book
from worker.settings import WorkerSettings
from worker.signing import WebhookSigner
from worker.storage import ClipStorage
from worker.store import WorkerDatabase
from worker.upload_tokens import UploadTokens
from worker.uploads import Uploads
from worker.webhooks import Webhooks

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine renders, and why this one."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that routes need: ``address`` is where the worker listens, ``closing`` is set when it is to stop."""

    settings: WorkerSettings
    keys: KeyRing
    database: WorkerDatabase
    book: Book
    loop: Loop
    forecast: Forecast
    storage: ClipStorage
    engine: EngineInfo
    device: Callable[[], str | None]
    clock: Callable[[], datetime]
    address: str
    webhooks: Webhooks
    signer: WebhookSigner
    uploads: Uploads
    tokens: UploadTokens
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def close_streams(self) -> None:
        """From now on no stream waits for anything: all end by themselves."""
        self.closing.set()
        for live in self.book.open_requests:
            live.ring()

    def base_of(self, request: Request) -> str:
        """The worker's address: the public one, else the one that the caller used."""
        if self.settings.public_url is not None:
            return public_base(self.settings, self.address)
        host = request.headers.get("host", "")
        return f"{request.scope['scheme']}://{host}" if _HOST.fullmatch(host) else self.address


def public_base(settings: WorkerSettings, address: str) -> str:
    """The worker's address for those who were not asked how they reached it."""
    return address if settings.public_url is None else str(settings.public_url).rstrip("/")
