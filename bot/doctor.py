"""``flipbook doctor``: looks at everything that clips depend on, and says what to do about what is wrong."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from bot.app import Role, open_app, prepare_folders
from bot.settings import BackendName, Settings, SettingsError
from bot.worker_settings import load_worker_settings
from generation.errors import FlipbookError
from generation.wording import sentence
from worker.engine import EngineUnavailable
from worker.engine_choice import choose_engine
from worker.settings import EngineChoice

_LEAST_FREE_BYTES = 2 * 1024**3


class Grade(StrEnum):
    """How good a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, how it is, and what to do."""

    grade: Grade
    what: str
    detail: str

    @property
    def is_bad(self) -> bool:
        """Whether clips fail because of it."""
        return self.grade is Grade.BAD

    def __str__(self) -> str:
        return f"{self.grade:<4} {self.what}: {self.detail}"


async def examine(settings: Settings) -> list[Finding]:
    """Every finding, in the order in which a clip meets them."""
    looks: tuple[Callable[[Settings], Awaitable[list[Finding]]], ...] = (
        _python,
        _data_folder,
        _database,
        _engine,
        _backends,
        _chats,
    )
    findings: list[Finding] = []
    for look in looks:
        findings += await look(settings)
    return findings


async def _python(_settings: Settings) -> list[Finding]:
    return [Finding(Grade.GOOD, "Python", sys.version.split()[0])]


async def _data_folder(settings: Settings) -> list[Finding]:
    try:
        await asyncio.to_thread(prepare_folders, settings)
        await asyncio.to_thread(_write_and_remove, settings.data_dir / ".doctor")
    except OSError as error:
        detail = f"{settings.data_dir.absolute()} cannot be written ({error.strerror}); set FLIPBOOK_DATA_DIR"
        return [Finding(Grade.BAD, "data folder", detail)]
    free = (await asyncio.to_thread(shutil.disk_usage, settings.data_dir)).free
    grade = Grade.GOOD if free >= _LEAST_FREE_BYTES else Grade.BAD
    advice = "" if grade is Grade.GOOD else "; make room, or set FLIPBOOK_DATA_DIR to another disk"
    return [Finding(grade, "data folder", f"{settings.data_dir.absolute()}, {free / 1024**3:.1f} GiB free{advice}")]


def _write_and_remove(path: Path) -> None:
    path.write_bytes(b"flipbook")
    path.unlink()


async def _database(settings: Settings) -> list[Finding]:
    try:
        async with open_app(settings, Role("doctor")) as app:
            counts = await app.ports.store.status_counts()
            wrong = await app.ports.store.ledger_discrepancies()
    except FlipbookError as error:
        return [Finding(Grade.BAD, "database", f"{sentence(error)} ({error})")]
    except SettingsError as error:
        return [Finding(Grade.BAD, "settings", str(error))]
    except OSError as error:
        return [Finding(Grade.BAD, "database", f"its folder cannot be used ({error.strerror})")]
    under_way = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "none under way"
    findings = [Finding(Grade.GOOD, "database", f"up to date; jobs: {under_way}")]
    if wrong:
        detail = f"the totals of {len(wrong)} scopes differ from their lines, first {wrong[0]}; please report this"
        findings.append(Finding(Grade.BAD, "ledger", detail))
    return findings


async def _engine(settings: Settings) -> list[Finding]:
    if not settings.embeds_worker:
        return []
    try:
        wanted = load_worker_settings({"engine": settings.engine, "models_dir": settings.models, "host": "127.0.0.1"})
        _, info = await asyncio.to_thread(choose_engine, wanted)
    except (EngineUnavailable, SettingsError) as error:
        return [Finding(Grade.BAD, "engine", str(error))]
    grade = Grade.GOOD if info.name in {settings.engine, EngineChoice.ANIMATEDIFF} else Grade.NOTE
    return [Finding(grade, "engine", f"{info.name}: {info.reason}")]


async def _backends(settings: Settings) -> list[Finding]:
    findings = []
    for name in settings.preferred_backends:
        url = settings.fal_queue_url if name is BackendName.FAL else settings.worker_url
        if url is None:
            findings.append(Finding(Grade.GOOD, "backend worker", "embedded, started by `flipbook run`"))
        else:
            findings.append(await _reachable(name, url))
    return findings


async def _reachable(name: str, url: str) -> Finding:
    """Any answer will do: whether the key is good shows at the first clip, and asking may cost money."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(Grade.BAD, f"backend {name}", f"{url} cannot be reached ({type(error).__name__})")
    return Finding(Grade.GOOD, f"backend {name}", f"{url} answers ({answer.status_code})")


async def _chats(settings: Settings) -> list[Finding]:
    if settings.discord_token is None and settings.slack_bot_token is None:
        detail = "none configured; set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN"
        return [Finding(Grade.NOTE, "chats", detail)]
    names = [
        name for name, token in (("Discord", settings.discord_token), ("Slack", settings.slack_bot_token)) if token
    ]
    return [Finding(Grade.NOTE, "chats", f"tokens for {' and '.join(names)} are set")]
