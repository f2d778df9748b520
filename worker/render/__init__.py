"""Rendering: the engine's thread, the loop that feeds it, and the files that it produces."""
