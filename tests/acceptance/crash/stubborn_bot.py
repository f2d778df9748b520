"""A bot with a delivery that hangs in a thread: ``python stubborn_bot.py FOLDER``. Prints ``stuck`` when it is."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mortal import CHANNEL, MEMBER, REQUEST, SIZE

from bot.app import Ports, Role, open_app
from bot.logging import configure_logging
from bot.run import run_here
from bot.settings import LogFormat, LogLevel, Settings, load_settings
from generation.delivery import Delivery
from generation.job import Job
from generation.places import MessageRef, Platform
from generation.ports import Noter, Parcel
from generation.progress import Progress
from generation.request import GenerationRequest
from generation.service import Ask


class Stuck:
    """A messenger whose first delivery never ends, and that nobody can cancel."""

    platform = Platform.DISCORD
    seconds_between_edits = 3.0

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        return ("edit",)

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        return None

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        print("stuck", flush=True)
        await asyncio.to_thread(time.sleep, 120)
        return None


async def ask(settings: Settings) -> None:
    """One member asks, so that there is something to do: one clip, and one that is rendered while the first hangs."""
    async with open_app(settings, Role("test")) as app:
        for seed, steps in ((1, 1), (2, 50)):
            wish = {**REQUEST, "video_size": SIZE, "seed": seed, "num_inference_steps": steps}
            job = await app.service.submit(GenerationRequest.model_validate(wish), Ask(str(seed), MEMBER, CHANNEL))
            await app.service.opened(job.id, MessageRef(CHANNEL, job.id))


def main(folder: Path) -> None:
    settings = load_settings(data_dir=folder / "data", web_port=0, engine="preview", preview_step_seconds=1)
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    asyncio.run(ask(settings))
    run_here(settings, arrange=with_messenger)


def with_messenger(ports: Ports) -> Ports:
    return replace(ports, messengers={Platform.DISCORD: Stuck()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
