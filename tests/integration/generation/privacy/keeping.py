"""What forgets and removes, around a core of a test."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core import Core
from core_running import PATIENCE_SECONDS, relaying
from generation.delivery.notices import NoticeRelay
from generation.domain.refs import Platform, ServerRef
from generation.privacy.forgetting import Forgetter
from generation.privacy.gone_servers import GoneServers
from generation.privacy.retention import KeepDays, Retention
from generation.rules.pseudonyms import Pseudonym


@dataclass
class RememberedMembers:
    """The list of forgotten members, in memory. ``troubles`` are raised by the next additions."""

    members: dict[str, datetime] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)

    async def add(self, members: Sequence[Pseudonym], until: datetime) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.members |= {str(member): until for member in members}


def a_forgetter(core: Core, forgotten: RememberedMembers | None = None) -> Forgetter:
    """Forgets in that core."""
    return Forgetter(
        core.store,
        core.artifacts,
        forgotten or RememberedMembers(),
        clock=core.clock,
        observer=core.observer,
        cancelled=core.dispatcher.wake,
        removed=core.relay.wake,
        noticed=lambda: None,
    )


async def forget_all(core: Core, forgetter: Forgetter | None = None) -> None:
    """Go on until nobody is left to be forgotten, with the relay and the notices at work."""
    forgetter = forgetter or a_forgetter(core)
    notices = NoticeRelay(
        core.store, {Platform.DISCORD: core.messenger}, owner="run", clock=core.clock, observer=core.observer
    )
    async with relaying(core):
        for _ in range(500):
            if (await forgetter.go_on()).left == 0:
                return
            await core.clock.advance(1)
            await asyncio.sleep(0.005)
            await notices.post_due()
    left = await core.store.forgettings()
    jobs = await core.store.all_jobs_of(left[0].user, until=core.clock.now(), after=None, limit=5)
    deliveries = await core.store.deliveries_of([job.id for job in jobs])
    raise AssertionError(f"still not forgotten: {left} {jobs} {deliveries} {core.observer.troubles}")


async def until_forgotten(core: Core, advance: Callable[[float], None], forgetter: Forgetter | None = None) -> None:
    """Go on until nobody is left to be forgotten, in a bot that runs; ``advance`` moves its time."""
    forgetter = forgetter or a_forgetter(core)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await forgetter.go_on()).left:
            advance(2)
            core.relay.wake()
            core.notices.wake()
            await asyncio.sleep(0.01)


def a_retention(core: Core, days: KeepDays | None = None, *, free: list[int] | None = None) -> Retention:
    """Removes in that core; ``free`` are the bytes that are free at each look, the last one from then on."""
    seen = free or [10**12]

    async def days_of(_: ServerRef) -> KeepDays:
        return days or KeepDays()

    async def free_bytes() -> int | None:
        return seen.pop(0) if len(seen) > 1 else seen[0]

    return Retention(
        core.store,
        core.artifacts,
        clock=core.clock,
        observer=core.observer,
        days_of=days_of,
        free_bytes=free_bytes,
        reserve=1_000_000,
    )


def gone_servers(core: Core) -> GoneServers:
    """Deletes servers in that core."""
    return GoneServers(core.store, core.artifacts, clock=core.clock, observer=core.observer)


def all_bytes(core: Core) -> bytes:
    """Everything in the core's folder: the database, its log, clips, staging."""
    return b"".join(path.read_bytes() for path in sorted(core.folder.rglob("*")) if path.is_file())
