"""The preview engine: procedural clips from prompt and seed, without a model and without a GPU.

What shapes a clip: the prompt's words choose place, light, weather and subjects (``words`` holds
the vocabulary); prompt and seed together make every choice left open; words of the negative prompt
are left out; guidance above or below the endpoint's default makes the picture more or less
contrasty; turbo has fewer particles. Steps only divide the work: their number does not change the
picture.
"""

from worker.engines.preview.engine import PreviewEngine

__all__ = ["PreviewEngine"]
