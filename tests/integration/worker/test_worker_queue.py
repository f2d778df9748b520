"""Submit, status, result and cancel, as fal's clients know them."""

from pathlib import Path

import pytest

from doubles.engine import SteppedEngine
from generation.wire import RequestState
from workers import APP, INPUT, STANDARD, TURBO, open_worker


async def test_a_request_goes_from_submit_to_a_clip(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT)
        request_id = answer.json()["request_id"]
        base = f"http://127.0.0.1:8650{APP}/requests/{request_id}"
        assert (answer.status_code, answer.headers["x-fal-request-id"]) == (200, request_id)
        assert answer.json() == {
            "status": "IN_QUEUE",
            "request_id": request_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
            "queue_position": 0,
        }
        await worker.completed(request_id)
        result = await worker.http.get(base)
        assert (result.status_code, result.headers["content-type"]) == (200, "application/json")
        assert result.headers["x-fal-request-id"] == request_id
        video = result.json()["video"]
        clip = await worker.http.get(video["url"])
        assert result.json() == {
            "video": {
                "url": video["url"],
                "content_type": "video/mp4",
                "file_name": f"{request_id}.mp4",
                "file_size": len(clip.content),
            },
            "seed": 7,
        }
        assert clip.content[4:8] == b"ftyp"
