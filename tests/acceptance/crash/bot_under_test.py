"""The bot of the crash matrix: the product's own parts, with ports that kill it at a chosen point.

Run as ``python bot_under_test.py FOLDER POINT VICTIM [ORIGIN]``; works until SIGTERM. With tokens in its environment it
serves those chats. Without any it submits one job when ORIGIN is given, and writes its messages to ``FOLDER/channel``
the way a platform keeps them: one file per message, edited.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from observed_ports import (
    CHANNEL,
    MEMBER,
    REQUEST,
    SIZE,
    FileChannel,
    Killer,
    ObservedBackend,
    ObservedMessenger,
    ObservedStore,
)

from bot.chats import configured_chats
from bot.commands.run.process import ServiceProcess, data_folder_locked, lease_owner
from bot.composition import App, Ports, Role, open_app
from bot.logging import configure_logging
from bot.settings import LogFormat, LogLevel, load_settings
from generation.domain.refs import MessageRef, Platform
from generation.protocol.request import GenerationRequest
from generation.service import SubmitContext


async def main(folder: Path, point: str, victim: str, origin: str | None) -> None:
    (folder / "channel").mkdir(exist_ok=True)
    killer = Killer(folder, point, victim)
    settings = load_settings(data_dir=folder / "data", web_port=0, engine="preview", preview_step_seconds=0.05)
    configure_logging(LogFormat.JSON, LogLevel.INFO)

    def arrange(ports: Ports) -> Ports:
        messengers = ports.messengers or {Platform.DISCORD: FileChannel(folder / "channel")}
        return replace(
            ports,
            store=ObservedStore(ports.store, killer),  # type: ignore[arg-type]
            backends={name: ObservedBackend(backend, killer) for name, backend in ports.backends.items()},  # type: ignore[misc]
            messengers={platform: ObservedMessenger(each, killer) for platform, each in messengers.items()},  # type: ignore[misc]
        )

    with data_folder_locked(settings):
        chats = configured_chats(settings)
        role = Role(lease_owner(settings))
        async with (
            open_app(settings, role, messengers=chats.messengers, arrange=arrange) as app,
            asyncio.TaskGroup() as group,
        ):
            if origin is not None:
                group.create_task(ask(app, origin))
            await ServiceProcess(app, chats).run()
        await chats.close()


async def ask(app: App, origin: str) -> None:
    """One member asks, once there is a worker to be killed."""
    assert app.worker is not None
    await app.worker.ready()
    request = GenerationRequest.model_validate({**REQUEST, "video_size": SIZE})
    job = await app.service.submit(request, SubmitContext(origin, MEMBER, CHANNEL))
    await app.service.opened(job.id, MessageRef(CHANNEL, f"answer-{origin}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None))
