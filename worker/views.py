"""How a request of ours looks in the queue protocol."""

from dataclasses import dataclass
from typing import Final

from generation.wire import (
    LOOKS_PATH,
    File,
    Metrics,
    Output,
    QueueStatus,
    RequestState,
    SubmitAnswer,
    request_urls,
)
from worker.records import Clip, Failure
from worker.waiting import LiveRequest

VIDEO: Final = "video/mp4"


def submit_answer(live: LiveRequest, base: str, position: int) -> SubmitAnswer:
    """What the caller gets who submitted it; ``base`` is the queue's address as they know it."""
    request = live.request
    urls = request_urls(base, request.endpoint, request.id)
    return SubmitAnswer(
        request_id=request.id,
        response_url=urls.response,
        status_url=urls.status,
        cancel_url=urls.cancel,
        queue_position=position,
    )


@dataclass(frozen=True, slots=True)
class Bases:
    """The worker's addresses as a caller knows them: of the queue, and of files."""

    queue: str
    files: str


def queue_status(
    live: LiveRequest, bases: Bases, position: int, *, logs_from: int | None, eta_seconds: float | None = None
) -> QueueStatus:
    """Where it stands; with its logs from that one on, or without any (None)."""
    request = live.request
    urls = request_urls(bases.queue, request.endpoint, request.id)
    failure = request.ending if isinstance(request.ending, Failure) else None
    return QueueStatus(
        status=request.state,
        request_id=request.id,
        response_url=urls.response,
        status_url=urls.status,
        cancel_url=urls.cancel,
        queue_position=position if request.state is RequestState.IN_QUEUE else None,
        logs=None if logs_from is None else tuple(live.logs[logs_from:]),
        metrics=Metrics(inference_time=request.seconds if isinstance(request.ending, Clip) else None),
        error=failure and failure.error,
        error_type=failure and failure.error_type,
        eta_seconds=eta_seconds and round(eta_seconds, 1),
        look_url=live.look and f"{bases.files}{LOOKS_PATH}{live.look.name}?step={live.look.step}",
    )


def output_of(clip: Clip, request_id: str, files_base: str) -> Output:
    """The model's output; the clip lies under ``files_base``."""
    video = File(
        url=f"{files_base}/files/{clip.file_name}",
        content_type=VIDEO,
        file_name=f"{request_id}.mp4",
        file_size=clip.size,
    )
    return Output(video=video, seed=clip.seed)
