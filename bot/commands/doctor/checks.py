"""The checks of ``flipbook doctor``, each with findings that say what to do."""

from collections.abc import Awaitable, Callable

from bot.commands.doctor import machine
from bot.commands.doctor.backends import backends, engine, proxies
from bot.commands.doctor.chats import chats
from bot.commands.settings_sources import settings_findings
from bot.settings import Settings
from generation.diagnostics import Finding, Grade
from generation.protocol.clock import Clock, SystemClock


async def examine(settings: Settings, *, clock: Clock | None = None) -> list[Finding]:
    """Every finding, in the order in which a clip depends on them; ``clock`` is the machine's by
    default."""
    clock = clock or SystemClock()
    checks: tuple[Callable[[Settings], Awaitable[list[Finding]]], ...] = (
        machine.python,
        _sources,
        # before what opens everything: it would say the same as a setting's fault
        proxies,
        machine.data_folder,
        machine.database,
        machine.worker_database,
        machine.clips,
        machine.backups,
        machine.web,
        engine,
        lambda settings: backends(settings, clock),
        lambda settings: chats(settings, clock),
    )
    findings: list[Finding] = []
    for check in checks:
        # what keeps one part from working may keep the next one from it too: it is said once
        said = {each.detail for each in findings if each.grade is Grade.BAD}
        findings += [each for each in await check(settings) if each.detail not in said]
    return findings


async def _sources(_settings: Settings) -> list[Finding]:
    return settings_findings()
