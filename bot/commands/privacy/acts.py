"""What ``flipbook privacy`` and ``flipbook prune`` do, beside a bot that runs or without one."""

from pathlib import Path

from bot.commands.admin.database import maintenance_app
from bot.forgotten_members import FORGOTTEN, read
from bot.settings import Settings
from generation.domain.privacy import Forgetting
from generation.domain.refs import UserRef
from generation.privacy.exporting import Exporter
from generation.privacy.replaying import forget_again
from generation.privacy.retention import Due


async def copy_of(settings: Settings, member: UserRef) -> bytes:
    """Everything that is kept of a member, as JSON, however much it is. Raises StoreError."""
    async with maintenance_app(settings) as app:
        exporter = Exporter(app.ports.store, app.clock, app.links)
        return await exporter.export(member, max_bytes=None)


async def kept_of(settings: Settings, member: UserRef) -> str:
    """How much is kept of a member, in a line. Raises StoreError."""
    async with maintenance_app(settings) as app:
        kept = await app.ports.store.kept_of(member)
    return (
        f"{member}: jobs {kept.jobs:,}, with a prompt {kept.prompts:,}, with a clip "
        f"{kept.clips:,} ({_megabytes(kept.clip_bytes)})."
    )


async def ask_to_forget(settings: Settings, member: UserRef) -> None:
    """Begin to forget a member; nobody is told. Raises StoreError."""
    async with maintenance_app(settings) as app, app.ports.store.transaction() as tx:
        await tx.ask_to_forget(Forgetting(member, app.clock.now()))


async def forget_listed(settings: Settings, file: Path | None) -> int:
    """Forget again who is in a list of forgotten members; how many had come back. Raises
    OperatorFault for what is no such list."""
    forgotten = read(file or settings.data_dir / FORGOTTEN)
    async with maintenance_app(settings) as app:
        store = app.ports.store
        count = await forget_again(store, app.ports.artifacts, forgotten, app.clock.now())
        await store.remove_traces()
    return count


async def prune_lines(settings: Settings, *, dry_run: bool) -> list[str]:
    """Remove what is old, or say what would go; in lines for the terminal. Raises StoreError."""
    async with maintenance_app(settings) as app:
        retention = app.keeping.parts.retention
        if dry_run:
            return _due_lines(await retention.due())
        pruned = await retention.prune()
    return [
        f"Removed: {pruned.clips:,} clips ({_megabytes(pruned.bytes)}), {pruned.prompts:,} prompts."
    ]


def _due_lines(due: list[Due]) -> list[str]:
    rows = [
        (
            str(each.server),
            f"{each.clips.count:,}",
            _megabytes(each.clips.bytes),
            _days(each.days.clips),
            f"{each.prompts.count:,}",
            _days(each.days.prompts),
        )
        for each in due
        if each.clips.count or each.prompts.count
    ]
    if not rows:
        return ["Nothing is older than its server keeps it."]
    total = sum(each.clips.bytes for each in due)
    head = ("server", "clips", "size", "kept", "prompts", "kept")
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return [*lines, f"Without --dry-run {_megabytes(total)} would be free again."]


def _days(days: int | None) -> str:
    return "for ever" if days is None else f"{days} d"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
