"""The checks of ``flipbook doctor``, each with findings that say what to do."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from bot.commands.chat_checks import discord_checkup, slack_access, slack_checkup
from bot.commands.worker.settings import load_worker_settings
from bot.composition import Role, open_app, prepare_folders
from bot.settings import BackendName, Settings, SettingsError
from generation.diagnostics import Finding, Grade
from generation.protocol.clock import Clock, SystemClock
from generation.protocol.errors import FlipbookError
from generation.text.errors import sentence
from worker.engine import EngineUnavailable
from worker.process.engine_choice import choose_engine
from worker.settings import EngineChoice

_LEAST_FREE_BYTES = 2 * 1024**3
_TURBO = (
    "by now fal may refuse or ignore camera motions with turbo; steps and guidance are sent as "
    "before (docs/fal.md)"
)


async def examine(settings: Settings, *, clock: Clock | None = None) -> list[Finding]:
    """Every finding, in the order in which a clip depends on them; ``clock`` is the machine's by
    default."""
    checks: tuple[Callable[[Settings], Awaitable[list[Finding]]], ...] = (
        _python,
        _data_folder,
        _database,
        _engine,
        _backends,
    )
    findings: list[Finding] = []
    for check in checks:
        findings += await check(settings)
    return findings + await _chats(settings, clock or SystemClock())


async def _python(_settings: Settings) -> list[Finding]:
    return [Finding(Grade.GOOD, "Python", sys.version.split()[0])]


async def _data_folder(settings: Settings) -> list[Finding]:
    try:
        await asyncio.to_thread(prepare_folders, settings)
        await asyncio.to_thread(_write_and_remove, settings.data_dir / ".doctor")
    except OSError as error:
        detail = (
            f"{settings.data_dir.absolute()} cannot be written ({error.strerror}); set "
            "FLIPBOOK_DATA_DIR"
        )
        return [Finding(Grade.BAD, "data folder", detail)]
    free = (await asyncio.to_thread(shutil.disk_usage, settings.data_dir)).free
    grade = Grade.GOOD if free >= _LEAST_FREE_BYTES else Grade.BAD
    advice = "" if grade is Grade.GOOD else "; make room, or set FLIPBOOK_DATA_DIR to another disk"
    return [
        Finding(
            grade,
            "data folder",
            f"{settings.data_dir.absolute()}, {free / 1024**3:.1f} GiB free{advice}",
        )
    ]


def _write_and_remove(path: Path) -> None:
    path.write_bytes(b"flipbook")
    path.unlink()


async def _database(settings: Settings) -> list[Finding]:
    try:
        # opening it migrates it, as `flipbook run` would
        async with open_app(settings, Role("doctor")) as app:
            counts = await app.ports.store.status_counts()
            wrong = await app.ports.store.ledger_discrepancies()
    except FlipbookError as error:
        return [Finding(Grade.BAD, "database", f"{sentence(error)} ({error})")]
    except SettingsError as error:
        return [Finding(Grade.BAD, "settings", str(error))]
    except OSError as error:
        return [Finding(Grade.BAD, "database", f"its folder cannot be used ({error.strerror})")]
    jobs = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    detail = f"up to date; jobs: {jobs or 'none under way'}"
    findings = [Finding(Grade.GOOD, "database", detail)]
    if wrong:  # a bug of ours, not of the operator: nothing to do but to report it
        detail = (
            f"the totals of {len(wrong)} scopes differ from their lines, first "
            f"{wrong[0]}; please report this"
        )
        findings.append(Finding(Grade.BAD, "ledger", detail))
    return findings


async def _engine(settings: Settings) -> list[Finding]:
    # only the embedded worker's engine: one at an address is on a machine of its own
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
    # the preview engine is fine where it was asked for; where it replaces another, that is a note
    grade = Grade.GOOD if info.name in {settings.engine, EngineChoice.ANIMATEDIFF} else Grade.NOTE
    return [Finding(grade, "engine", f"{info.name}: {info.reason}")]


async def _backends(settings: Settings) -> list[Finding]:
    findings = []
    for name in settings.preferred_backends:
        url = settings.fal_queue_url if name is BackendName.FAL else settings.worker_url
        if url is None:
            findings.append(
                Finding(Grade.GOOD, "backend worker", "embedded, started by `flipbook run`")
            )
        else:
            findings.append(await _reachable(name, url))
            if name is BackendName.FAL:
                findings.append(Finding(Grade.NOTE, "fal's turbo", _TURBO))
    return findings


async def _reachable(name: str, url: str) -> Finding:
    # any answer will do: whether the key is good shows at the first clip, and asking may cost money
    try:
        async with (
            httpx.AsyncClient(timeout=10) as client,
            # its body says nothing, so it is not read: whatever answers there may send anything
            client.stream("GET", url) as answer,
        ):
            pass
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(
            Grade.BAD, f"backend {name}", f"{url} cannot be reached ({type(error).__name__})"
        )
    return Finding(Grade.GOOD, f"backend {name}", f"{url} answers ({answer.status_code})")


async def _chats(settings: Settings, clock: Clock) -> list[Finding]:
    """Each platform's answers about its tokens. No session is opened, so a running bot is not
    disturbed."""
    findings = _half_set(settings)
    if settings.discord_token is not None:
        findings += (await discord_checkup(settings, settings.discord_token, clock)).findings
    if settings.slack_bot_token is not None:
        access = slack_access(settings, settings.slack_bot_token)
        findings += (await slack_checkup(settings, access, clock)).findings
    return findings


def _half_set(settings: Settings) -> list[Finding]:
    if settings.slack_bot_token is None and (
        settings.slack_app_token or settings.slack_signing_secret
    ):
        detail = (
            "SLACK_BOT_TOKEN is not set, so Slack is not served; `flipbook setup slack` "
            "goes through it"
        )
        return [Finding(Grade.BAD, "Slack SLACK_BOT_TOKEN", detail)]
    if settings.discord_token is None and settings.slack_bot_token is None:
        detail = (
            "none is set up; `flipbook setup discord` or `flipbook setup slack` goes through it"
        )
        return [Finding(Grade.NOTE, "chats", detail)]
    return []
