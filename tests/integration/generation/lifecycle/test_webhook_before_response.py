"""A backend's call that comes before its answer to the submission."""

from pathlib import Path
from typing import Any

import pytest

from core import a_core
from doubles.generation.backend import ScriptedBackend
from generation.domain.job import JobStatus
from generation.lifecycle.webhooks import WebhookReceiver


class Calling(ScriptedBackend):
    """A webhook about the job comes before the submission is answered."""

    def __init__(self, called_about: str) -> None:
        super().__init__("fal", resubmits_safely=False)
        self.called_about = called_about
        self.callbacks: WebhookReceiver | None = None

    async def submit(self, *args: Any, **keywords: Any) -> str:
        request_id = await super().submit(*args, **keywords)
        assert self.callbacks is not None
        job_id = keywords["idempotency_key"].partition("-")[0]
        assert await self.callbacks.receive(job_id, self.called_about, "fal")
        return request_id


@pytest.mark.parametrize("called_about", ["request-1", "another-request"])
async def test_the_request_of_the_answer_is_the_jobs_whatever_a_call_said_before(
    tmp_path: Path, called_about: str
) -> None:
    backend = Calling(called_about)
    async with a_core(tmp_path, backend=backend) as core:
        backend.callbacks = WebhookReceiver(core.store, core.observer, core.lifecycle.wake)
        job = await core.run(await core.submit())
        assert job.handle is not None
        assert (job.status, job.handle.request_id) == (JobStatus.SUCCEEDED, "request-1")
        assert len(backend.submissions) == 1
