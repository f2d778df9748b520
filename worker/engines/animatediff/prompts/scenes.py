"""The text of each frame of a clip whose prompt has scenes: between two, one becomes the other."""

from collections.abc import Sequence
from typing import Any

import torch

from generation.protocol.extensions.loops import Loop
from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.request import GenerationRequest
from worker.engines.animatediff.prompts.embeddings import TextEmbedder, common_length, repeated_to

Tensor = Any


def prompt_embedding(request: GenerationRequest, embedder: TextEmbedder) -> Tensor:
    """The embedding of a request's prompt: (1, tokens, width); of one with scenes (frames, tokens,
    width)."""
    scenes = scenes_in(request.prompt)
    if not scenes:
        return embedder.embed(request.prompt)
    found = [embedder.embed(scene.words) for scene in scenes]
    # laid out to one length first, then mixed
    tokens = common_length(found)
    keys = [scene.frame for scene in scenes]
    is_closed = request.loop is Loop.SEAMLESS
    texts = [repeated_to(each, tokens)[0] for each in found]
    return torch.stack(
        [_mixed(texts, keys, frame, request.frames, is_closed) for frame in range(request.frames)]
    )


def _mixed(
    texts: Sequence[Tensor], keys: Sequence[int], frame: int, frames: int, is_closed: bool
) -> Tensor:
    before = max((place for place, key in enumerate(keys) if key <= frame), default=-1)
    after = (before + 1) % len(keys)
    is_between = 0 <= before < len(keys) - 1
    if not is_between and not is_closed:
        return texts[max(0, before)]
    # round a loop the last scene becomes the first
    start = keys[before] if before >= 0 else keys[-1] - frames
    end = keys[after] if keys[after] > frame else keys[after] + frames
    part = (frame - start) / (end - start)
    # so that a text becomes itself to the bit
    return texts[before] + part * (texts[after] - texts[before])
