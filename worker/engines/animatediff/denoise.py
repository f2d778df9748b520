"""One step of any mix of renders: one forward of the UNet for all their rows, then each one's own scheduler.

The UNet takes a timestep for each row, so prompt, seed, step count, guidance and its absence may all differ.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from generation.request import Endpoint
from worker.engines.animatediff.compile import CompiledForwards, ForwardInputs
from worker.engines.animatediff.embeddings import repeated_to
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.options import Shape
from worker.engines.animatediff.render import ClipRender, Denoising
from worker.engines.animatediff.reuse import deep_features_of, reusing_forward
from worker.engines.animatediff.sharing import CHUNKS_SHARED, GroupKey

log = logging.getLogger(__name__)

CHUNK_TOKENS = 77
Tensor = Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forward: sample (1, 4, frames, h, w), timestep (1,), text (1, tokens, width).

    deep: what the deep layers said, (frames, channels, h, w), where they are not to be asked again.
    """

    sample: Tensor
    timestep: Tensor
    text: Tensor
    deep: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What comes of a row: the noise, and what the deep layers said where that is kept."""

    noise: Tensor
    deep: Tensor | None


@dataclass(slots=True)
class Denoiser:
    """Runs forwards in the dtype of the UNet, in slices where memory asks for it, compiled where that is ready.

    keeps_deep: whether whole steps keep what the standard UNet's deep layers say, for steps that reuse it.
    """

    compiled: CompiledForwards
    keeps_deep: bool = False
    _rows_that_fit: dict[GroupKey, int] = field(default_factory=dict)

    def predict(self, unet: Any, renders: Sequence[ClipRender]) -> list[Tensor]:
        """The noise that each render's latents hold, guidance applied; of the renders only what they reuse is changed.

        They are all about to take a whole step, or all one that reuses.
        When memory runs out it is freed and the forward tried once more, a row at a time.
        """
        rows = [row for render in renders for row in rows_of(render)]
        predicted = iter(self._predict_rows(unet, renders[0].key, rows))
        return [_guided(render, [next(predicted) for _ in range(render.rows)]) for render in renders]

    def rows_that_fit(self, key: GroupKey) -> int | None:
        """How many rows may share a forward since memory last ran out at that key; None when it never did."""
        return self._rows_that_fit.get(key)

    def _predict_rows(self, unet: Any, key: GroupKey, rows: list[Row]) -> list[Predicted]:
        at_once = min(len(rows), key.rows_at_most, self._rows_that_fit.get(key, len(rows)))
        try:
            return self._in_slices(unet, key, rows, at_once)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        free_device_memory()  # after the except block: there the error still holds the failed forward's tensors
        self._rows_that_fit[key] = max(1, at_once // 2)
        log.warning("Memory ran out with %d rows of %d × %d; trying one at a time.", at_once, key.width, key.height)
        return self._in_slices(unet, key, rows, 1)

    def _in_slices(self, unet: Any, key: GroupKey, rows: list[Row], at_once: int) -> list[Predicted]:
        return [row for part in _slices(rows, at_once) for row in self._forward(unet, key, part)]

    def _forward(self, unet: Any, key: GroupKey, rows: list[Row]) -> list[Predicted]:
        if self.keeps_deep and key.endpoint is Endpoint.STANDARD:
            return _keeping_forward(unet, key, rows)
        tokens = _shared_tokens(rows)
        shape = self._shape(key, len(rows)) if tokens == CHUNK_TOKENS else None
        forward = self.compiled.forward(unet, shape)
        if shape in self.compiled.ready:
            rows = rows + rows[-1:] * (shape.rows - len(rows))
        noise = _inputs(unet, key, rows, tokens).run(forward)
        ours = noise.to(torch.float32, copy=True)  # the next run of a CUDA graph writes into the very same memory
        return [Predicted(one, None) for one in ours.split(1)]

    def _shape(self, key: GroupKey, rows: int) -> Shape:
        """What a forward of so many rows is compiled as: never more rows than the device takes."""
        exact = Shape(key.endpoint, rows, key.frames, key.width, key.height)
        return self.compiled.as_compiled(
            exact, rows_at_most=min(key.rows_at_most, self._rows_that_fit.get(key, rows + 1))
        )


def _inputs(unet: Any, key: GroupKey, rows: list[Row], tokens: int) -> ForwardInputs:
    text = torch.cat([repeated_to(row.text, tokens) for row in rows]).repeat_interleave(key.frames, 0)
    sample = torch.cat([row.sample for row in rows]).to(unet.dtype)
    return ForwardInputs(sample, torch.cat([row.timestep for row in rows]), text)


def _keeping_forward(unet: Any, key: GroupKey, rows: list[Row]) -> list[Predicted]:
    """A whole forward that keeps what the deep layers say, or one that reuses it."""
    inputs = _inputs(unet, key, rows, _shared_tokens(rows))
    kept = [row.deep for row in rows if row.deep is not None]
    if kept:
        noise = reusing_forward(unet, inputs, torch.cat(kept))
        return [Predicted(one, deep) for one, deep in zip(noise.float().split(1), kept, strict=True)]
    with deep_features_of(unet) as seen:
        noise = inputs.run(unet)
    return [Predicted(*both) for both in zip(noise.float().split(1), seen[0].split(key.frames), strict=True)]


def rows_of(render: ClipRender) -> Iterator[Row]:
    """The rows of a prepared render: the negative prompt's first, as diffusers' pipeline has it."""
    state = _prepared(render)
    timestep = state.timesteps[state.position]
    sample = state.scheduler.scale_model_input(state.latents, timestep)
    on_device = state.timesteps_on_device[state.position : state.position + 1]
    deep = state.deep[-render.rows :] if render.is_reusing else (None,) * render.rows
    return (Row(sample, on_device, *both) for both in zip(state.texts[-render.rows :], deep, strict=True))


def advance(render: ClipRender, noise: Tensor, *, keep_look: bool) -> None:
    """Take one timestep with the predicted noise; with `keep_look`, keep what the clip would be if it ended here."""
    state = _prepared(render)
    timestep = state.timesteps[state.position]
    taken = state.scheduler.step(noise, timestep, state.latents, generator=state.generator)
    state.latents = taken.prev_sample
    state.position += 1
    state.deep = () if state.is_over else state.deep
    if keep_look:
        clean = getattr(taken, "pred_original_sample", None)
        render.look = taken.denoised if clean is None else clean


def _prepared(render: ClipRender) -> Denoising:
    if render.denoising is None:
        raise ValueError("this render has not been prepared")
    return render.denoising


def _guided(render: ClipRender, predicted: list[Predicted]) -> Tensor:
    _prepared(render).deep = tuple(row.deep for row in predicted if row.deep is not None)
    first, last = predicted[0].noise, predicted[-1].noise
    return first + render.request.guidance_scale * (last - first) if render.is_guided else first


def _shared_tokens(rows: list[Row]) -> int:
    return math.lcm(*(row.text.shape[1] for row in rows))


def _slices(rows: list[Row], at_once: int) -> Iterator[list[Row]]:
    """Cut into parts of at most `at_once` rows; rows whose texts fit together only at great length go alone."""
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        if _shared_tokens(part) <= CHUNKS_SHARED * CHUNK_TOKENS:
            yield part
        else:
            yield from ([row] for row in part)
