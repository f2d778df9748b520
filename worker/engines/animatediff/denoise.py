"""One step of any mix of renders: one forward of the UNet for all their rows, then each one's own scheduler.

The UNet takes a timestep for each row, so prompt, seed, step count, guidance and its absence may all differ.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from worker.engines.animatediff.compile import CompiledForwards, ForwardInputs
from worker.engines.animatediff.embeddings import repeated_to
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.options import Shape
from worker.engines.animatediff.render import ClipRender, Denoising
from worker.engines.animatediff.sharing import CHUNKS_SHARED, GroupKey

log = logging.getLogger(__name__)

CHUNK_TOKENS = 77
Tensor = Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a forward: sample (1, 4, frames, h, w), timestep (1,), text (1, tokens, width)."""

    sample: Tensor
    timestep: Tensor
    text: Tensor


@dataclass(slots=True)
class Denoiser:
    """Runs forwards in the dtype of the UNet, in slices where memory asks for it, compiled where that is ready."""

    compiled: CompiledForwards
    _rows_that_fit: dict[GroupKey, int] = field(default_factory=dict)

    def predict(self, unet: Any, renders: Sequence[ClipRender]) -> list[Tensor]:
        """The noise that each render's latents hold, guidance applied; the renders are left as they are.

        When memory runs out it is freed and the forward tried once more, a row at a time.
        """
        rows = [row for render in renders for row in rows_of(render)]
        predicted = iter(self._predict_rows(unet, renders[0].key, rows))
        return [_guided(render, predicted) for render in renders]

    def rows_that_fit(self, key: GroupKey) -> int | None:
        """How many rows may share a forward since memory last ran out at that key; None when it never did."""
        return self._rows_that_fit.get(key)

    def _predict_rows(self, unet: Any, key: GroupKey, rows: list[Row]) -> list[Tensor]:
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

    def _in_slices(self, unet: Any, key: GroupKey, rows: list[Row], at_once: int) -> list[Tensor]:
        return [noise for part in _slices(rows, at_once) for noise in self._forward(unet, key, part)]

    def _forward(self, unet: Any, key: GroupKey, rows: list[Row]) -> list[Tensor]:
        tokens = _shared_tokens(rows)
        shape = self._shape(key, len(rows)) if tokens == CHUNK_TOKENS else None
        forward = self.compiled.forward(unet, shape)
        if shape in self.compiled.ready:
            rows = rows + rows[-1:] * (shape.rows - len(rows))
        text = torch.cat([repeated_to(row.text, tokens) for row in rows]).repeat_interleave(key.frames, 0)
        sample = torch.cat([row.sample for row in rows]).to(unet.dtype)
        noise = ForwardInputs(sample, torch.cat([row.timestep for row in rows]), text).run(forward)
        return list(noise.float().split(1))

    def _shape(self, key: GroupKey, rows: int) -> Shape:
        """What a forward of so many rows is compiled as: never more rows than the device takes."""
        exact = Shape(key.endpoint, rows, key.frames, key.width, key.height)
        return self.compiled.as_compiled(
            exact, rows_at_most=min(key.rows_at_most, self._rows_that_fit.get(key, rows + 1))
        )


def rows_of(render: ClipRender) -> Iterator[Row]:
    """The rows of a prepared render: the negative prompt's first, as diffusers' pipeline has it."""
    state = _prepared(render)
    timestep = state.timesteps[state.position]
    sample = state.scheduler.scale_model_input(state.latents, timestep)
    on_device = state.timesteps_on_device[state.position : state.position + 1]
    return (Row(sample, on_device, text) for text in state.texts)


def advance(render: ClipRender, noise: Tensor, *, keep_look: bool) -> None:
    """Take one timestep with the predicted noise; with `keep_look`, keep what the clip would be if it ended here."""
    state = _prepared(render)
    timestep = state.timesteps[state.position]
    taken = state.scheduler.step(noise, timestep, state.latents, generator=state.generator)
    state.latents = taken.prev_sample
    state.position += 1
    if keep_look:
        clean = getattr(taken, "pred_original_sample", None)
        render.look = taken.denoised if clean is None else clean


def _prepared(render: ClipRender) -> Denoising:
    if render.denoising is None:
        raise ValueError("this render has not been prepared")
    return render.denoising


def _guided(render: ClipRender, predicted: Iterator[Tensor]) -> Tensor:
    first = next(predicted)
    if not render.is_guided:
        return first
    return first + render.request.guidance_scale * (next(predicted) - first)


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
