"""The options of ``flipbook animate``, and what it prints in the end."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.animate import options
from bot.commands.animate.output import ClipOutput, output_of, pipe
from bot.commands.options import (
    DataDir,
    EngineOption,
    Models,
    log_errors_only,
    read_settings,
    refuse_misread_settings,
)
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings
from generation.domain.parsing import parse_request
from generation.domain.style import StyledRequest
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint
from generation.text.clips import engine_words, left_out_words
from generation.text.dialect import capital
from generation.text.errors import failure_sentence
from worker.settings import EngineChoice

if TYPE_CHECKING:
    from bot.commands.animate.terminal_job import ClipOutcome


def animate(
    context: typer.Context,
    words: options.Words,
    *,
    negative_prompt: options.NegativePrompt = DEFAULT_NEGATIVE_PROMPT,
    turbo: options.Turbo = False,
    num_frames: options.Frames = None,
    num_inference_steps: options.Steps = None,
    guidance_scale: options.Guidance = None,
    seed: options.Seed = None,
    seconds: options.Seconds = None,
    loop: options.Loop = None,
    smooth_fps: options.Smooth = None,
    fps: options.Fps = None,
    style: options.Style = None,
    motion: options.Motions = None,
    video_size: options.Size = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The MP4 to write; - for standard output. [default: flipbook-SEED.mp4]",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of that name.")
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="Leave at once: `flipbook run` makes the clip and keeps it. Prints where.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the path.")
    ] = False,
    data_dir: DataDir = None,
    engine: EngineOption = None,
    models: Models = None,
) -> None:
    """Make one clip and print its path. Exit codes: 1 failed, 2 not a valid request or output, 3
    refused, 78 failed until a setting is changed, 130 cancelled."""
    configured = read_settings(data_dir=data_dir, models=models)
    settings = configured if engine is None else configured.model_copy(update={"engine": engine})
    refuse_misread_settings()
    log_errors_only(settings)
    # None stands for the endpoint's default, which the request knows
    values: dict[str, object] = {
        "endpoint": Endpoint.TURBO if turbo else None,
        "prompt": options.prompt_of(words),
        "negative_prompt": negative_prompt,
        "num_frames": num_frames,
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "seed": _drawn_seed() if seed is None else seed,
        "seconds": seconds,
        "loop": loop,
        "smooth_fps": smooth_fps,
        "fps": fps,
        "motions": options.motions_of(motion or []),
        "video_size": options.size_of(video_size),
    }
    try:
        wanted = StyledRequest(parse_request(values), style)
    except InvalidRequest as error:
        die(Exit.INVALID, options.sentences(error, context))
    if detach:
        _order(settings, wanted, output, as_json=as_json)
        return
    if output == "-" and as_json:
        die(Exit.INVALID, "Standard output takes the clip or --json, not both.")
    with output_of(output, wanted.request.seed, overwrite=overwrite) as place:
        outcome = _make(settings, configured.engine, wanted, place)
        if as_json:
            typer.echo(json.dumps(outcome.facts()))
        _report(outcome, place, prints_path=not as_json)


def _make(
    settings: Settings, configured: EngineChoice, wanted: StyledRequest, output: ClipOutput
) -> "ClipOutcome":
    from adapters.terminal.messenger import OutputUnusable  # noqa: PLC0415
    from adapters.terminal.screen import Screen  # noqa: PLC0415 - rich
    from bot.commands.animate.terminal_job import make_clip  # noqa: PLC0415 - the whole service
    from bot.commands.animate.worker_choice import with_worker_folder  # noqa: PLC0415
    from bot.supervisor import WorkerCannotStart  # noqa: PLC0415

    settings, folder = with_worker_folder(settings, configured)
    try:
        with exit_on_error(), Screen() as screen:
            return asyncio.run(
                make_clip(
                    settings,
                    wanted,
                    output.path,
                    screen,
                    worker_folder=folder,
                    replaces=output.replaces,
                )
            )
    except OutputUnusable as error:
        die(Exit.INVALID, str(error))
    except WorkerCannotStart as error:
        die(Exit.FAILED, str(error))
    except KeyboardInterrupt:  # before the signal handlers were set, so before the submission
        die(Exit.CANCELLED, "Cancelled before anything was ordered.")


def _order(settings: Settings, wanted: StyledRequest, output: str | None, *, as_json: bool) -> None:
    from bot.commands.animate.detached import order_clip  # noqa: PLC0415 - the whole service

    if output is not None:
        die(Exit.INVALID, "With --detach the clip stays in the store: leave --output away.")
    with exit_on_error():
        ordered = asyncio.run(order_clip(settings, wanted))
    if as_json:
        typer.echo(json.dumps(ordered.facts()))
        return
    now = "`flipbook run` makes it" if ordered.is_served else "the next `flipbook run` makes it"
    typer.echo(f"Ordered as {ordered.id}; {now}.", err=True)
    typer.echo(ordered.place)


def _report(outcome: "ClipOutcome", output: ClipOutput, *, prints_path: bool) -> None:
    job = outcome.job
    if outcome.undelivered is not None:
        die(Exit.FAILED, f"The clip is made but could not be written: {outcome.undelivered}.")
    if job.failure is not None:
        die(Exit.FAILED, f"{failure_sentence(job.failure)} ({job.failure.detail})")
    if job.artifact is None:
        die(Exit.CANCELLED, "Cancelled.")
    for left_out in left_out_words(job.request):
        typer.echo(f"{capital(left_out)}.", err=True)
    if not prints_path:
        return
    typer.echo(f"Made by: {engine_words(job)}.", err=True)
    if output.is_piped:
        pipe(output.path)
    else:
        typer.echo(str(outcome.output.absolute()))


def _drawn_seed() -> int:
    from generation.protocol.clock import RandomSeeds  # noqa: PLC0415

    return RandomSeeds().draw()
