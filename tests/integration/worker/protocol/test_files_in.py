"""Clips from pictures and videos, by URL, data URI and upload, at the endpoints that fal has for them and at ours."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from clips import clip, moving_frames
from generation.protocol.inputs.steps import of_videos
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engines.preview.engine import PreviewEngine
from workers import STANDARD, TURBO, Worker, open_worker

FROM_VIDEO = {endpoint: f"/{of_videos(endpoint)}" for endpoint in Endpoint}


def picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(moving_frames(1)[0]).save(file, "PNG")
    return file.getvalue()


def data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


async def uploaded(worker: Worker, data: bytes, kind: str) -> str:
    answer = await worker.http.post("/files/upload", content=data, headers={"content-type": kind})
    return str(answer.json()["access_url"])


@pytest.mark.parametrize("endpoint", list(Endpoint))
async def test_a_video_by_data_uri_or_upload_makes_a_clip_of_its_frames(tmp_path: Path, endpoint: Endpoint) -> None:
    video = clip(24, 64, 96, 8)
    async with open_worker(tmp_path) as worker:
        urls = [data_uri(video, "video/mp4"), await uploaded(worker, video, "video/mp4")]
        for url in urls:
            answer = await worker.http.post(FROM_VIDEO[endpoint], json={"prompt": "a fox", "video_url": url, "seed": 1})
            assert answer.status_code == 200, answer.text
            live = await worker.completed(answer.json()["request_id"])
            asked = live.request.input
            assert asked is not None
            assert (asked.num_frames, asked.pixels, asked.fps) == (24, (128, 64), 8)
            assert asked.num_inference_steps == {Endpoint.STANDARD: 25, Endpoint.TURBO: 8}[endpoint]
            assert url not in asked.model_dump_json()
        assert [frames.shape for frames in worker.engine.given] == [(24, 64, 128, 3)] * 2


async def test_a_picture_at_a_text_endpoint_is_what_the_clip_starts_from(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        for path in (STANDARD, TURBO):
            await worker.completed(await worker.submit(path, image_url=data_uri(picture(), "image/png"), strength=0.8))
        assert [frames.shape for frames in worker.engine.given] == [(1, 512, 512, 3)] * 2


async def test_a_request_from_a_file_is_run_again_after_a_restart(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit(image_url=data_uri(picture(), "image/png"))
    async with open_worker(tmp_path) as worker:
        live = await worker.completed(request_id)
        assert live.request.outcome is not None
        assert len(worker.engine.given) == 1


async def test_what_was_accepted_under_a_key_is_not_read_again(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        url = await uploaded(worker, picture(), "image/png")
        body, key = {"prompt": "a fox", "image_url": url}, {"idempotency-key": "one"}
        first = await worker.http.post(STANDARD, json=body, headers=key)
        for file in (tmp_path / "uploads").iterdir():
            file.unlink()
        again = await worker.http.post(STANDARD, json=body, headers=key)
        assert first.json()["request_id"] == again.json()["request_id"]
        assert len(list((tmp_path / "inputs").iterdir())) == 1


async def test_frames_are_deleted_once_no_open_request_needs_them(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        await worker.submit(image_url=data_uri(picture(), "image/png"))
        parts, before = worker.parts, worker.parts.storage.used_bytes
        names = [path.name for path in (tmp_path / "inputs").iterdir()]
        parts.inputs.remove_unneeded(names, 2e10)
        assert [path.name for path in (tmp_path / "inputs").iterdir()] == names
        parts.inputs.remove_unneeded([], 2e10)
        assert list((tmp_path / "inputs").iterdir()) == []
        assert parts.storage.used_bytes < before


@pytest.mark.parametrize(
    ("path", "field", "url", "kind"),
    [
        (STANDARD, "image_url", "http://127.0.0.1/a.png", "file_download_error"),
        (STANDARD, "image_url", "http://169.254.169.254/latest", "file_download_error"),
        (STANDARD, "image_url", "file:///etc/passwd", "file_download_error"),
        (STANDARD, "image_url", "/etc/passwd", "file_download_error"),
        (STANDARD, "image_url", "http://127.0.0.1:8650/files/uploads/../../worker.db", "file_download_error"),
        (STANDARD, "image_url", "data:image/png;base64,!!!", "image_load_error"),
        (STANDARD, "image_url", "data:image/png,plain", "file_download_error"),
        (STANDARD, "image_url", data_uri(clip(4), "video/mp4"), "unsupported_image_format"),
        (FROM_VIDEO[Endpoint.TURBO], "video_url", data_uri(picture(), "image/png"), "unsupported_video_format"),
        (FROM_VIDEO[Endpoint.STANDARD], "video_url", data_uri(clip(8)[:3000], "video/mp4"), "video_load_error"),
        (FROM_VIDEO[Endpoint.STANDARD], "video_url", data_uri(clip(1), "video/mp4"), "video_duration_too_short"),
    ],
)
async def test_a_file_that_cannot_be_used_is_a_422_that_names_its_field(
    tmp_path: Path, path: str, field: str, url: str, kind: str
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(path, json={"prompt": "a fox", field: url})
        (item,) = answer.json()["detail"]
        assert (answer.status_code, item["loc"], item["type"]) == (422, ["body", field], kind)
        assert "input" not in item
        assert len(worker.parts.registry.queue) == 0
        assert list((tmp_path / "inputs").iterdir()) == []


async def test_a_strength_that_leaves_no_step_is_refused_and_names_it(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        body = {"prompt": "a fox", "image_url": data_uri(picture(), "image/png"), "strength": 0.1}
        answer = await worker.http.post(TURBO, json={**body, "num_inference_steps": 4})
        assert answer.status_code == 422
        assert "strength" in answer.text


def test_the_preview_engine_shows_what_the_clip_starts_from() -> None:
    given = moving_frames(4, 64, 64)
    about = {"kind": "video", "name": "an-input-of-the-tests.npz", "strength": 0.5}
    request = GenerationRequest.model_validate(
        {"prompt": "a fox", "seed": 1, "num_frames": 4, "num_inference_steps": 4, "input_file": about}
        | {"video_size": {"width": 64, "height": 64}}
    )
    engine = PreviewEngine()
    renders = [engine.begin_from(request, given), engine.begin(request)]
    while any(not render.is_finished for render in renders):
        engine.step(renders)
    shown, drawn = (engine.finish(render).astype(int) for render in renders)
    assert abs(shown - given).mean() < abs(drawn - given).mean() / 2
