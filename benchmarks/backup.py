"""What members notice of a backup: how long a submission takes before one and while one is made.

The database has about 200 MB of finished jobs. A submission is made every few milliseconds, for a
while without a backup and then for as long as ``flipbook backup`` runs beside it, in turns; prints
p50 and p99 of both and their ratio (target: p99 during at most × 1.5). ``--jobs`` makes it smaller.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from report import ENVIRONMENT, PYTHON, machine, quiet, table
from submit import OPEN, REQUEST, add_finished, member, multiply, service_on

from db.encryption import FernetCipher
from db.store import SqlStore
from generation.service import Service, SubmitContext

JOBS: Final = 91_000
TURNS: Final = 5
BEFORE: Final = 600
"""Submissions before each backup."""
PAUSE_SECONDS: Final = 0.003
WARM_UP: Final = 200
TARGET: Final = 1.5


@dataclass
class Measured:
    """Milliseconds of every submission, and seconds of every backup."""

    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    backups: list[float] = field(default_factory=list)
    bytes: int = 0


class Members:
    """They ask for clips, one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._numbers = count()

    async def ask(self, taken: list[float], goes_on: Callable[[int], bool]) -> None:
        """As long as ``goes_on``, which is given how many were made."""
        made = 0
        while goes_on(made):
            number = next(self._numbers)
            channel, user = member(number)
            began = time.perf_counter()
            await self._service.submit(REQUEST, SubmitContext(f"now:{number}", user, channel))
            taken.append((time.perf_counter() - began) * 1000)
            made += 1
            await asyncio.sleep(PAUSE_SECONDS)


async def measure(folder: Path, service: Service, turns: int) -> Measured:
    measured, members = Measured(), Members(service)
    await members.ask([], lambda made: made < WARM_UP)
    for turn in range(turns):
        await members.ask(measured.before, lambda made: made < BEFORE)
        saved = folder / f"backup-{turn}.tar"
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *PYTHON, "bot", "backup", str(saved), "--data-dir", str(folder / "data"),
            env=ENVIRONMENT, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        ended = asyncio.create_task(process.wait())
        await members.ask(measured.during, lambda _: not ended.done())  # noqa: B023 - used up here
        measured.backups.append(time.perf_counter() - began)
        if await ended:
            raise SystemExit("the backup failed")
        measured.bytes = saved.stat().st_size
        saved.unlink()
    return measured


def shown(measured: Measured) -> str:
    rows, tails = [], []
    for name, taken in (("before", measured.before), ("during", measured.during)):
        cuts = statistics.quantiles(taken, n=100)
        tails.append(cuts[98])
        rows.append([name, f"{len(taken):,}", f"{cuts[49]:.2f} ms", f"{cuts[98]:.2f} ms",
                     f"{max(taken):.0f} ms"])  # fmt: skip
    seconds, mb = statistics.median(measured.backups), measured.bytes / 1e6
    return (
        table(["submissions", "count", "p50", "p99", "longest"], rows)
        + f"\n{len(measured.backups)} backups of {mb:.0f} MB, {seconds:.1f} s each; p99 during × "
        f"{tails[1] / tails[0]:.2f} (target ≤ {TARGET})"
    )


async def main(jobs: int, turns: int) -> None:
    cipher = FernetCipher(FernetCipher.new_key())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        path = folder / "data" / "flipbook.db"
        store = await SqlStore.open(f"sqlite:///{path}", cipher)
        await add_finished(store, 1000)
        await store.close()
        await asyncio.to_thread(multiply, path, jobs)
        store = await SqlStore.open(f"sqlite:///{path}", cipher)
        try:
            measured = await measure(folder, service_on(store, OPEN), turns)
        finally:
            await store.close()
    print(machine())
    print(shown(measured))


if __name__ == "__main__":
    quiet()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS, help="finished jobs in the database")
    parser.add_argument("--turns", type=int, default=TURNS)
    given = parser.parse_args()
    asyncio.run(main(given.jobs, given.turns))
