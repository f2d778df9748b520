"""How the commands are used, in a few lines."""

from typing import Final

HELP: Final = """\
**Flipbook** makes short clips from words.
`/animate` makes one; every option shows its range.
🔁 under a finished clip, as button or reaction, makes it again with another seed.
✖️ under one that is under way cancels it.
`/flipbook queue`: what this server is waiting for · `/flipbook history`: your last clips
`/flipbook show`: a clip once more, for you alone · `/flipbook cancel`: end one
`/flipbook quota`: what you may still make
`/flipbook-admin`: limits, channels and blocks, for who manages the server"""
