"""Something was asked of a job that cannot be done."""

from generation.protocol.errors.base import FlipbookError


class JobError(FlipbookError):
    """Something was asked of a job that cannot be done."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class JobNotFound(JobError):
    """There is no such job, or it is not for this member to see; ``typed`` is what they have called
    it, empty where they have pressed a button."""

    def __init__(self, job_id: str, *, typed: str = "") -> None:
        super().__init__(job_id)
        self.typed = typed


class NotYourJob(JobError):
    """Only its owner or an admin may do this."""


class JobAlreadyFinished(JobError):
    """The job has ended; there is nothing left to cancel."""


class JobNotRerollable(JobError):
    """Only a finished clip can be re-rolled."""


class JobUnfinished(JobError):
    """It can be done once the job has ended."""


class ClipDeleted(JobError):
    """The clip was deleted."""


class ClipHidden(JobError):
    """The clip was reported, and is hidden until an admin decides."""


class PromptNotKept(JobError):
    """The prompt is no longer kept, so nothing can be made from it."""


class ReportedAlready(JobError):
    """The member has reported this clip, and no admin has decided yet."""


class IllegalTransition(FlipbookError):
    """A status change outside the transition table."""

    def __init__(self, job_id: str, current: str, wanted: str) -> None:
        super().__init__(f"{job_id}: {current} → {wanted}")
        self.job_id = job_id
        self.current = current
        self.wanted = wanted
