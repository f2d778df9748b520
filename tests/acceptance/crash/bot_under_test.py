"""The bot of the crash matrix: the product's own parts, with the ports wrapped so that it dies at a chosen point.

Run as ``python bot_under_test.py FOLDER POINT VICTIM [ORIGIN]``; works until SIGTERM. With tokens in its environment it
serves those chats. Without any it submits one job when ORIGIN is given, and writes its messages to ``FOLDER/channel``
the way a platform keeps them: one file per message, edited.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from mortal import CHANNEL, MEMBER, REQUEST, SIZE, FileChannel, Grim, MortalBackend, MortalMessenger, MortalStore

from bot.app import App, Ports, Role, open_app
from bot.chats import chats_of
from bot.logging import configure_logging
from bot.run import Process, only_one, owner_of
from bot.settings import LogFormat, LogLevel, load_settings
from generation.places import MessageRef, Platform
from generation.request import GenerationRequest
from generation.service import Ask


async def main(folder: Path, point: str, victim: str, origin: str | None) -> None:
    (folder / "channel").mkdir(exist_ok=True)
    grim = Grim(folder, point, victim)
    settings = load_settings(data_dir=folder / "data", web_port=0, engine="preview", preview_step_seconds=0.05)
    configure_logging(LogFormat.JSON, LogLevel.INFO)

    def arrange(ports: Ports) -> Ports:
        messengers = ports.messengers or {Platform.DISCORD: FileChannel(folder / "channel")}
        return replace(
            ports,
            store=MortalStore(ports.store, grim),  # type: ignore[arg-type]
            backends={name: MortalBackend(backend, grim) for name, backend in ports.backends.items()},  # type: ignore[misc]
            messengers={place: MortalMessenger(each, grim) for place, each in messengers.items()},  # type: ignore[misc]
        )

    with only_one(settings):
        chats = chats_of(settings)
        role = Role(owner_of(settings))
        async with (
            open_app(settings, role, messengers=chats.messengers, arrange=arrange) as app,
            asyncio.TaskGroup() as group,
        ):
            if origin is not None:
                group.create_task(ask(app, origin))
            await Process(app, chats).run()
        await chats.close()


async def ask(app: App, origin: str) -> None:
    """One member asks, once the worker is there, so that there is somebody to kill."""
    assert app.worker is not None
    await app.worker.ready()
    request = GenerationRequest.model_validate({**REQUEST, "video_size": SIZE})
    job = await app.service.submit(request, Ask(origin, MEMBER, CHANNEL))
    await app.service.opened(job.id, MessageRef(CHANNEL, f"answer-{origin}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None))
