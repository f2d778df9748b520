"""The slash commands: what the manifest says of them, and who serves their words."""

from dataclasses import dataclass
from typing import Final

from adapters.slack import render_help
from adapters.slack.members import Members
from adapters.slack.payloads import Command
from adapters.slack.values import Content
from adapters.slack.wishes import Wishes


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A slash command as Slack lists it. ``should_escape``: Slack hands over members and channels with their ids."""

    name: str
    description: str
    usage_hint: str
    should_escape: bool = False


ANIMATE: Final = CommandSpec(
    "/animate",
    "Make a short animation from a prompt",
    "a paper boat on a stormy sea [--turbo] [--size landscape_16_9] [--frames 24] [--seed 42]",
)
FLIPBOOK: Final = CommandSpec(
    "/flipbook",
    "Queue, history, quota and settings of Flipbook",
    "queue | history | show ID | cancel ID | quota | help | admin",
    should_escape=True,
)
COMMANDS: Final = (ANIMATE, FLIPBOOK)

_ASKS_FOR_HELP: Final = frozenset({"", "help", "--help", "-h", "?"})


class Commands:
    """Serves commands; raises FlipbookError when the answer is no."""

    def __init__(self, wishes: Wishes, members: Members) -> None:
        self._wishes = wishes
        self._members = members

    async def serve(self, command: Command) -> Content | None:
        """The words after a command."""
        match command.name:
            case ANIMATE.name if command.text.strip().lower() in _ASKS_FOR_HELP:
                return render_help.animate_content()
            case ANIMATE.name:
                await self._wishes.make(command.act, command.text)
                return None
            case FLIPBOOK.name:
                return await self._members.serve(command)
            case _:
                return render_help.unknown_command_content()
