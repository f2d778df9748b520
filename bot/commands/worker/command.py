"""The options of ``flipbook worker``, and its subcommands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot.commands.options import start_logging
from bot.commands.worker.bench import bench
from bot.commands.worker.keys import keys
from bot.commands.worker.models import models as models_commands
from bot.exit_codes import Exit, die
from bot.settings import SettingsError, load_shared_settings
from worker.settings import EngineChoice

worker = typer.Typer(help="The GPU side: fal's queue protocol in front of one engine.")
worker.add_typer(keys, name="keys")
worker.add_typer(models_commands, name="models")
worker.command("bench")(bench)


@worker.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [env: FLIPBOOK_WORKER_HOST]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port, 0 for any free one. [env: FLIPBOOK_WORKER_PORT]")
    ] = None,
    engine: Annotated[
        EngineChoice | None, typer.Option(help="What renders. [env: FLIPBOOK_WORKER_ENGINE]")
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="Its models. [env: FLIPBOOK_WORKER_MODELS_DIR]")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Its data folder. [env: FLIPBOOK_WORKER_DATA_DIR]")
    ] = None,
    ssl_certfile: Annotated[
        Path | None, typer.Option(help="Serve https with this certificate chain (PEM).")
    ] = None,
    ssl_keyfile: Annotated[
        Path | None, typer.Option(help="The certificate's private key (PEM).")
    ] = None,
    step_seconds: Annotated[
        float | None, typer.Option(help="Slow each step of the preview engine.")
    ] = None,
    exit_with_parent: Annotated[
        bool, typer.Option(help="Exit when standard input closes.")
    ] = False,
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
        _serve(given)
    context.obj = given  # the subcommands take these options too


def _serve(given: Mapping[str, object]) -> NoReturn:
    from bot.commands.worker.serve import serve_here  # noqa: PLC0415 - the worker

    try:
        start_logging(load_shared_settings())
        code = serve_here(given)
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    raise typer.Exit(code)
