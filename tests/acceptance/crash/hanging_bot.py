"""A bot with a delivery that hangs in a thread: ``python hanging_bot.py FOLDER``. Prints ``stuck`` then."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from observed_ports import CHANNEL, MEMBER, REQUEST, SIZE

from bot.commands.run.process import run_here
from bot.composition import Ports, Role, open_app
from bot.logging import configure_logging
from bot.settings import LogFormat, LogLevel, Settings, load_settings
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import MessageRef, Platform
from generation.ports import DeliveryPayload, SaveNote
from generation.protocol.progress import Progress
from generation.protocol.request import GenerationRequest
from generation.service import SubmitContext


class HangingMessenger:
    """A messenger whose first delivery never ends and cannot be cancelled."""

    platform = Platform.DISCORD
    seconds_between_edits = 3.0

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return ("edit",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        return None

    async def deliver(self, payload: DeliveryPayload, step: str, note: SaveNote) -> MessageRef | None:
        print("stuck", flush=True)
        await asyncio.to_thread(time.sleep, 120)
        return None


async def ask(settings: Settings) -> None:
    """Submit two clips: the delivery of the first hangs while the second is rendered."""
    async with open_app(settings, Role("test")) as app:
        for seed, steps in ((1, 1), (2, 50)):
            values = {**REQUEST, "video_size": SIZE, "seed": seed, "num_inference_steps": steps}
            job = await app.service.submit(
                GenerationRequest.model_validate(values), SubmitContext(str(seed), MEMBER, CHANNEL)
            )
            await app.service.opened(job.id, MessageRef(CHANNEL, job.id))


def main(folder: Path) -> None:
    settings = load_settings(data_dir=folder / "data", web_port=0, engine="preview", preview_step_seconds=1)
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    asyncio.run(ask(settings))
    run_here(settings, arrange=with_messenger)


def with_messenger(ports: Ports) -> Ports:
    return replace(ports, messengers={Platform.DISCORD: HangingMessenger()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
