"""How one of the worker's requests looks in the queue protocol."""

from dataclasses import dataclass
from typing import Final

from generation.protocol.wire import (
    PREVIEWS_PATH,
    File,
    MetricsBody,
    Output,
    QueueStatus,
    RequestState,
    SubmitAnswer,
    request_urls,
)
from worker.records import RequestFailure, StoredClip
from worker.scheduling.live_request import LiveRequest

VIDEO_TYPE: Final = "video/mp4"


def submit_answer(live: LiveRequest, base: str, position: int) -> SubmitAnswer:
    """The answer to a submission; ``base`` is the queue's address as the caller knows it."""
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
class BaseUrls:
    """The worker's addresses as a caller knows them: of the queue, and of files."""

    queue: str
    files: str


def queue_status(
    live: LiveRequest,
    base_urls: BaseUrls,
    position: int,
    *,
    logs_from: int | None,
    eta_seconds: float | None = None,
) -> QueueStatus:
    """The request's status, with its log lines from ``logs_from`` on, or without logs (None)."""
    request = live.request
    # URLs keep the base that the caller used, so its client stays on that base
    urls = request_urls(base_urls.queue, request.endpoint, request.id)
    failure = request.outcome if isinstance(request.outcome, RequestFailure) else None
    return QueueStatus(
        status=request.state,
        request_id=request.id,
        response_url=urls.response,
        status_url=urls.status,
        cancel_url=urls.cancel,
        queue_position=position if request.state is RequestState.IN_QUEUE else None,
        logs=None if logs_from is None else tuple(live.logs[logs_from:]),
        metrics=MetricsBody(
            inference_time=request.seconds if isinstance(request.outcome, StoredClip) else None
        ),
        error=failure and failure.error,
        error_type=failure and failure.error_type,
        # whole tenths: more would change with every poll
        eta_seconds=eta_seconds and round(eta_seconds, 1),
        look_url=live.preview
        and f"{base_urls.files}{PREVIEWS_PATH}{live.preview.name}?step={live.preview.step}",
    )


def output_of(clip: StoredClip, request_id: str, files_base: str) -> Output:
    """The model's output for a clip; its URL begins with ``files_base``."""
    video = File(
        url=f"{files_base}/files/{clip.file_name}",
        content_type=VIDEO_TYPE,
        file_name=f"{request_id}.mp4",
        file_size=clip.size,
    )
    return Output(video=video, seed=clip.seed)
