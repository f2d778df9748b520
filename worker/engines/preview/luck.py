"""Chance that is the same every time: each part of a picture draws from its own stream of the
prompt and the seed."""

import hashlib

import numpy as np


class Luck:
    """Every choice that a prompt and a seed leave open.

    Parts are named, so that one part drawing more numbers never changes another. The length and the
    steps of a clip change nothing of what it shows, and its size changes the framing but not the
    scene.
    """

    def __init__(self, prompt: str, seed: int) -> None:
        self._prompt = prompt
        self._seed = seed

    def whatever_the_seed(self) -> "Luck":
        """The choices that belong to the prompt and stay when it is re-rolled."""
        return Luck(self._prompt, 0)

    def of(self, part: str) -> np.random.Generator:
        """A fresh stream for one part of the picture; the same part gives the same numbers."""
        digest = hashlib.sha256(f"{self._seed}|{part}|{self._prompt}".encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))

    def between(self, part: str, low: float, high: float) -> float:
        """One number of a part, evenly spread."""
        return float(self.of(part).uniform(low, high))

    def below(self, part: str, count: int) -> int:
        """One whole number of a part: 0 … count - 1."""
        return int(self.of(part).integers(count))
