"""How long the process may take to leave counts from the signal, however busy its event loop is."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.commands.run.process import LEAVE_SECONDS, serve
from bot.settings import load_settings

DOCKER_KILLS_AFTER = 10.0


def test_it_leaves_before_docker_kills_it() -> None:
    assert LEAVE_SECONDS <= DOCKER_KILLS_AFTER - 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_time_to_leave_begins_at_the_signal_not_when_the_loop_comes_to_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    began: list[str] = []
    before = signal.getsignal(number)
    settings = load_settings(data_dir=tmp_path / "data", worker_url="http://127.0.0.1:9", web_port=0)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(serve(settings, stopping=lambda: began.append("leaving")))
        while signal.getsignal(number) == before:
            await asyncio.sleep(0.01)
        # the event loop does nothing between these lines
        os.kill(os.getpid(), number)
        assert began == ["leaving"]
        os.kill(os.getpid(), number)
        assert began == ["leaving"]
    assert signal.getsignal(number) == before
