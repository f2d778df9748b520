"""One log line for each state of a request."""

import structlog

from worker.records import Request, RequestFailure, StoredClip

log = structlog.get_logger("flipbook.worker.scheduling")


def log_state(request: Request) -> None:
    """Log which state it has reached, and how it ended."""
    fields = {}
    match request.outcome:
        case StoredClip():
            fields["ended"] = "clip"
        case RequestFailure(error_type=error_type):
            fields["ended"] = error_type
    log.info(
        "request",
        request_id=request.id,
        state=request.state.value,
        attempt=request.attempts,
        **fields,
    )
