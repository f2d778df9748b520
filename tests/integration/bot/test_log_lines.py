"""Log lines are for people: no local variables, no spellings of Python, nothing twice, each logger under its name."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.commands.run.process import serve
from bot.logging import configure_logging
from bot.observer import LogObserver
from bot.settings import LogFormat, LogLevel, load_settings
from factories import NOW, a_delivery, a_full_job, a_job, a_notice, later, moved
from generation.diagnostics import Finding, Grade
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.domain.notice import Audience, NoticeStatus, OwedNotice
from generation.protocol.errors import GenerationFailed, StoreBusy
from judges.log_lines import odd, read


def fail_with_secrets() -> None:
    headers = {"Authorization": "Key id:hush"}
    prompt = "hush, a private prompt"
    raise ZeroDivisionError(len(headers) * len(prompt))


@pytest.mark.parametrize("log_format", [LogFormat.CONSOLE, LogFormat.JSON])
def test_a_bug_is_logged_with_its_traceback_and_without_local_variables(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(log_format, LogLevel.INFO)
    try:
        fail_with_secrets()
    except ZeroDivisionError as error:
        LogObserver().trouble("running a job", error, job_id="1")
    printed = capsys.readouterr().err
    assert "fail_with_secrets" in printed
    assert "ZeroDivisionError" in printed
    assert "hush" not in printed


def test_an_error_of_our_own_classes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    LogObserver().trouble("saving a job", StoreBusy("database is locked"), job_id="1")
    [line] = capsys.readouterr().err.splitlines()
    facts = json.loads(line)
    assert (facts["event"], facts["job"], facts["error"], facts["detail"]) == (
        "saving a job",
        "1",
        "StoreBusy",
        "database is locked",
    )


def test_uvicorn_is_logged_under_its_own_name_and_only_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.info("Started server process")
    uvicorn.warning("Invalid HTTP request received.")
    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["logger"], json.loads(line)["event"]) == ("uvicorn", "Invalid HTTP request received.")


EVENTS: dict[str, Callable[[LogObserver], None]] = {
    **{
        f"job {status}": partial(lambda status, log: log.job_moved(moved(a_job(), status)), status)
        for status in JobStatus
    },
    "a job with everything": lambda log: log.job_moved(a_full_job()),
    **{
        f"delivery {status}": partial(
            lambda status, log: log.delivery_moved(
                a_job(), a_delivery(a_job(), status=status, told=("file: too large",))
            ),
            status,
        )
        for status in DeliveryStatus
    },
    **{
        f"notice {status} to {audience}": partial(
            lambda status, audience, log: log.notice_moved(
                OwedNotice(a_notice(audience=audience), NOW, status=status, reason="the channel is gone")
            ),
            status,
            audience,
        )
        for status in NoticeStatus
        for audience in Audience
    },
    **{
        f"trouble: {type(error).__name__}": partial(
            lambda error, log: log.trouble("saving a job", error, job_id="1"), error
        )
        for error in (StoreBusy("database is locked"), GenerationFailed("worker", "no"), TimeoutError("too slow"))
    },
    "trouble of no job": lambda log: log.trouble("looking for what is due", StoreBusy("database is locked")),
}


@pytest.mark.parametrize("event", EVENTS)
def test_each_change_is_one_line_for_people(event: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    EVENTS[event](LogObserver())
    lines = read(capsys.readouterr().err)
    assert len(lines) == 1
    assert odd(lines) == []


@pytest.mark.parametrize("status", [status for status in JobStatus if not status.is_final])
def test_what_is_known_of_a_job_is_not_told_again_at_each_look(
    status: JobStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    log, job = LogObserver(), replace(moved(a_job(), status), waiting_for="worker, which is starting")
    for look in range(3):
        log.job_moved(replace(job, not_before=later(seconds=look)))
    log.job_moved(replace(job, waiting_for=None))
    told = [line.get("waiting_for") for line in read(capsys.readouterr().err)]
    assert told == ["worker, which is starting", None]


@pytest.mark.parametrize(
    ("name", "level", "shown_as"),
    [
        ("uvicorn.error", logging.INFO, None),
        ("uvicorn.error", logging.WARNING, "uvicorn"),
        ("uvicorn.access", logging.INFO, None),
        ("httpx", logging.INFO, None),
        ("httpcore.connection", logging.INFO, None),
        ("alembic.runtime.migration", logging.INFO, None),
        ("slack_bolt.App", logging.INFO, None),
        ("slack_bolt.AsyncApp", logging.ERROR, "slack_bolt.AsyncApp"),
        ("discord.gateway", logging.INFO, None),
        ("discord.client", logging.WARNING, "discord.client"),
        ("asyncio", logging.ERROR, "asyncio"),
    ],
)
def test_a_librarys_lines_come_under_its_own_name_and_only_when_something_is_wrong(
    name: str, level: int, shown_as: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    logging.getLogger(name).log(level, "Something of %s", "a library")
    lines = read(capsys.readouterr().err)
    assert [line["logger"] for line in lines] == ([] if shown_as is None else [shown_as])
    assert odd(lines) == []


@pytest.mark.parametrize("preferred", [("worker",), ("fal",), ("worker", "fal"), ("fal", "worker")], ids=str)
async def test_no_line_of_a_run_is_odd(
    preferred: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    settings = load_settings(
        data_dir=tmp_path / "data",
        worker_url="http://127.0.0.1:9",
        web_port=0,
        fal_key="a:b",
        backends=",".join(preferred),
    )
    before = signal.getsignal(signal.SIGTERM)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(serve(settings, notes=[Finding(Grade.NOTE, "settings", "there is no .env")]))
        while signal.getsignal(signal.SIGTERM) == before:
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
    lines = read(capsys.readouterr().err)
    assert [line["event"] for line in lines][:1] == ["started"]
    assert (lines[0]["backends"], lines[-1]["event"]) == (", ".join(preferred), "stopped")
    assert odd(lines) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ({"event": "started", "backends": "[<BackendName.WORKER: 'worker'>]"}, "Python's spelling"),
        ({"event": "started", "backends": ["BackendName.WORKER"]}, "Python's spelling"),
        ({"event": "started", "who": "UserRef(platform='discord', id='1')"}, "Python's spelling"),
        ({"event": "bug <coroutine object at 0x7f>"}, "Python's spelling"),
        ({"event": "job queued", "status": "queued"}, "a fact that the event says already"),
        ({"event": "refused", "error": "no room", "detail": "no room"}, "a fact twice"),
        ({"event": "delivery owed", "reason": None}, "a fact that is none"),
        ({"event": "Started", "logger": "uvicorn.error"}, "foreign logger"),
        ({"event": "Started", "logger": "root"}, "foreign logger"),
    ],
)
def test_what_is_odd_in_a_line_is_seen(line: dict[str, object], what: str) -> None:
    assert [found.partition(": {")[0] for found in odd([{"logger": "flipbook.jobs"} | line])] == [what]


def test_a_line_that_comes_twice_is_seen() -> None:
    line = {"logger": "flipbook.jobs", "event": "started"}
    (found,) = odd([line | {"timestamp": "1"}, line | {"timestamp": "2"}])
    assert found.startswith("told twice: ")
