"""What `flipbook doctor` finds out about what makes the clips: the embedded engine, and backends
elsewhere with the way there."""

import asyncio
import shutil
import ssl
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.commands.worker.settings import load_worker_settings
from bot.composition import Role, open_backends
from bot.settings import BackendName, Settings, SettingsError, values_in_environment
from generation.backends.client import QueueClient
from generation.diagnostics import Finding, Grade, clock_offset, offset_words
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    BackendError,
    BackendUnavailable,
    CredentialsRejected,
)
from generation.protocol.proxies import without_password
from generation.text.errors import sentence
from worker.engine import EngineUnavailable
from worker.process.engine_choice import choose_engine
from worker.settings import EngineChoice

_CLOCK_TOLERANCE: Final = timedelta(seconds=60)
_WEBHOOK_TOLERANCE: Final = timedelta(minutes=4)
"""fal's webhooks are refused when they are five minutes old."""
_COMPILERS: Final = ("cc", "gcc", "clang")
_TLS_SECONDS: Final = 5.0
_TURBO: Final = (
    "by now fal may refuse or ignore camera motions with turbo; steps and guidance are sent as "
    "before (docs/operators/fal.md)"
)
_KEYS: Final = {BackendName.FAL: "FAL_KEY", BackendName.WORKER: "FLIPBOOK_WORKER_KEY"}


async def proxies(settings: Settings) -> list[Finding]:
    """Which way each address is reached; none where no proxy is set."""
    if wrong := settings.proxies.wrong():
        return [Finding(Grade.BAD, "proxies", words) for words in wrong]
    through = {name: settings.proxies.for_url(url) for name, url in settings.outside.items()}
    if not any(through.values()):
        return []
    ways = (
        f"{name} through {without_password(way)}" if way else f"{name} directly"
        for name, way in through.items()
    )
    return [Finding(Grade.GOOD, "proxies", ", ".join(ways))]


async def engine(settings: Settings) -> list[Finding]:
    """What the embedded worker would render with."""
    # one at an address is on a machine of its own
    if not settings.embeds_worker:
        return []
    try:
        folder = settings.data_dir / "worker"
        given = {
            "engine": settings.engine,
            "models_dir": settings.models,
            "data_dir": folder,
            "host": "127.0.0.1",
        }
        worker_settings = load_worker_settings(given)
        _, info = await asyncio.to_thread(choose_engine, worker_settings)
    except (EngineUnavailable, SettingsError) as error:
        return [Finding(Grade.BAD, "engine", str(error))]
    if info.name == EngineChoice.ANIMATEDIFF:
        return [Finding(Grade.GOOD, "engine", f"{info.name}: {info.reason}"), *compiler()]
    # the preview engine is fine where it was asked for; where it replaces another, that is a note
    grade = Grade.GOOD if info.name == settings.engine else Grade.NOTE
    return [Finding(grade, "engine", f"{info.name}: {info.reason}")]


def compiler() -> list[Finding]:
    """Whether AnimateDiff's models can be compiled; none where they can."""
    named = values_in_environment(["CC"]).get("CC", "").split()[:1]
    missing = [] if any(map(shutil.which, (*named, *_COMPILERS))) else ["a C compiler"]
    # Triton builds a module for this very Python
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    missing += [] if headers.is_file() else ["Python's headers"]
    if not missing:
        return []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    detail = (
        f"{' and '.join(missing)} cannot be found, so the models run as they are, more slowly; "
        f"install gcc and python{version}-dev"
    )
    return [Finding(Grade.NOTE, "compiler", detail)]


async def backends(settings: Settings, clock: Clock) -> list[Finding]:
    """What each backend answers when it is asked as the bot asks it."""
    async with AsyncExitStack() as stack:
        try:
            opened, _ = await open_backends(settings, Role("doctor"), clock, stack)
        except (SettingsError, ValueError, OSError) as error:
            return [Finding(Grade.BAD, "backends", f"cannot be asked: {error}")]
        findings: list[Finding] = []
        for name, backend in opened.items():
            if isinstance(backend, QueueClient):
                findings += await _asked(settings, BackendName(name), backend, clock)
                if name == BackendName.FAL:
                    findings.append(Finding(Grade.NOTE, "fal's turbo", _TURBO))
            else:
                words = "embedded, started by `flipbook run`"
                findings.append(Finding(Grade.GOOD, f"backend {name}", words))
        return findings


async def _asked(
    settings: Settings, name: BackendName, client: QueueClient, clock: Clock
) -> Sequence[Finding]:
    url = settings.fal_queue_url if name is BackendName.FAL else settings.worker_url or ""
    try:
        date = await client.check()
        renders_with = await client.engine()
    except CredentialsRejected as error:
        detail = (
            f"{url} does not accept the key ({error.detail}); set {_KEYS[name]} to the one it knows"
        )
        return [Finding(Grade.BAD, f"backend {name}", detail)]
    except BackendUnavailable as error:
        why = error.detail
        if urlsplit(url).scheme == "http" and await _speaks_tls(url):
            why = "it speaks https there: write https:// in the address"
        elif "certificate" in why and name is BackendName.WORKER:
            why += "; set FLIPBOOK_WORKER_CA to the file of the authority that has signed it"
        elif "does not speak https" in why:
            why += ": write http:// in the address, or give it a certificate"
        return [Finding(Grade.BAD, f"backend {name}", f"{url} cannot be reached: {why}")]
    except BackendError as error:
        return [Finding(Grade.BAD, f"backend {name}", f"{url}: {sentence(error)} ({error})")]
    made_by = f", and renders with {renders_with}" if renders_with else ""
    finding = Finding(Grade.GOOD, f"backend {name}", f"{url} accepts the key{made_by}")
    return [finding, *_about_clock(date, name, clock)]


def _about_clock(date: str | None, name: BackendName, clock: Clock) -> list[Finding]:
    offset = clock_offset(date, clock.now())
    if offset is None or abs(offset) <= _CLOCK_TOLERANCE:
        return []
    off = f"{offset_words(offset, name)}; set it, or let it be set by NTP"
    if name is BackendName.FAL and abs(offset) >= _WEBHOOK_TOLERANCE:
        return [Finding(Grade.BAD, "clock", f"{off}: fal's webhooks are refused as replayed")]
    return [Finding(Grade.NOTE, "clock", off)]


async def _speaks_tls(url: str) -> bool:
    parts = urlsplit(url)
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_TLS_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, ssl=anybody)
        writer.close()
        return True
    return False
