"""The options of ``flipbook spend`` and ``flipbook quota``."""

import asyncio
from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from bot.commands.options import DataDir, log_errors_only, read_settings
from bot.exit_codes import Exit, die, exit_on_error
from generation.domain.refs import ServerRef
from generation.rules.money.spending import SpendBy, SpendQuery


class SpendFormat(StrEnum):
    """How the sums are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="WHAT",
        help="Add up by day, server, member or backend; several with commas.",
    ),
]
First = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="The first day, 2026-11-30.")
]
Last = Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day.")]
OneServer = Annotated[
    str | None, typer.Option("--server", help="One server only, platform:id; days are its own.")
]
Format = Annotated[SpendFormat, typer.Option("--format", help="How to print it.")]
Check = Annotated[
    bool,
    typer.Option("--check", help="Compare the ledger with the jobs instead. Exit code 1: differs."),
]


def spend(
    *,
    by: By = SpendBy.DAY.value,
    first: First = None,
    last: Last = None,
    server: OneServer = None,
    output: Format = SpendFormat.TABLE,
    check: Check = False,
    data_dir: DataDir = None,
) -> None:
    """Print what was spent, from the ledger: by day, server, member or backend."""
    from bot.commands.spend.report import print_check, print_spending  # noqa: PLC0415 - the database

    try:
        query = SpendQuery(_by(by), *_days(first, last), _server(server))
    except ValueError as error:
        die(Exit.INVALID, str(error))
    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    with exit_on_error():
        if check:
            is_right = asyncio.run(print_check(settings, typer.echo))
            raise typer.Exit(Exit.OK if is_right else Exit.FAILED)
        asyncio.run(print_spending(settings, query, output.value, typer.echo))


def _by(text: str) -> tuple[SpendBy, ...]:
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    try:
        # without doubles, in order
        return tuple(dict.fromkeys(map(SpendBy, names))) or (SpendBy.DAY,)
    except ValueError:
        known = ", ".join(SpendBy)
        raise ValueError(f"--by takes {known}, one or several with commas.") from None


def _days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    days = _day(first), _day(last)
    if days[0] is not None and days[1] is not None and days[0] > days[1]:
        raise ValueError(f"--from {days[0]} is after --to {days[1]}. Exchange them.")
    return days


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no day. Write it like 2026-11-30.") from None


def _server(text: str | None) -> ServerRef | None:
    return None if text is None else ServerRef.parse(text)


def quota(
    server: Annotated[
        str | None,
        typer.Option("--server", help="platform:id; this machine's terminal if left out"),
    ] = None,
    member: Annotated[
        str | None, typer.Option("--member", help="A member's id: what this member has left, too.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print what is left of your budgets, and of a server's limits and budgets."""
    from bot.commands.spend.quota import quota_report  # noqa: PLC0415 - the database

    settings = read_settings(data_dir=data_dir)
    log_errors_only(settings)
    try:
        with exit_on_error():
            for line in asyncio.run(quota_report(settings, server, member)):
                typer.echo(line)
    except ValueError as error:  # what is no server
        die(Exit.INVALID, str(error))
