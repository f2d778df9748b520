"""The command ``flipbook``: reads arguments, calls, prints; what it calls is imported only when it is needed."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.exits import Exit, die, in_one_sentence
from bot.settings import LogFormat, LogLevel, Settings, SettingsError, load_settings
from bot.setup.command import setup
from bot.worker_bench import bench
from bot.worker_keys import keys
from bot.worker_models import models as worker_models
from generation.clip_words import maker_words
from generation.errors import InvalidRequest
from generation.parsing import allowed, parse_request
from generation.request import DEFAULT_NEGATIVE_PROMPT, Endpoint, GenerationRequest
from generation.wording import failure_sentence, sentence
from worker.settings import EngineChoice

if TYPE_CHECKING:
    from bot.animate import Outcome

app = typer.Typer(
    name="flipbook",
    help="Text-to-video for Discord and Slack: AnimateDiff on fal's queue or on your own GPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
worker = typer.Typer(help="The GPU side: fal's queue protocol in front of one engine.")
admin = typer.Typer(help="Set and look at a server's limits.", no_args_is_help=True)
limits = typer.Typer(help="What a server allows its members.", no_args_is_help=True)
admin.add_typer(limits, name="limits")
app.add_typer(admin, name="admin")
worker.add_typer(keys, name="keys")
worker.add_typer(worker_models, name="models")
worker.command("bench")(bench)
app.add_typer(worker, name="worker")
app.add_typer(setup, name="setup")


def main() -> None:
    """Run the command line."""
    app()


def _settings(**overrides: object) -> Settings:
    try:
        return load_settings(**{name: value for name, value in overrides.items() if value is not None})
    except SettingsError as error:
        die(Exit.INVALID, str(error))


def _logging(settings: Settings, *, quiet: bool = False) -> None:
    from bot.logging import configure_logging

    level = LogLevel.ERROR if quiet and settings.log_level is LogLevel.INFO else settings.log_level
    configure_logging(settings.log_format if not quiet else LogFormat.CONSOLE, level)


DataDir = Annotated[Path | None, typer.Option(help="Where Flipbook keeps everything. [env: FLIPBOOK_DATA_DIR]")]
EngineOption = Annotated[
    EngineChoice | None, typer.Option(help="What the embedded worker renders with. [env: FLIPBOOK_ENGINE]")
]
Models = Annotated[Path | None, typer.Option(help="Folder of the AnimateDiff models. [env: FLIPBOOK_MODELS]")]


@app.command()
def run(data_dir: DataDir = None, engine: EngineOption = None, models: Models = None) -> None:
    """Serve every chat that has a token, until a signal says stop."""
    from bot.chats import NoChatLeft
    from bot.run import AlreadyRunning, run_here

    settings = _settings(data_dir=data_dir, engine=engine, models=models)
    _logging(settings)
    try:
        with in_one_sentence():
            run_here(settings)
    except AlreadyRunning as error:
        die(Exit.BUSY, f"Another `flipbook run` is working in {error}. Stop it first, or set FLIPBOOK_DATA_DIR.")
    except NoChatLeft as error:
        die(Exit.FAILED, str(error))


@worker.callback(invoke_without_command=True)
def serve_worker(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [env: FLIPBOOK_WORKER_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Port, 0 for any free one. [env: FLIPBOOK_WORKER_PORT]")] = None,
    engine: Annotated[EngineChoice | None, typer.Option(help="What renders. [env: FLIPBOOK_WORKER_ENGINE]")] = None,
    models: Annotated[Path | None, typer.Option(help="Its models. [env: FLIPBOOK_WORKER_MODELS_DIR]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Its data folder. [env: FLIPBOOK_WORKER_DATA_DIR]")] = None,
    ssl_certfile: Annotated[Path | None, typer.Option(help="Serve https with this certificate chain (PEM).")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    step_seconds: Annotated[float | None, typer.Option(help="Slow each step of the preview engine.")] = None,
    exit_with_parent: Annotated[bool, typer.Option(help="Leave when standard input closes.")] = False,
) -> None:
    """Serve fal's queue protocol from this machine's GPU, or from the preview engine."""
    options = {
        "host": host,
        "port": port,
        "engine": engine.value if engine else None,
        "models_dir": models,
        "data_dir": data_dir,
        "ssl_certfile": ssl_certfile,
        "ssl_keyfile": ssl_keyfile,
        "step_seconds": step_seconds,
        "exit_with_parent": exit_with_parent or None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if context.invoked_subcommand is None:
        _serve_worker(given)
    context.obj = given


def _serve_worker(given: Mapping[str, object]) -> NoReturn:
    from bot.worker_command import serve_here

    _logging(_settings())
    try:
        code = serve_here(given)
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    raise typer.Exit(code)


@app.command()
def animate(
    prompt: Annotated[str, typer.Argument(help=f"What to show: {allowed('prompt')}.")],
    *,
    negative_prompt: Annotated[str, typer.Option("--negative-prompt", "--no", help="What not to show.")] = (
        DEFAULT_NEGATIVE_PROMPT
    ),
    turbo: Annotated[bool, typer.Option("--turbo", help="The turbo endpoint: fewer steps, quicker.")] = False,
    num_frames: Annotated[int | None, typer.Option("--num-frames", "--frames", help=allowed("num_frames"))] = None,
    num_inference_steps: Annotated[
        int | None, typer.Option("--num-inference-steps", "--steps", help=allowed("num_inference_steps"))
    ] = None,
    guidance_scale: Annotated[
        float | None, typer.Option("--guidance-scale", "--guidance", help=allowed("guidance_scale"))
    ] = None,
    seed: Annotated[int | None, typer.Option(help=f"{allowed('seed')}; drawn when not given")] = None,
    fps: Annotated[int | None, typer.Option(help=allowed("fps"))] = None,
    motion: Annotated[list[str] | None, typer.Option(help=f"{allowed('motions')}; may be repeated")] = None,
    video_size: Annotated[str | None, typer.Option("--video-size", "--size", help="A preset, or 640x384.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The MP4 to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the path.")] = False,
    data_dir: DataDir = None,
    engine: EngineOption = None,
    models: Models = None,
) -> None:
    """Make one clip and print its path. Exit codes: 1 failed, 2 not a valid request, 3 refused, 130 cancelled."""
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
    settings = _settings(data_dir=data_dir, engine=engine, models=models)
    _logging(settings, quiet=True)
    try:
        request = parse_request(values)
    except InvalidRequest as error:
        die(Exit.INVALID, sentence(error))
    _animate(settings, request, output or Path(f"flipbook-{request.seed}.mp4"), as_json=as_json)


def _animate(settings: Settings, request: GenerationRequest, output: Path, *, as_json: bool) -> None:
    from adapters.terminal.screen import Screen
    from bot.animate import animate as make
    from bot.supervisor import WorkerCannotStart

    try:
        with in_one_sentence(), Screen() as screen:
            outcome = asyncio.run(make(settings, request, output, screen))
    except WorkerCannotStart as error:
        die(Exit.FAILED, str(error))
    except KeyboardInterrupt:
        die(Exit.CANCELLED, "Cancelled before anything was asked for.")
    _report(outcome, as_json=as_json)


def _report(outcome: "Outcome", *, as_json: bool) -> None:
    job = outcome.job
    if as_json:
        typer.echo(json.dumps(outcome.facts()))
    if outcome.undelivered is not None:
        die(Exit.FAILED, f"The clip is made but could not be written: {outcome.undelivered}.")
    if job.failure is not None:
        die(Exit.FAILED, f"{failure_sentence(job.failure)} ({job.failure.detail})")
    if job.artifact is None:
        die(Exit.CANCELLED, "Cancelled.")
    if not as_json:
        typer.echo(f"Made by: {maker_words(job)}.", err=True)
        typer.echo(str(outcome.output.absolute()))


def _drawn_seed() -> int:
    from generation.clock import RandomSeeds

    return RandomSeeds().draw()


def _motions(given: list[str]) -> list[str]:
    """``--motion zoom-in,pan-left`` and ``--motion zoom-in --motion pan-left`` are the same."""
    return [part.strip() for text in given for part in text.split(",") if part.strip()]


def _size(given: str | None) -> object:
    """A preset's name as it is, ``640x384`` as width and height; what is neither is refused with the request."""
    if given is None:
        return None
    width, by, height = given.lower().replace("×", "x").partition("x")
    if by and width.isascii() and width.isdigit() and height.isascii() and height.isdigit():
        return {"width": int(width[:9]), "height": int(height[:9])}
    return given


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to date. `flipbook run` does this by itself."""
    from bot.maintenance import migrate as bring_up_to_date

    settings = _settings(data_dir=data_dir)
    _logging(settings, quiet=True)
    with in_one_sentence():
        typer.echo(asyncio.run(bring_up_to_date(settings)))


@app.command()
def config(data_dir: DataDir = None) -> None:
    """Print the settings in force, with secrets masked."""
    from bot.maintenance import effective_settings

    for line in effective_settings(_settings(data_dir=data_dir)):
        typer.echo(line)


@app.command()
def doctor(data_dir: DataDir = None, engine: EngineOption = None, models: Models = None) -> None:
    """Look at everything that clips depend on, and say what to do about what is wrong."""
    from bot.doctor import examine

    settings = _settings(data_dir=data_dir, engine=engine, models=models)
    _logging(settings, quiet=True)
    findings = asyncio.run(examine(settings))
    for finding in findings:
        typer.echo(str(finding))
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(Exit.FAILED)


Server = Annotated[str, typer.Argument(help="platform:id, for example discord:1234567890 or slack:T0123")]


@limits.command("show")
def limits_show(server: Server, data_dir: DataDir = None) -> None:
    """Print a server's limits, what is used today, and who changed them last."""
    from bot.maintenance import show_limits

    settings = _settings(data_dir=data_dir)
    _logging(settings, quiet=True)
    _print(lambda: asyncio.run(show_limits(settings, server)))


@limits.command("set")
def limits_set(
    server: Server,
    changes: Annotated[list[str], typer.Argument(help="name=value …; `none` for without limit, $ for money")],
    data_dir: DataDir = None,
) -> None:
    """Change a server's limits: `flipbook admin limits set discord:1 user_clips_per_day=5 server_budget_per_day=$2`."""
    from bot.maintenance import change_limits

    settings = _settings(data_dir=data_dir)
    _logging(settings, quiet=True)
    _print(lambda: asyncio.run(change_limits(settings, server, changes)))


def _print(lines: Callable[[], list[str]]) -> None:
    try:
        with in_one_sentence():
            for line in lines():
                typer.echo(line)
    except ValueError as error:
        die(Exit.INVALID, str(error))
