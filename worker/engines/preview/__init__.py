"""The preview engine: procedural clips from prompt and seed, without a model and without a GPU.

The prompt's words choose place, light, weather and subjects; prompt and seed together make every
choice left open. Words of the negative prompt are left out; guidance makes the picture more or less
contrasty; turbo has fewer particles. The clip develops as the steps go on, layer by layer; their
number does not change what it becomes.
"""

from worker.engines.preview.engine import PreviewEngine

__all__ = ["PreviewEngine"]
