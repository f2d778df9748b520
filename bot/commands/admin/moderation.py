"""``flipbook admin terms`` and ``flipbook admin reports``: blocked words as a list, and what
members have reported."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.admin.acting import Acting, Server, act_on
from bot.commands.options import DataDir
from bot.exit_codes import Exit, die
from generation.domain.report import Decision
from generation.rules.policy import PolicyName
from generation.service import words
from generation.service.clips import Actor
from generation.text.controls.reports import decided_words, report_lines
from generation.text.rules.screen import changed_rule_lines

terms = typer.Typer(help="Blocked words as a list.", no_args_is_help=True)
reports = typer.Typer(help="What members have reported.", no_args_is_help=True)


@terms.command("import")
def import_terms(
    server: Server,
    file: Annotated[Path, typer.Argument(help="one word or phrase a line; `-` for the input")],
    data_dir: DataDir = None,
) -> None:
    """Block every word of a file in a server."""
    text = _text_of(file)

    async def lines(acting: Acting) -> list[str]:
        change = await acting.service.change_policy(
            acting.server, lambda policy: words.with_list(policy, text), by=acting.by
        )
        return [
            *changed_rule_lines(change.before, change.after, [PolicyName.BLOCKED_TERMS], acting.d)
        ]

    act_on(data_dir, server, lines)


@reports.command("show")
def show_reports(server: Server, data_dir: DataDir = None) -> None:
    """Print the reports of a server that no admin has decided."""

    async def lines(acting: Acting) -> list[str]:
        return [*report_lines(await acting.service.open_reports(acting.server), acting.d)]

    act_on(data_dir, server, lines)


@reports.command("decide")
def decide(
    server: Server,
    clip: Annotated[str, typer.Argument(help="the clip's number or id")],
    decision: Annotated[Decision, typer.Argument(help="what to do")],
    data_dir: DataDir = None,
) -> None:
    """Decide about a reported clip, as an admin of the server does."""

    async def lines(acting: Acting) -> list[str]:
        actor = Actor(acting.by, acting.server, is_moderator=True)
        service = acting.service
        job = await service.with_named(
            clip, acting.server, lambda job_id: service.decide(job_id, decision, actor)
        )
        return [decided_words(job, decision, acting.by, acting.d)]

    act_on(data_dir, server, lines)


def _text_of(file: Path) -> str:
    """Bounded before it is read."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as opened:
            return opened.read(words.MOST_IMPORTED_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        die(Exit.INVALID, f"{file} is no text file in UTF-8.")
    except OSError as error:
        die(Exit.INVALID, f"{file} cannot be read ({error.strerror}).")
