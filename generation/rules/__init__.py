"""The rules that requests are judged by, and the books they are read from. Pure."""
