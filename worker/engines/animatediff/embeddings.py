"""Turns prompts into what the UNet listens to: weighted, of any length, and remembered.

CLIP reads 75 tokens at a time. A longer prompt is read in several chunks, each with its own begin and end marks, laid
one after the other. Where two prompts of different length share a forward, the shorter one is repeated: attention over
the same keys twice is attention over them once, so nothing changes but rounding.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import torch

from worker.engine import EngineRefusal
from worker.engines.animatediff.prompt import parse_weights

CHUNKS_AT_MOST: Final = 8
"""600 tokens: more than 2,000 letters of English need."""
SMALLEST_MEAN: Final = 0.02
"""In standard deviations: an embedding whose mean is nearer to zero is not scaled back to it, for the factor would be
the quotient of two roundings."""
LARGEST_CORRECTION: Final = 4.0

Tensor = Any
"""A torch tensor; torch is typed as Any here so that the check reads the same with and without it."""


@dataclass(frozen=True, slots=True)
class TokenChunk:
    """Up to 75 tokens with the weight of each."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


class TextEmbedder:
    """Encodes prompts with one text encoder and keeps the latest results, by text."""

    def __init__(self, tokenizer: Any, encoder: Any, *, keep: int = 128) -> None:
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._keep = keep
        self._kept: OrderedDict[str, Tensor] = OrderedDict()
        self._chunk_tokens: int = tokenizer.model_max_length - 2

    def embed(self, prompt: str) -> Tensor:
        """The embedding of a prompt: shape (1, 77 × chunks, width), on the encoder's device and in its dtype."""
        found = self._kept.get(prompt)
        if found is None:
            found = self._encode(self._chunks(prompt))
            self._kept[prompt] = found
            if len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        self._kept.move_to_end(prompt)
        return found

    def check_length(self, name: str, prompt: str) -> None:
        """Raise :class:`EngineRefusal` when a prompt is longer than can be read; `name` is the field's."""
        length, limit = len(self._tokens(prompt)[0]), CHUNKS_AT_MOST * self._chunk_tokens
        if length > limit:
            raise EngineRefusal(
                f"{name} is {length} tokens long; this engine reads at most {limit}. Please shorten it."
            )

    def chunk_count(self, prompt: str) -> int:
        """How many chunks the prompt takes, at least 1."""
        return len(self._chunks(prompt))

    def _tokens(self, prompt: str) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        weights: list[float] = []
        for piece in parse_weights(prompt):
            found = self._tokenizer(piece.text, add_special_tokens=False).input_ids if piece.text.strip() else []
            ids += found
            weights += [piece.weight] * len(found)
        return ids, weights

    def _chunks(self, prompt: str) -> list[TokenChunk]:
        ids, weights = self._tokens(prompt)
        starts = range(0, max(1, len(ids)), self._chunk_tokens)
        size = self._chunk_tokens
        return [TokenChunk(tuple(ids[s : s + size]), tuple(weights[s : s + size])) for s in starts]

    def _encode(self, chunks: list[TokenChunk]) -> Tensor:
        begin, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        fill = [self._chunk_tokens - len(chunk.ids) + 1 for chunk in chunks]
        ids = [[begin, *chunk.ids, *[end] * n] for chunk, n in zip(chunks, fill, strict=True)]
        weights = [[1.0, *chunk.weights, *[1.0] * n] for chunk, n in zip(chunks, fill, strict=True)]
        plain = self._encoder(torch.tensor(ids, device=self._encoder.device))[0]
        return _weighted(plain, torch.tensor(weights, device=plain.device)).reshape(1, -1, plain.shape[-1])


def _weighted(plain: Tensor, weights: Tensor) -> Tensor:
    """Multiply each token's embedding and bring every chunk back to its old mean, as AUTOMATIC1111 does."""
    if bool((weights == 1).all()):
        return plain
    exact = plain.float()
    scaled = exact * weights.unsqueeze(-1)
    mean = exact.mean(dim=(-2, -1), keepdim=True)
    correction = mean / scaled.mean(dim=(-2, -1), keepdim=True)
    clear = mean.abs() > SMALLEST_MEAN * exact.std(dim=(-2, -1), keepdim=True)
    usable = clear & (correction.abs() <= LARGEST_CORRECTION)  # not a number and infinity are neither
    return (scaled * torch.where(usable, correction, torch.ones_like(correction))).to(plain.dtype)


def repeated_to(embedding: Tensor, tokens: int) -> Tensor:
    """Lay an embedding after itself until it is `tokens` long; `tokens` is a multiple of its length."""
    return embedding.repeat(1, tokens // embedding.shape[1], 1)
