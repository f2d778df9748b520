"""The commands of the terminal, a package each; ``command.py`` declares the options.

What a command needs beyond its options is imported inside its function, so that ``flipbook --help``
starts quickly.
"""
