"""``flipbook pause`` and ``flipbook resume``."""
