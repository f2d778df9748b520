"""Prompts reach neither the log nor the metrics nor the troubles, even where a backend quotes them in every error."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.web.dashboard.troubles import TroubleBook
from adapters.web.metrics import MetricsObserver
from bot.observer import LogObserver, Observers
from core import a_core
from core_running import dispatching, relaying, until
from doubles.generation.backend import ScriptedBackend
from factories import a_request
from generation.protocol import errors as e

SECRET = "a lighthouse that only one member knows"
QUOTING: list[tuple[str, Callable[[], Exception]]] = [
    ("submit", lambda: e.RequestRejected("fal", (), f"prompt: {SECRET} is too bright")),
    ("submit", lambda: e.CredentialsRejected("fal", f"key refused for {{'prompt': '{SECRET}'}}")),
    ("submit", lambda: e.AccountLocked("fal", f"balance; input was {SECRET}")),
    ("submit", lambda: e.SubmissionOutcomeUnknown("fal", f"sent {SECRET}")),
    ("submit", lambda: e.BackendUnavailable("fal", f"no answer to {SECRET}")),
    ("watch", lambda: e.GenerationFailed("fal", f"the runner died of {SECRET}")),
    ("result", lambda: e.ContentRejected("fal", f"unsafe: {SECRET}")),
    ("result", lambda: e.ProtocolViolation("fal", f"no video in the answer to {SECRET}")),
    ("result", lambda: ValueError(f"a bug with {SECRET}")),
    ("fetch", lambda: e.CorruptVideo(f"a clip of {SECRET}")),
]


@pytest.mark.parametrize(
    ("verb", "error"), QUOTING, ids=[f"{verb}-{type(error()).__name__}" for verb, error in QUOTING]
)
async def test_what_a_backend_quotes_stays_out_of_everything_operators_read(
    tmp_path: Path, verb: str, error: Callable[[], Exception]
) -> None:
    backend = ScriptedBackend(name="fal", resubmits_safely=False)
    if verb == "submit":
        backend.refusals = [error()]
    else:
        backend.troubles = {verb: [error()]}
    with capture_logs() as lines:
        async with a_core(tmp_path, backend=backend) as core:
            book, metrics = TroubleBook(core.clock), MetricsObserver()
            told = Observers((LogObserver(), book, metrics))
            async with dispatching(core), relaying(core):
                job = await core.submit(a_request(prompt=SECRET, negative_prompt=f"no {SECRET}"))
                await until(core, lambda: len(core.observer.moves) >= 2)
                for _ in range(20):
                    await core.clock.advance(1)
                    await asyncio.sleep(0.002)
            for what, trouble in core.observer.troubles:
                told.trouble(what, trouble, job_id=job.id)
            told.job_moved(await core.reload(job))
    assert SECRET not in repr(lines)
    assert SECRET not in repr(book.latest)
    assert SECRET not in repr([*metrics.registry.collect()])
