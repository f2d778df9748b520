"""A backend's call that comes before its answer to the submission."""

from pathlib import Path
from typing import Any

import pytest

from core import a_core
from doubles.backend import ScriptedBackend
from generation.callbacks import Callbacks
from generation.job import JobStatus


class Calling(ScriptedBackend):
    """Somebody calls about the job before the submission is answered."""

    def __init__(self, called_about: str) -> None:
        super().__init__("fal", resubmits_safely=False)
        self.called_about = called_about
        self.callbacks: Callbacks | None = None

    async def submit(self, *args: Any, **keywords: Any) -> str:
        request_id = await super().submit(*args, **keywords)
        assert self.callbacks is not None
        job_id = keywords["idempotency_key"].partition("-")[0]
        assert await self.callbacks.heard(job_id, self.called_about, "fal")
        return request_id


@pytest.mark.parametrize("called_about", ["request-1", "somebody-elses"])
async def test_the_request_of_the_answer_is_the_jobs_whatever_a_call_said_before(
    tmp_path: Path, called_about: str
) -> None:
    backend = Calling(called_about)
    async with a_core(tmp_path, backend=backend) as core:
        backend.callbacks = Callbacks(core.store, core.observer, core.carrier.nudge)
        job = await core.carry(await core.submit())
        assert job.handle is not None
        assert (job.status, job.handle.request_id) == (JobStatus.SUCCEEDED, "request-1")
        assert len(backend.submissions) == 1
