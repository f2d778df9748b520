"""What becomes of the requests that a worker leaves open when it ends."""

from datetime import datetime

from generation.protocol.wire import RequestState
from worker.records import MAX_ATTEMPTS, Request
from worker.scheduling import failures


def recovered(request: Request, now: datetime) -> Request:
    """What becomes of a request that was open when the previous worker ended."""
    if request.cancel_requested:
        return request.finished(failures.cancelled(), now)
    if request.input is None:
        return request.finished(failures.unreadable(), now)
    if request.state is RequestState.IN_QUEUE:
        return request
    if request.attempts >= MAX_ATTEMPTS or not request.options.may_run_again:
        return request.finished(failures.disconnected(), now)
    return request.interrupted()
