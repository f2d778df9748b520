"""`flipbook doctor` in a process of its own, for a bot that runs: its checks load what the bot does
not need, and may hang where something is wrong."""

import asyncio
import re
import sys
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.commands.doctor.explained import Explained
from bot.settings import (
    SECRET_URLS,
    Settings,
    child_environment,
    environment_names,
    values_in_environment,
    variable_of,
)
from generation.diagnostics import Grade
from generation.protocol.secret_files import file_variables

PATIENCE: Final = 90.0
"""Seconds; reading a database of gigabytes from end to end takes longer."""
_OF_OTHERS: Final = re.compile(r"(AWS|AZURE|GOOGLE)_\w+|(HTTPS?|ALL|NO)_PROXY", re.IGNORECASE)
"""What the stores of clips and the way outside are configured by."""
_FINDINGS: Final = TypeAdapter(list[Explained])


async def examine_apart(settings: Settings) -> list[Explained]:
    """Every finding, as the command prints it; where it does not come to an end, that alone."""
    return await findings_of(_command(settings))


async def findings_of(command: Sequence[str], *, patience: float = PATIENCE) -> list[Explained]:
    """What that command prints, in an environment without what is no setting of ours."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,  # a Ctrl-C at the terminal reaches only the parent
    )
    try:
        async with asyncio.timeout(patience):
            text, _ = await process.communicate()
            return _FINDINGS.validate_json(text)
    except TimeoutError:
        return [_without_end(f"did not come to an end within {patience:.0f} seconds")]
    except ValidationError:
        return [_without_end("has ended without a finding")]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "bot", "doctor", "--json"]
    # what the command line of `flipbook run` may have said
    command += ["--data-dir", str(settings.data_dir.absolute()), "--engine", settings.engine]
    if settings.models is not None:
        command += ["--models", str(settings.models.absolute())]
    return command


def _environment() -> dict[str, str]:
    """What a worker gets, our own settings, and what the stores of clips are configured by."""
    ours = {variable_of(field) for field in Settings.model_fields}
    ours |= file_variables(Settings, also=SECRET_URLS)
    others = {name for name in environment_names() if _OF_OTHERS.fullmatch(name)}
    return child_environment(**values_in_environment(ours | others))


def _without_end(what: str) -> Explained:
    return Explained(
        Grade.BAD,
        "doctor",
        f"`flipbook doctor` {what}",
        "something that it looks at does not answer, or its database is large",
        "`flipbook doctor` in a terminal says how far it comes",
    )
