"""The options of ``flipbook doctor``."""

import asyncio

import typer

from bot.commands.options import DataDir, EngineOption, Models, log_errors_only, read_settings
from bot.exit_codes import Exit


def doctor(data_dir: DataDir = None, engine: EngineOption = None, models: Models = None) -> None:
    """Check everything that clips depend on, and say what to do about what is wrong."""
    from bot.commands.doctor.checks import examine  # noqa: PLC0415 - the whole service

    settings = read_settings(data_dir=data_dir, engine=engine, models=models)
    log_errors_only(settings)
    findings = asyncio.run(examine(settings))
    for finding in findings:
        typer.echo(str(finding))
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(Exit.FAILED)
