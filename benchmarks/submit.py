"""What a submission costs with 0, 10⁴ and 10⁶ finished jobs in the database, and whether a quota
holds at its edge.

Prints p50 and p99 of ``service.submit`` on SQLite, and their growth from 0 to 10⁶ jobs (target: at
most × 1.3). The histories are copies by SQL of rows that the store has written, spread over a year;
a warm-up is not counted.
"""

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from report import machine, table

from db.encryption import FernetCipher
from db.store import SqlStore
from generation.domain.delivery import Delivery
from generation.domain.job import Artifact, Job, RequestHandle, new_job_id
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.protocol.clock import RandomSeeds, SystemClock
from generation.protocol.errors import LimitExceeded
from generation.protocol.request import Endpoint, GenerationRequest
from generation.rules.ledger import reserve, settle
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from generation.service import Service, SubmitContext

HISTORIES = (0, 10_000, 1_000_000)
ROUNDS = 2000
WARM_UP = 200
CHANNELS = 1000
OPEN = Limits(
    user_clips_per_day=None,
    server_clips_per_day=None,
    user_active_jobs=1000,
    server_active_jobs=10_000,
    server_budget_per_day=None,
)
REQUEST = GenerationRequest(prompt="a paper boat on a stormy sea", seed=7)  # type: ignore[call-arg]


class NoObserver:
    """Ignores everything."""

    def __getattr__(self, name: str) -> object:
        return lambda *_args, **_keywords: None


def service_on(store: SqlStore, limits: Limits) -> Service:
    return Service(
        store,
        OperatorRules(backends=("worker",), default_limits=limits),
        clock=SystemClock(),
        seeds=RandomSeeds(),
        observer=NoObserver(),  # type: ignore[arg-type]
        submitted=lambda: None,
        ended=lambda: None,
    )


def member(number: int) -> tuple[ChannelRef, UserRef]:
    server = ServerRef(Platform.DISCORD, f"{10**17 + number % CHANNELS}")
    return ChannelRef(server, f"{2 * 10**17 + number % CHANNELS}"), UserRef(
        Platform.DISCORD, f"{number % 7919}"
    )


async def add_finished(store: SqlStore, count: int) -> None:
    """Finished jobs with their deliveries and ledger lines, written by the store."""
    for number in range(count):
        channel, user = member(number)
        at = datetime.now(UTC) - timedelta(days=1 + number % 365)
        job = Job(
            new_job_id(at), REQUEST, user, channel, f"history:{number}", at, reserved=Micros(50_000)
        )
        async with store.transaction() as tx:
            job = replace(job, number=await tx.next_number(channel.server))
        sent = job.submitting("worker", at)
        queued = sent.queued(RequestHandle("worker", Endpoint.STANDARD, f"r{number}", 1)).running(
            at
        )
        done = queued.succeeded(Artifact(f"{job.id}.mp4", 400_000), Micros(50_000), at)
        delivery = Delivery(job.id, channel, opened_at=at)
        async with store.transaction() as tx:
            await tx.append(reserve(job, at))
            await tx.add_job(job, delivery, None)
            await tx.save_job(done, was=job)
            await tx.append(settle(done, at))
            await tx.save_delivery(replace(delivery.owed(at)).sent(None, at))


def multiply(path: Path, wanted: int) -> None:
    """Copy the rows until there are as many jobs as ``wanted``, each with an id and an origin of
    its own."""
    with sqlite3.connect(path) as connection:
        # a history that is lost in a crash is made again
        connection.execute("PRAGMA synchronous = OFF")
        [(have,)] = connection.execute("SELECT count(*) FROM jobs").fetchall()
        copies = wanted // have - 1
        for name in ("jobs", "deliveries", "ledger"):
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            kept = [
                column for _, column, kind, _, _, key in columns if not (key and kind == "INTEGER")
            ]
            picked = [_copied(name, column) for column in kept]
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                f"{copies}) "
                f"INSERT INTO {name} ({', '.join(kept)}) SELECT {', '.join(picked)} FROM "
                f"{name} AS t, n"
            )
        connection.execute("DELETE FROM clip_numbers")
        connection.execute(
            "INSERT INTO clip_numbers (server, last) SELECT server, max(number_in_server) "
            "FROM jobs GROUP BY server"
        )
        # a member, a server and all together have used something on every day of the month
        connection.execute("DELETE FROM ledger_totals")
        member = "server || '/' || substr(user, instr(user, ':') + 1)"
        for scope, day in (("'all'", "utc_day"), ("server", "day"), (member, "day")):
            connection.execute(
                f"INSERT INTO ledger_totals (scope, day, clips, amount) SELECT {scope} AS s, {day} "
                "AS d, sum(clips), sum(amount) FROM ledger GROUP BY s, d"
            )
        connection.commit()
        connection.execute("ANALYZE")  # as in a database that has grown over a year
    # what is still to be written, two gigabytes, would be measured as the commits' own time
    os.sync()


def _copied(name: str, column: str) -> str:
    key = "id" if name == "jobs" else "job_id"
    if column == key:
        return f"substr(t.{column}, 1, 16) || printf('%08x', n.i)"
    if column == "origin":
        return "t.origin || ':' || n.i"
    if column == "number_in_server":
        return f"t.{column} + n.i * (SELECT max({column}) FROM jobs)"
    return f"t.{column}"


async def measure(store: SqlStore, label: str) -> list[float]:
    service = service_on(store, OPEN)
    taken = []
    for number in range(ROUNDS + WARM_UP):
        channel, user = member(number)
        began = time.perf_counter()
        await service.submit(REQUEST, SubmitContext(f"{label}:{number}", user, channel))
        taken.append((time.perf_counter() - began) * 1000)
    return taken[WARM_UP:]


async def at_the_edge(store: SqlStore) -> int:
    """16 tasks ask 64 times for 10 clips."""
    service = service_on(store, OPEN.model_copy(update={"user_clips_per_day": 10}))
    channel, user = (
        ChannelRef(ServerRef(Platform.DISCORD, "edge"), "1"),
        UserRef(Platform.DISCORD, "edge"),
    )

    async def ask(task: int) -> int:
        got = 0
        for number in range(4):
            try:
                await service.submit(REQUEST, SubmitContext(f"edge:{task}:{number}", user, channel))
                got += 1
            except LimitExceeded:
                pass
        return got

    return sum(await asyncio.gather(*(ask(task) for task in range(16))))


async def main() -> None:
    cipher = FernetCipher(FernetCipher.new_key())
    rows, medians, tails = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for history in HISTORIES:
            path = Path(folder) / f"{history}.db"
            store = await SqlStore.open(f"sqlite:///{path}", cipher)
            if history:
                await add_finished(store, 1000)
                await store.close()
                await asyncio.to_thread(multiply, path, history)
                store = await SqlStore.open(f"sqlite:///{path}", cipher)
            taken = await measure(store, str(history))
            granted = await at_the_edge(store)
            await store.close()
            cuts = statistics.quantiles(taken, n=100)
            medians.append(cuts[49])
            tails.append(cuts[98])
            size = f"{path.stat().st_size / 1e6:.0f} MB"
            rows.append(
                [
                    f"{history:,}",
                    size,
                    f"{cuts[49]:.2f} ms",
                    f"{cuts[98]:.2f} ms",
                    f"{granted} of 10",
                ]
            )
    print(machine())
    print(
        table(
            ["finished jobs", "database", "submit p50", "submit p99", "granted at a quota of 10"],
            rows,
        )
    )
    print(
        f"growth 0 → 10⁶: p50 × {medians[-1] / medians[0]:.2f}, p99 × "
        f"{tails[-1] / tails[0]:.2f} (target ≤ 1.3)"
    )


if __name__ == "__main__":
    asyncio.run(main())
