"""One denoising step of any mix of clips: one forward of the UNet for all their rows, then each
clip's own scheduler.

The UNet takes a timestep for each row, so prompt, seed, number of steps and guidance may all
differ.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
import torch

from generation.protocol.request import Endpoint
from worker.engines.animatediff.batch_key import SHARED_CHUNKS_AT_MOST, BatchKey
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.compile.programs import Functions
from worker.engines.animatediff.denoise.schedulers import Step, lcm_step
from worker.engines.animatediff.denoise.windows import fused, parts_of, texts_of
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.options import ForwardKind, ForwardShape
from worker.engines.animatediff.prompts.embeddings import repeated_to
from worker.engines.animatediff.render import ClipRender, DenoisingState

log = structlog.get_logger("flipbook.engine")

CHUNK_TOKENS: Final = 77
Tensor = Any


@dataclass(frozen=True, slots=True)
class ForwardRow:
    """One row of a forward: sample (1, 4, frames, h, w), timestep (1,), text (1, tokens, width), or
    one for each frame.

    features: the deep layers' features of an earlier step, (frames, channels, h, w), where the row
    reuses them.
    """

    sample: Tensor
    timestep: Tensor
    text: Tensor
    features: Tensor | None = None


@dataclass(frozen=True, slots=True)
class PredictedRow:
    """What a forward gives for a row: the noise (1, 4, frames, h, w), float32, and the deep layers'
    features where they are kept."""

    noise: Tensor
    features: Tensor | None


@dataclass(slots=True)
class Denoiser:
    """Runs forwards in the UNet's dtype, in slices where memory is short, compiled where possible.

    functions: what of the UNets is run, eagerly or compiled.
    keeps_features: whether full steps of standard clips keep the deep layers' features for later
    steps.
    make_room: asked when memory ran out, with the endpoint whose UNet is needed; whether it has
        freed something.
    """

    compiled: CompiledForwards
    make_room: Callable[[Endpoint], bool]
    functions: Functions
    keeps_features: bool = False
    _rows_that_fit: dict[BatchKey, int] = field(default_factory=dict)

    def predict(
        self, unet: Any, renders: Sequence[ClipRender], *, at_most: int | None = None
    ) -> list[Tensor]:
        """The noise in each render's latents, (1, 4, frames, h, w), guidance applied. `at_most`:
        how many rows share a forward.

        The renders have the same key, and their next steps are all full or all with cached
        features; of the renders only those features change. When memory runs out it is freed and
        the forward tried again, a row at a time.
        """
        rows = [row for render in renders for row in rows_of(render)]
        predicted = iter(self._predict_rows(unet, renders[0].key, rows, at_most or len(rows)))
        return [
            _guided(render, [next(predicted) for _ in range(render.rows)]) for render in renders
        ]

    def rows_that_fit(self, key: BatchKey) -> int | None:
        """How many rows may share a forward since memory ran out at that key; None when it never
        did."""
        return self._rows_that_fit.get(key)

    def _predict_rows(
        self, unet: Any, key: BatchKey, rows: list[ForwardRow], at_most: int
    ) -> list[PredictedRow]:
        # what did not fit once is not tried again: a failed forward costs a whole step
        at_once = min(at_most, key.rows_at_most, self._rows_that_fit.get(key, at_most))
        try:
            return self._in_slices(unet, key, rows, at_once)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # after the except block: there the error still holds the failed forward's tensors
        freed = self.make_room(key.endpoint)
        free_device_memory()
        if freed:
            return self._predict_rows(unet, key, rows, at_most)
        # half of what failed, for later batches; now single rows, to be sure
        self._rows_that_fit[key] = max(1, at_once // 2)
        log.warning(
            "memory ran out while denoising; trying one row at a time",
            rows=at_once,
            width=key.width,
            height=key.height,
        )
        return self._in_slices(unet, key, rows, 1)

    def _in_slices(
        self, unet: Any, key: BatchKey, rows: list[ForwardRow], at_once: int
    ) -> list[PredictedRow]:
        return [row for part in _slices(rows, at_once) for row in self._forward(unet, key, part)]

    def _forward(self, unet: Any, key: BatchKey, rows: list[ForwardRow]) -> list[PredictedRow]:
        tokens, kind = _common_tokens(rows), self._kind(key, rows)
        shape = self._shape(key, len(rows), kind) if tokens == CHUNK_TOKENS else None
        # eager unless this very shape is compiled
        forward = self.compiled.forward(self.functions.forward(unet, kind), shape)
        filled = rows
        if shape in self.compiled.ready:
            # compiled code has a fixed number of rows: the last row fills it up
            filled = rows + rows[-1:] * (shape.rows - len(rows))
        noise, *deep = _inputs(unet, key, filled, tokens).call(forward)
        # copies, because the next run of a CUDA graph writes into the very same memory
        noises = noise.to(torch.float32, copy=True).split(1)
        features = [row.features for row in rows]
        if kind is ForwardKind.KEEPING:
            features = list(deep[0].contiguous().clone().split(key.frames))
        # what fills up is dropped
        return [PredictedRow(*row) for row in zip(noises, features, strict=False)][: len(rows)]

    def _kind(self, key: BatchKey, rows: list[ForwardRow]) -> ForwardKind:
        if not self.keeps_features or key.endpoint is not Endpoint.STANDARD:
            return ForwardKind.WHOLE
        # the rows of a forward are alike in this
        return ForwardKind.KEEPING if rows[0].features is None else ForwardKind.REUSING

    def _shape(self, key: BatchKey, rows: int, kind: ForwardKind) -> ForwardShape:
        """What a forward with that many rows is compiled as, within what the device takes."""
        exact = ForwardShape(key.endpoint, rows, key.frames, key.width, key.height, kind)
        return self.compiled.as_compiled(
            exact, rows_at_most=min(key.rows_at_most, self._rows_that_fit.get(key, rows + 1))
        )


def _inputs(unet: Any, key: BatchKey, rows: list[ForwardRow], tokens: int) -> ForwardInputs:
    # cross-attention sees frames as a batch, so every frame gets its row's text
    text = torch.cat([repeated_to(row.text, tokens).expand(key.frames, -1, -1) for row in rows])
    sample = torch.cat([row.sample for row in rows]).to(unet.dtype)
    cached = [row.features for row in rows if row.features is not None]
    # laid out as what is compiled was: other strides would be another shape to torch
    features = torch.cat(cached).contiguous() if cached else None
    return ForwardInputs(sample, torch.cat([row.timestep for row in rows]), text, features)


def rows_of(render: ClipRender) -> Iterator[ForwardRow]:
    """The rows of a prepared render: all windows with the negative prompt first, as in diffusers'
    pipeline."""
    state = _prepared(render)
    timestep = state.timesteps[state.step_index]
    # a no-op for DDIM and LCM, kept because other schedulers need it
    sample = state.scheduler.scale_model_input(state.latents, timestep)
    on_device = state.timesteps_on_device[state.step_index : state.step_index + 1]
    # after the guidance cutoff only the last text, the prompt itself, is left
    texts = state.embeddings[-render.texts :]
    features = (
        state.cached_features[-render.texts :]
        if render.uses_cached_features
        else (None,) * render.texts
    )
    parts = parts_of(sample, render.windows)
    return (
        ForwardRow(part, on_device, part_of_text, kept)
        for text, kept in zip(texts, features, strict=True)
        for part, part_of_text in zip(parts, texts_of(text, render.windows), strict=True)
    )


def take_step(render: ClipRender, noise: Tensor, *, keep_preview: bool) -> None:
    """The scheduler's step with the predicted noise.

    keep_preview: whether to keep the scheduler's estimate of the clean latents, for preview frames.
    """
    state = _prepared(render)
    taken = _turbo_step(state, noise) if render.is_turbo else _standard_step(state, noise)
    state.latents = taken.latents
    state.step_index += 1
    _pin(state)
    # features are large: freed with the last step, not with the render
    state.cached_features = () if state.is_over else state.cached_features
    if keep_preview:
        render.preview_latents = taken.clean


def _pin(state: DenoisingState) -> None:
    """The first frame stays the picture that the clip begins with."""
    picture = state.pinned
    if picture is None:
        return
    first = picture.latents
    if not state.is_over:
        at = state.scheduler.timesteps[state.step_index : state.step_index + 1]
        first = state.scheduler.add_noise(picture.latents, picture.noise, at)
    state.latents[:, :, :1] = first


def _standard_step(state: DenoisingState, noise: Tensor) -> Step:
    taken = state.scheduler.step(noise, state.timesteps[state.step_index], state.latents)
    return Step(taken.prev_sample, taken.pred_original_sample)


def _turbo_step(state: DenoisingState, noise: Tensor) -> Step:
    # taken out, so that its memory is free after the step
    drawn = state.fresh_noise.pop(0) if state.fresh_noise else None
    fresh = None if drawn is None else drawn.to(noise.device, non_blocking=True)
    return lcm_step(state.scheduler, state.step_index, noise, state.latents, fresh)


def _prepared(render: ClipRender) -> DenoisingState:
    if render.denoising is None:
        raise ValueError("this render has not been prepared")
    return render.denoising


def _guided(render: ClipRender, predicted: list[PredictedRow]) -> Tensor:
    """Classifier-free guidance; keeps the rows' features with the render that reuses them."""
    if render.windows.is_whole:
        features = tuple(row.features for row in predicted if row.features is not None)
        _prepared(render).cached_features = features
    count = len(render.windows.starts)
    noises = [
        fused([row.noise for row in predicted[at : at + count]], render.windows)
        for at in range(0, len(predicted), count)
    ]
    # with one text both are the same
    first, last = noises[0], noises[-1]
    return first + render.request.guidance_scale * (last - first) if render.is_guided else first


def _common_tokens(rows: list[ForwardRow]) -> int:
    return math.lcm(*(row.text.shape[1] for row in rows))


def _slices(rows: list[ForwardRow], at_once: int) -> Iterator[list[ForwardRow]]:
    """Parts of at most `at_once` rows; rows whose texts have only a very long common length go
    alone."""
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        if _common_tokens(part) <= SHARED_CHUNKS_AT_MOST * CHUNK_TOKENS:
            yield part
        else:
            yield from ([row] for row in part)
