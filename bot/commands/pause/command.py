"""The options of ``flipbook pause`` and ``flipbook resume``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.commands.admin.acting import ALL, Acting, act_on
from bot.commands.options import DataDir
from bot.exit_codes import Exit, die
from generation.text.rules.moments import moment_from
from generation.text.rules.pauses import pause_lines, paused_words, resumed_words

Reason = Annotated[
    str | None,
    typer.Argument(help="what members read, such as 'back at 18:00'; without it: what is paused"),
]
Server = Annotated[
    str, typer.Option("--server", help="One server only, platform:id; without it all of them.")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="WHEN", help="Resume by itself: 18:00, 90m, 2h, 2026-12-24T08:00."
    ),
]
Drain = Annotated[
    str, typer.Option("--drain", metavar="yes|no", help="Whether clips that wait are still made.")
]


def pause(
    reason: Reason = None,
    *,
    server: Server = ALL,
    until: Until = None,
    drain: Drain = "yes",
    data_dir: DataDir = None,
) -> None:
    """Take no new clips, in one server or in all: those who ask read the reason. What is under way
    ends as usual."""

    async def lines(acting: Acting) -> list[str]:
        if reason is None:
            return list(pause_lines(await acting.service.pauses(), acting.d))
        begun = await acting.service.pause(
            acting.server,
            reason,
            by=acting.by,
            until=None if until is None else moment_from(until, datetime.now(UTC)),
            holds_waiting=drain == "no",
        )
        return [paused_words(begun, acting.d)]

    if drain not in {"yes", "no"}:
        die(Exit.INVALID, "--drain is yes or no.")
    act_on(data_dir, server, lines, all_servers=True)


def resume(*, server: Server = ALL, data_dir: DataDir = None) -> None:
    """Take clips again, in one server or wherever all were paused together."""

    async def lines(acting: Acting) -> list[str]:
        ended = await acting.service.resume(acting.server, by=acting.by)
        others = await acting.service.pauses()
        return [resumed_words(ended, acting.d), *(pause_lines(others, acting.d) if others else [])]

    act_on(data_dir, server, lines, all_servers=True)
