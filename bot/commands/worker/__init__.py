"""``flipbook worker`` and its subcommands."""
