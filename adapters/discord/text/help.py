"""How the commands are used, in a few lines."""

from typing import Final

from adapters.discord.text.markup import DISCORD
from generation.text.help import help_lines

HELP: Final = "\n".join(help_lines(DISCORD, {}))
