"""``flipbook worker bench``: measures the engine on this machine, and saves the durations for the
worker's estimates."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from bot.commands.worker.settings import read_worker_settings
from bot.exit_codes import Exit, die
from bot.settings import LogFormat, LogLevel
from generation.protocol.disk import make_folder
from generation.protocol.request import Endpoint, VideoSizePreset
from worker.settings import WorkerSettings

Preset = Annotated[list[VideoSizePreset] | None, typer.Option(help="Only this size; repeatable.")]
Only = Annotated[str | None, typer.Option("--endpoint", help="Only standard, or only turbo.")]


def bench(
    context: typer.Context,
    *,
    preset: Preset = None,
    endpoint: Only = None,
    frames: Annotated[int, typer.Option(min=1, max=32, help="Frames of each clip.")] = 16,
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure a few steps and estimate the rest.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the table.")
    ] = False,
) -> None:
    """Measure seconds per clip, memory and clips per hour on this machine. Ctrl-C prints what there
    is so far."""
    from bot.commands.worker.bench_run import BenchRun  # noqa: PLC0415 - the engine, the encoder
    from bot.logging import configure_logging  # noqa: PLC0415
    from worker.render.bench import bench_requests  # noqa: PLC0415

    # to standard error: an unconfigured logger would print into the JSON; errors only, because the
    # first line says why it is this engine
    configure_logging(LogFormat.AUTO, LogLevel.ERROR)
    settings = read_worker_settings(context)
    requests = bench_requests(
        preset or tuple(VideoSizePreset), _endpoints(endpoint), num_frames=frames
    )
    with _data_folder_lock(settings):
        run = BenchRun(settings, quick=quick, now=datetime.now(UTC))
        was_stopped = run.measure_all(requests)
        typer.echo(json.dumps(run.facts()) if as_json else run.table())
        run.save()
    if was_stopped:
        raise typer.Exit(Exit.CANCELLED)
    if not run.measured:
        raise typer.Exit(Exit.FAILED)


def _endpoints(name: str | None) -> Sequence[Endpoint]:
    found = [endpoint for endpoint in Endpoint if name in {None, endpoint.label}]
    if not found:
        die(Exit.INVALID, f"--endpoint takes standard or turbo, not {name!r}.")
    return found


@contextmanager
def _data_folder_lock(settings: WorkerSettings) -> Iterator[None]:
    """Hold the data folder's lock: a worker that renders meanwhile would spoil the measurement."""
    from worker.engine import EngineError  # noqa: PLC0415 - numpy

    try:
        make_folder(settings.data_dir, 0o700)
        with FileLock(settings.data_dir / "worker.lock", timeout=0):
            yield
    except Timeout:
        die(
            Exit.BUSY,
            f"A worker is using {settings.data_dir}, and with it the GPU. Stop it, then measure.",
        )
    except EngineError as error:
        die(Exit.FAILED, str(error))
    except OSError as error:
        die(Exit.FAILED, f"The worker's data folder cannot be used: {error}.")
