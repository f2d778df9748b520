"""``python -m bot``: the same as ``flipbook``."""

from bot.cli import main

main()
