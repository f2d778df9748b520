"""Turns prompts into the text encoder's embeddings: weighted, of any length, and cached.

CLIP reads 75 tokens at a time. A longer prompt is read in several chunks, each with its own begin
and end tokens, and the chunks' embeddings are laid one after the other. Where two prompts of
different length share a forward, the shorter one is repeated: attention over the same keys twice is
attention over them once, so only rounding changes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import torch

from generation.protocol.cache import BoundedCache
from generation.protocol.extensions.scenes import scenes_in
from generation.protocol.request import GenerationRequest
from worker.engine import EngineRefusal
from worker.engines.animatediff.batch_key import uses_guidance
from worker.engines.animatediff.prompts.weights import parse_weights

CHUNKS_AT_MOST: Final = 8
"""600 tokens: more than 2,000 letters of English need."""
SMALLEST_MEAN: Final = 0.02
"""In standard deviations. An embedding whose mean is nearer to zero is not scaled back to it: the
factor would be the quotient of two roundings."""
LARGEST_CORRECTION: Final = 4.0

Tensor = Any
"""A torch tensor; typed as Any so that the type check reads the same with and without torch."""


@dataclass(frozen=True, slots=True)
class TokenChunk:
    """Up to 75 tokens with the weight of each."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


class TextEmbedder:
    """Encodes prompts with one text encoder, and caches the latest results by text."""

    def __init__(
        self, tokenizer: Any, encoder: Any, *, clip_skip: int = 1, cache_size: int = 128
    ) -> None:
        """`clip_skip`: which layer from the end is read, counted as AUTOMATIC1111 does: 1 is the
        last. `cache_size`: how many prompts' embeddings stay in memory."""
        self._clip_skip = clip_skip
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._cache: BoundedCache[str, Tensor] = BoundedCache(cache_size)
        self._chunk_tokens: int = tokenizer.model_max_length - 2

    def embed(self, prompt: str) -> Tensor:
        """The embedding of a prompt: shape (1, 77 × chunks, width), on the encoder's device and in
        its dtype."""
        # most clips share the default negative prompt, and members repeat prompts with other seeds
        embedding = self._cache.get(prompt)
        if embedding is None:
            embedding = self._encode(self._chunks(prompt))
            self._cache.put(prompt, embedding)
        return embedding

    def check_length(self, name: str, prompt: str) -> None:
        """Raise :class:`EngineRefusal` when a prompt is too long; `name` is the field's."""
        # counted in tokens, not letters: emoji and other scripts take more
        length, limit = len(self._tokens(prompt)[0]), CHUNKS_AT_MOST * self._chunk_tokens
        if length > limit:
            raise EngineRefusal(
                f"{name} is {length} tokens long; this engine reads at most {limit}. Please "
                "shorten it."
            )

    def shared_chunk_count(self, request: GenerationRequest) -> int:
        """The smallest number of chunks to which the texts of all rows of a request can be
        repeated."""
        texts = [scene.words for scene in scenes_in(request.prompt)] or [request.prompt]
        chunks = math.lcm(*(len(self._chunks(text)) for text in texts))
        if not uses_guidance(request):
            return chunks
        return math.lcm(chunks, len(self._chunks(request.negative_prompt)))

    def _tokens(self, prompt: str) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        weights: list[float] = []
        for term in parse_weights(prompt):
            # blank terms have no tokens
            found = (
                self._tokenizer(term.text, add_special_tokens=False).input_ids
                if term.text.strip()
                else []
            )
            ids += found
            weights += [term.weight] * len(found)
        return ids, weights

    def _chunks(self, prompt: str) -> list[TokenChunk]:
        """At least one chunk, also of an empty prompt."""
        ids, weights = self._tokens(prompt)
        starts = range(0, max(1, len(ids)), self._chunk_tokens)
        size = self._chunk_tokens
        return [TokenChunk(tuple(ids[s : s + size]), tuple(weights[s : s + size])) for s in starts]

    def _encode(self, chunks: list[TokenChunk]) -> Tensor:
        begin, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        # Stable Diffusion 1.5 was trained with end tokens as padding
        fill = [self._chunk_tokens - len(chunk.ids) + 1 for chunk in chunks]
        ids = [[begin, *chunk.ids, *[end] * n] for chunk, n in zip(chunks, fill, strict=True)]
        weights = [[1.0, *chunk.weights, *[1.0] * n] for chunk, n in zip(chunks, fill, strict=True)]
        found = self._read(torch.tensor(ids, device=self._encoder.device))
        # asked here, on the CPU: reading an answer from the device would wait for it
        if any(weight != 1 for chunk in weights for weight in chunk):
            found = _weighted(found, torch.tensor(weights, device=found.device))
        return found.reshape(1, -1, found.shape[-1])

    def _read(self, ids: Tensor) -> Tensor:
        if self._clip_skip == 1:
            return self._encoder(ids)[0]
        states = self._encoder(ids, output_hidden_states=True).hidden_states
        # the library's versions keep the last normalisation in different places
        layers = getattr(self._encoder, "text_model", self._encoder)
        return layers.final_layer_norm(states[-self._clip_skip])


def _weighted(plain: Tensor, weights: Tensor) -> Tensor:
    """Multiply each token's embedding and scale every chunk back to its old mean, as AUTOMATIC1111
    does."""
    # means of half-precision numbers would be too rough
    exact = plain.float()
    scaled = exact * weights.unsqueeze(-1)
    mean = exact.mean(dim=(-2, -1), keepdim=True)
    correction = mean / scaled.mean(dim=(-2, -1), keepdim=True)
    is_clear = mean.abs() > SMALLEST_MEAN * exact.std(dim=(-2, -1), keepdim=True)
    # NaN and infinity compare as too large, so they are no correction either
    usable = is_clear & (correction.abs() <= LARGEST_CORRECTION)
    return (scaled * torch.where(usable, correction, torch.ones_like(correction))).to(plain.dtype)


def common_length(embeddings: Iterable[Tensor]) -> int:
    """The smallest number of tokens to which all of them can be repeated."""
    return math.lcm(*(embedding.shape[1] for embedding in embeddings))


def repeated_to(embedding: Tensor, tokens: int) -> Tensor:
    """Repeat an embedding (texts, length, width) to (texts, tokens, width), where `tokens` is a
    multiple of its length."""
    return embedding.repeat(1, tokens // embedding.shape[1], 1)
