"""``flipbook migrate``, ``flipbook config`` and ``flipbook admin``."""
