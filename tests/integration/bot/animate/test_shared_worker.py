"""A clip from the terminal is made by the running bot's worker whenever that renders with the engine asked for."""

import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from bot.commands.animate.worker_choice import with_worker_folder
from bot.folders import RunningWorker, running_worker
from bot.settings import Settings, load_settings
from worker.settings import EngineChoice

AUTO, PREVIEW, REAL = EngineChoice.AUTO, EngineChoice.PREVIEW, EngineChoice.ANIMATEDIFF
NOBODY = 2**22 + 1  # more than a process id can be


def settings_with(folder: Path, engine: EngineChoice, running: str | None, *, pid: int | None = None) -> Settings:
    """Settings for a data folder whose worker has left its ready line there, as `flipbook worker` writes it."""
    worker = folder / "worker"
    worker.mkdir(parents=True, exist_ok=True)
    if running is not None:
        line = {"ready": True, "url": "http://127.0.0.1:1", "engine": running, "pid": pid or os.getpid()}
        (worker / "endpoint.json").write_text(json.dumps(line))
    return load_settings(data_dir=folder, engine=engine)


@pytest.mark.parametrize(
    ("wanted", "configured", "running", "folder"),
    [
        (AUTO, AUTO, None, "worker"),
        (AUTO, AUTO, "preview", "worker"),
        (AUTO, AUTO, "animatediff", "worker"),
        # FLIPBOOK_ENGINE is set, for the bot as for the terminal
        (PREVIEW, PREVIEW, None, "worker"),
        (PREVIEW, PREVIEW, "preview", "worker"),
        (REAL, REAL, "animatediff", "worker"),
        (REAL, REAL, "animatediff-cpu", "worker"),
        # --engine, and the bot happens to have it
        (REAL, AUTO, "animatediff", "worker"),
        (PREVIEW, AUTO, "preview", "worker"),
        # --engine, and the bot has another
        (PREVIEW, AUTO, "animatediff", "worker-preview"),
        (REAL, AUTO, "preview", "worker-animatediff"),
        # --engine, and a bot that starts meanwhile would take another
        (PREVIEW, AUTO, None, "worker-preview"),
        (REAL, PREVIEW, None, "worker-animatediff"),
    ],
)
def test_the_worker_of_the_bot_is_used_where_its_engine_fits(
    tmp_path: Path, wanted: EngineChoice, configured: EngineChoice, running: str | None, folder: str
) -> None:
    settings = settings_with(tmp_path, wanted, running)
    with FileLock(tmp_path / "worker/worker.lock"):
        chosen, where = with_worker_folder(settings, configured)
    assert where == folder
    # a worker of its own finds the models that the bot's worker has
    assert chosen.models == (None if folder == "worker" else tmp_path / "worker" / "models")


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"pid": "x"}', b'{"pid": 1e400}', b'{"engine": "preview"}'])
def test_a_ready_line_that_cannot_be_read_is_no_worker(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "endpoint.json").write_bytes(line)
    assert running_worker(tmp_path / "worker") is None


@pytest.mark.parametrize(
    ("pid", "is_locked", "is_running"), [(None, True, True), (None, False, False), (NOBODY, True, False)]
)
def test_a_worker_is_alive_and_holds_its_folder(
    tmp_path: Path, pid: int | None, is_locked: bool, is_running: bool
) -> None:
    settings_with(tmp_path, AUTO, "preview", pid=pid)
    with FileLock(tmp_path / "worker/worker.lock") if is_locked else nullcontext():
        found = running_worker(tmp_path / "worker")
    assert found == (RunningWorker("http://127.0.0.1:1", "preview") if is_running else None)
    # looking has not disturbed the lock
    with FileLock(tmp_path / "worker/worker.lock", timeout=0):
        pass
