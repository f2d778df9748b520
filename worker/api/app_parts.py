"""What the worker's HTTP side works with; :mod:`worker.process.assemble` puts it together."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from generation.protocol.clock import Clock
from generation.protocol.extensions.capabilities import Capability
from worker.api.auth import KeyRing
from worker.engine import EngineCondition, EngineInfo
from worker.render.clip_storage import ClipStorage
from worker.render.loop import RenderLoop
from worker.scheduling.eta import EtaEstimator
from worker.scheduling.registry import RequestRegistry
from worker.settings import WorkerSettings
from worker.store import WorkerDatabase
from worker.uploads.input_files import InputFiles
from worker.uploads.store import Uploads
from worker.uploads.tokens import UploadTokens
from worker.webhooks.sender import WebhookSender
from worker.webhooks.signing import WebhookSigner

CLIP_ESTIMATE: Final = 4 * 2**20
"""How many bytes of disk each open request is expected to need at most."""
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class AppParts:
    """Everything that routes need: ``address`` is where the worker listens, ``places`` how many
    clips the engine renders at once, ``capabilities`` what it offers beyond fal's endpoints,
    ``compiling`` how many shapes of clips it has yet to compile;
    ``closing`` is set when it is about to stop."""

    settings: WorkerSettings
    keys: KeyRing
    database: WorkerDatabase
    registry: RequestRegistry
    render_loop: RenderLoop
    eta: EtaEstimator
    storage: ClipStorage
    engine: EngineInfo
    device: Callable[[], str | None]
    condition: Callable[[], EngineCondition]
    places: Callable[[], int]
    capabilities: frozenset[Capability]
    compiling: Callable[[], int]
    clock: Clock
    address: str
    webhooks: WebhookSender
    signer: WebhookSigner
    uploads: Uploads
    inputs: InputFiles
    tokens: UploadTokens
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def close_streams(self) -> None:
        """Let every status stream, and every caller who waits for a result, come to an end."""
        self.closing.set()
        for live in self.registry.open_requests:
            live.notify()

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for the clips of all open requests, and for another."""
        expected = (len(self.registry.open_requests) + 1) * CLIP_ESTIMATE
        return self.storage.has_room_for(expected)

    def base_of(self, request: Request) -> str:
        """The worker's address: the public one, else the one that the caller used."""
        if self.settings.public_url is not None:
            return public_base(self.settings, self.address)
        host = request.headers.get("host", "")
        # the header is the caller's text: one that is not a host name goes into no URL of ours
        return f"{request.scope['scheme']}://{host}" if _HOST.fullmatch(host) else self.address


def public_base(settings: WorkerSettings, address: str) -> str:
    """The worker's address where there is no caller whose address could be used."""
    return address if settings.public_url is None else str(settings.public_url).rstrip("/")
