"""Flipbook as the load benchmarks run it: ``flipbook run``, whole, with a probe beside it.

Run as ``python -m chat_load.bot JSON``: the folder, and settings by their names.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvloop

from bot.commands.run.process import serve
from bot.logging import configure_logging
from bot.settings import LogFormat, LogLevel, load_settings
from chat_load.probe import Probe

LIMITS = {
    "user_clips_per_day": None,
    "server_clips_per_day": None,
    "user_active_jobs": 1000,
    "server_active_jobs": 10_000,
    "server_budget_per_day": None,
}


async def main(options: dict[str, Any]) -> None:
    """Serve until SIGTERM."""
    folder = Path(options.pop("folder"))
    configure_logging(LogFormat.JSON, LogLevel.WARNING)
    settings = load_settings(
        data_dir=folder / "data", web_port=0, backends="worker", default_limits=LIMITS, **options
    )
    probe = Probe()
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(probe.watch()), group.create_task(probe.answer_orders())]
        await serve(settings)
        for task in beside:
            task.cancel()


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))  # as ``flipbook run`` does
