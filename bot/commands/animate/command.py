"""The options of ``flipbook animate``, and what it prints in the end."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.options import DataDir, EngineOption, Models, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from bot.settings import Settings
from generation.domain.parsing import allowed, parse_request
from generation.protocol.errors import InvalidRequest
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint, GenerationRequest
from generation.text.clips import engine_words, left_out_words
from generation.text.errors import failure_sentence, sentence

if TYPE_CHECKING:
    from bot.commands.animate.terminal_job import ClipOutcome


def animate(
    prompt: Annotated[str, typer.Argument(help=f"What to show: {allowed('prompt')}.")],
    *,
    negative_prompt: Annotated[
        str, typer.Option("--negative-prompt", "--no", help="What not to show.")
    ] = (DEFAULT_NEGATIVE_PROMPT),
    turbo: Annotated[
        bool, typer.Option("--turbo", help="The turbo endpoint: fewer steps, quicker.")
    ] = False,
    num_frames: Annotated[
        int | None, typer.Option("--num-frames", "--frames", help=allowed("num_frames"))
    ] = None,
    num_inference_steps: Annotated[
        int | None,
        typer.Option("--num-inference-steps", "--steps", help=allowed("num_inference_steps")),
    ] = None,
    guidance_scale: Annotated[
        float | None, typer.Option("--guidance-scale", "--guidance", help=allowed("guidance_scale"))
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help=f"{allowed('seed')}; drawn when not given")
    ] = None,
    fps: Annotated[int | None, typer.Option(help=allowed("fps"))] = None,
    motion: Annotated[
        list[str] | None, typer.Option(help=f"{allowed('motions')}; may be repeated")
    ] = None,
    video_size: Annotated[
        str | None, typer.Option("--video-size", "--size", help="A preset, or 640x384.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The MP4 to write.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the path.")
    ] = False,
    data_dir: DataDir = None,
    engine: EngineOption = None,
    models: Models = None,
) -> None:
    """Make one clip and print its path. Exit codes: 1 failed, 2 not a valid request, 3 refused, 130
    cancelled."""
    # None stands for the endpoint's default, which the request knows
    values: dict[str, object] = {
        "endpoint": Endpoint.TURBO if turbo else Endpoint.STANDARD,
        "prompt": prompt,
        "negative_prompt": negative_prompt,
        "num_frames": num_frames,
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "seed": _drawn_seed() if seed is None else seed,
        "fps": fps,
        "motions": _motions(motion or []),
        "video_size": _size(video_size),
    }
    settings = read_settings(data_dir=data_dir, engine=engine, models=models)
    log_errors_only(settings)
    try:
        request = parse_request(values)
    except InvalidRequest as error:
        die(Exit.INVALID, sentence(error))
    outcome = _make(settings, request, output or Path(f"flipbook-{request.seed}.mp4"))
    if as_json:
        typer.echo(json.dumps(outcome.facts()))
    _report(outcome, prints_path=not as_json)


def _make(settings: Settings, request: GenerationRequest, output: Path) -> "ClipOutcome":
    from adapters.terminal.screen import Screen  # noqa: PLC0415 - rich
    from bot.commands.animate.terminal_job import make_clip  # noqa: PLC0415 - the whole service
    from bot.supervisor import WorkerCannotStart  # noqa: PLC0415

    try:
        with exit_on_error(), Screen() as screen:
            return asyncio.run(make_clip(settings, request, output, screen))
    except WorkerCannotStart as error:
        die(Exit.FAILED, str(error))
    except KeyboardInterrupt:  # before the signal handlers were set, so before the submission
        die(Exit.CANCELLED, "Cancelled before anything was asked for.")


def _report(outcome: "ClipOutcome", *, prints_path: bool) -> None:
    job = outcome.job
    if outcome.undelivered is not None:
        die(Exit.FAILED, f"The clip is made but could not be written: {outcome.undelivered}.")
    if job.failure is not None:
        die(Exit.FAILED, f"{failure_sentence(job.failure)} ({job.failure.detail})")
    if job.artifact is None:
        die(Exit.CANCELLED, "Cancelled.")
    for left_out in left_out_words(job.request):
        typer.echo(f"{left_out[:1].upper()}{left_out[1:]}.", err=True)
    if prints_path:
        typer.echo(f"Made by: {engine_words(job)}.", err=True)
        typer.echo(str(outcome.output.absolute()))


def _drawn_seed() -> int:
    from generation.protocol.clock import RandomSeeds  # noqa: PLC0415

    return RandomSeeds().draw()


def _motions(given: list[str]) -> list[str]:
    """``--motion zoom-in,pan-left`` and ``--motion zoom-in --motion pan-left`` are the same."""
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _size(given: str | None) -> object:
    """A preset's name as it is, ``640x384`` as width and height; anything else is passed on, and
    refused together with the rest of the request."""
    if given is None:
        return None
    width, by, height = given.lower().replace("×", "x").partition("x")
    if by and width.isascii() and width.isdigit() and height.isascii() and height.isdigit():
        # nine digits exceed every bound, and int() stays cheap
        return {"width": int(width[:9]), "height": int(height[:9])}
    return given
