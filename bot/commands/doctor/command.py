"""The options of ``flipbook doctor``."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from bot.commands.options import DataDir, EngineOption, Models, log_errors_only, read_settings
from bot.exit_codes import Exit
from generation.diagnostics import Finding, Grade


def doctor(
    data_dir: DataDir = None,
    engine: EngineOption = None,
    models: Models = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each finding what it means, and what to do.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every finding as JSON, each with its explanation.")
    ] = False,
) -> None:
    """Check everything that clips depend on, and say what to do about what is wrong."""
    from bot.commands.doctor.checks import examine  # noqa: PLC0415 - the whole service

    settings = read_settings(data_dir=data_dir, engine=engine, models=models)
    log_errors_only(settings)
    findings = asyncio.run(examine(settings))
    if as_json:
        _print_json(findings)
    for finding in () if as_json else findings:
        typer.echo(str(finding))
        if explain and finding.grade is not Grade.GOOD:
            _explain(finding.what)
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(Exit.FAILED)


def _print_json(findings: Sequence[Finding]) -> None:
    from bot.commands.doctor.explained import Explained  # noqa: PLC0415 - the backends

    typer.echo(json.dumps([asdict(Explained.of(finding)) for finding in findings], indent=2))


def _explain(what: str) -> None:
    from bot.commands.doctor.catalogue import explanation_of  # noqa: PLC0415 - the backends

    why = explanation_of(what)
    if why is not None:
        typer.echo(f"     it means: {why.means}\n     do: {why.do}")
