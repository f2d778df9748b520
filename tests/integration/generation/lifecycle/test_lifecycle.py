"""One job from its submission to the kept clip: what is saved, reported, fetched and settled."""

from decimal import Decimal
from pathlib import Path

from core import a_core
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from generation.domain.job import JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.ports import BackendState, BackendUpdate
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, EntryKind, Totals
from generation.rules.operator_rules import OperatorRules

PRICES = Prices(
    {"worker": {Endpoint.STANDARD: Price(Decimal("0.04"))}, "fal": {Endpoint.STANDARD: Price(Decimal("0.10"))}}
)


async def test_a_job_is_submitted_watched_fetched_kept_and_settled(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=PRICES) as core:
        job = await core.run(await core.submit())
        assert [status for _, status in core.observer.moves] == [
            JobStatus.PENDING,
            JobStatus.SUBMITTING,
            JobStatus.QUEUED,
            JobStatus.RUNNING,
            JobStatus.SUCCEEDED,
        ]
        assert await core.reload(job) == job
        assert job.artifact is not None
        async with core.artifacts.checkout(job.artifact) as path:
            assert path.read_bytes() == tiny_mp4()
        assert [(e.kind, e.clips, e.amount) for e in await core.store.ledger_of(job.id)] == [
            (EntryKind.RESERVE, 1, Micros(40_000)),
            (EntryKind.SETTLE, 0, Micros(0)),
        ]
        assert list((tmp_path / "staging").iterdir()) == []


async def test_the_clip_remembers_what_made_it(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(made_by="animatediff")) as core:
        job = await core.run(await core.submit())
        assert (job.backend, job.engine) == ("worker", "animatediff")
        assert await core.reload(job) == job


async def test_what_is_settled_is_the_price_of_the_backend_that_made_it(tmp_path: Path) -> None:
    rules = OperatorRules(backends=("fal", "worker"), prices=PRICES)
    async with a_core(tmp_path, rules=rules, prices=PRICES) as core:
        job = await core.run(await core.submit())
        assert (job.reserved, job.cost) == (Micros(40_000), Micros(40_000))
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=1, amount=Micros(40_000))


async def test_updates_that_skip_states_are_understood(tmp_path: Path) -> None:
    backend = ScriptedBackend(updates=(BackendUpdate(BackendState.COMPLETED),))
    async with a_core(tmp_path, backend=backend) as core:
        assert (await core.run(await core.submit())).status is JobStatus.SUCCEEDED
