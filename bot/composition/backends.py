"""What makes clips: fal, a worker elsewhere, or one of our own."""

import ssl
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr

from bot.folders import WORKER_FOLDER
from bot.key_files import own_worker_key
from bot.settings import BackendName, Settings, SettingsError, child_environment
from bot.supervisor import EmbeddedWorker
from generation.backends.client import QueueClient
from generation.backends.relocatable import RelocatableBackend
from generation.backends.transport import trusting
from generation.ports import Backend, ProgressSink
from generation.protocol.clock import Clock


@dataclass(frozen=True, slots=True)
class Role:
    """What a process does in the service: the owner of its leases, and the data folder of its
    embedded worker.

    ``show`` takes progress directly instead of through the relay, in a process that runs a single
    job; then other processes cannot take that job over while it waits.
    """

    owner: str
    worker_folder: str = WORKER_FOLDER
    show: ProgressSink | None = None


async def open_backends(
    settings: Settings, role: Role, clock: Clock, stack: AsyncExitStack
) -> tuple[dict[str, Backend], EmbeddedWorker | None]:
    """The backends in order of preference, closed by the stack; nothing is asked of them yet.
    Raises SettingsError, and ProxyUnusable."""
    backends: dict[str, Backend] = {}
    worker: EmbeddedWorker | None = None
    for name in settings.preferred_backends:
        if name is BackendName.FAL:
            # a second submission would be paid again, so fal's are never resent
            fal = QueueClient(
                name,
                settings.fal_queue_url,
                settings.fal_key,
                resubmits_safely=False,
                clock=clock,
                proxies=settings.proxies,
            )
            backends[name] = await stack.enter_async_context(fal)
            continue
        key = settings.worker_key or SecretStr(own_worker_key(settings.data_dir))
        connect = partial(
            QueueClient,
            name,
            key=key,
            resubmits_safely=True,
            clock=clock,
            previews=settings.looks,
            proxies=settings.proxies,
            trust=_worker_certificates(settings),
        )
        if settings.worker_url is not None:
            backends[name] = await stack.enter_async_context(connect(settings.worker_url))
            continue
        # the embedded worker gets its port when it starts, and may get another at a restart
        relocatable = await stack.enter_async_context(RelocatableBackend(name, connect))
        worker = _embedded_worker(settings, role, relocatable, clock=clock, key=key)
        backends[name] = relocatable
    return backends, worker


def _worker_certificates(settings: Settings) -> ssl.SSLContext | None:
    if settings.worker_ca is None:
        return None
    try:
        return trusting(settings.worker_ca)
    except OSError as error:  # of ssl too, for what is no certificate
        raise SettingsError(
            f"FLIPBOOK_WORKER_CA: {settings.worker_ca.absolute()} holds no certificate that can be "
            f"read ({error.strerror or type(error).__name__})"
        ) from None


def _embedded_worker(
    settings: Settings, role: Role, backend: RelocatableBackend, *, clock: Clock, key: SecretStr
) -> EmbeddedWorker:
    folder = settings.data_dir / role.worker_folder
    command = [sys.executable, "-m", "bot", "worker", "--host", "127.0.0.1", "--exit-with-parent"]
    command += ["--data-dir", str(folder.absolute()), "--engine", settings.engine]
    command += ["--step-seconds", str(settings.preview_step_seconds)]
    if settings.models is not None:
        command += ["--models", str(settings.models.absolute())]
    # its log lines would break the progress line of a single job
    level = "ERROR" if role.show else settings.log_level
    # the key is passed in the environment: other users can read command lines
    environment = child_environment(
        FLIPBOOK_WORKER_KEY=key.get_secret_value(),
        FLIPBOOK_LOG_LEVEL=level,
        FLIPBOOK_WORKER_LOOKS="true" if settings.looks else None,
    )
    return EmbeddedWorker(command, environment, folder, clock=clock, backend=backend)
