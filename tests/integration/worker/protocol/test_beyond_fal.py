"""What fal's endpoints do not have: named on the health page, made by engines that offer it, refused by others."""

from pathlib import Path

import httpx

from generation.mp4 import probe
from generation.protocol.extensions.capabilities import Capability
from worker.engine import capabilities_of
from worker.engines.preview import PreviewEngine
from workers import APP, INPUT, STANDARD, open_worker

OFFERED = set(Capability) - {Capability.SCENES}
"""By the preview engine."""
SMALL = {"video_size": {"width": 64, "height": 64}, "num_inference_steps": 1}


class Previews(PreviewEngine):
    """The preview engine, which no test holds back."""

    def run_free(self) -> None:
        """It always does."""


async def clip(http: httpx.AsyncClient, request_id: str) -> bytes:
    result = (await http.get(f"{APP}/requests/{request_id}")).json()
    return (await http.get(result["video"]["url"])).content


async def test_an_engine_that_offers_them_makes_loops_and_long_clips(tmp_path: Path) -> None:
    async with open_worker(tmp_path, Previews()) as worker:  # type: ignore[arg-type] - it is an engine too
        assert set((await worker.http.get("/health")).json()["capabilities"]) == OFFERED
        for fields, frames in (
            ({"loop": "ping-pong", "num_frames": 4}, 6),
            ({"loop": "seamless", "num_frames": 8}, 8),
            ({"seconds": 5}, 40),
            ({"seconds": 2, "loop": "ping-pong"}, 16),
            ({"num_frames": 4, "smooth_fps": 24}, 12),
            ({"num_frames": 8, "loop": "seamless", "smooth_fps": 16}, 16),
        ):
            request_id = await worker.submit(**SMALL, **fields)
            await worker.completed(request_id)
            assert probe(await clip(worker.http, request_id)).frames == frames


async def test_another_engine_refuses_them_and_stores_nothing(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        assert (await worker.http.get("/health")).json()["capabilities"] == sorted(capabilities_of(worker.engine))
        for fields in ({"loop": "seamless"}, {"seconds": 16}, {"prompt": "0: spring | 4: winter"}):
            answer = await worker.http.post(STANDARD, json={**INPUT, "num_frames": 8, **fields})
            assert answer.status_code == 422
            assert answer.json()["detail"][0]["msg"].startswith("This worker's engine does not offer: ")
        # so many seconds are so many frames, which every engine makes
        await worker.completed(await worker.submit(seconds=1))
        assert worker.engine.begun == [INPUT["prompt"]]
