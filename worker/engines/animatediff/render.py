"""The state of one clip: all that the engine keeps of a request, so that dropping it cancels it.

Needs no torch: tensors are only held here, not computed.
"""

from dataclasses import dataclass
from typing import Any

from generation.protocol.extensions.windows import windows_for
from generation.protocol.inputs.steps import steps_taken
from generation.protocol.request import Endpoint, GenerationRequest
from worker.engines.animatediff.batch_key import BatchKey, uses_guidance
from worker.engines.animatediff.shortcuts import (
    CACHED_STEP_WORK,
    NO_SHORTCUTS,
    Shortcuts,
    shortcuts_for,
)

Tensor = Any


@dataclass(frozen=True, slots=True)
class PinnedPicture:
    """The picture that a clip begins with, and the noise that it has at each step: (1, 4, 1,
    height / 8, width / 8), float32."""

    latents: Tensor
    noise: Tensor


@dataclass(slots=True)
class DenoisingState:
    """The first and longer part: noise becomes latents, a timestep at a time.

    fresh_noise: what turbo adds after each of its next steps, like the latents, in main memory.
    latents: (1, 4, frames, height / 8, width / 8), float32.
    embeddings: one for each row, (1, tokens, width); the negative prompt's first.
    cached_features: for each row the deep layers' features of its last full step, (frames,
        channels, h, w); empty where no later step reuses them.
    """

    scheduler: Any
    fresh_noise: list[Tensor]
    latents: Tensor
    embeddings: tuple[Tensor, ...]
    timesteps: list[int]
    timesteps_on_device: Tensor
    step_index: int = 0
    pinned: PinnedPicture | None = None
    cached_features: tuple[Tensor, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether every timestep is done."""
        return self.step_index == len(self.timesteps)


@dataclass(slots=True)
class DecodingState:
    """The second part: latents become pixels, some frames at a time.

    latents: (frames, 4, height / 8, width / 8).
    pixels: (frames, height, width, 3), uint8, in main memory.
    finite: (frames,), bool, in main memory: whether the decoder gave numbers and no NaN; it arrives
        with the pixels.
    in_float32: whether the decoder computes in float32, for every frame.
    begun, done: the device's marks around what has been launched; on CUDA, events on the decoder's
        stream.
    """

    latents: Tensor
    pixels: Tensor
    finite: Tensor
    in_float32: bool = False
    frames_launched: int = 0
    begun: Any = None
    done: Any = None

    @property
    def is_launched(self) -> bool:
        """Whether every frame has been given to the device."""
        return self.frames_launched == len(self.pixels)

    @property
    def has_arrived(self) -> bool:
        """Whether every frame is in main memory."""
        # off CUDA the mark is a number: a launched frame has arrived
        return self.is_launched and (not hasattr(self.done, "query") or bool(self.done.query()))

    @property
    def is_finite(self) -> bool:
        """Whether every frame that has arrived is a picture."""
        return bool(self.finite.all())

    def wait(self) -> None:
        """Wait for the last of the frames that were launched."""
        if hasattr(self.done, "synchronize"):
            self.done.synchronize()


class ClipRender:
    """A :class:`worker.engine.Render`: it computes nothing and holds no device memory before its
    first batch.

    Decoding belongs to the last step: `steps_done` reaches `total_steps` when the frames are there.
    """

    def __init__(
        self,
        request: GenerationRequest,
        *,
        text_chunks: int,
        batch_number: int,
        shortcuts: Shortcuts = NO_SHORTCUTS,
        given: Any = None,
    ) -> None:
        """`text_chunks`: the common length of its rows' texts, in chunks of 77 tokens.
        `batch_number`: how many batches the engine had run when the render began.
        `given`: what the clip starts from: (1 or frames, height, width, 3), uint8."""
        self.request = request
        self.shortcuts = shortcuts_for(request, shortcuts)
        self.key = BatchKey.of(request)
        self.windows = windows_for(request)
        self.text_chunks = text_chunks
        self.given = given
        self.last_batch = batch_number
        self.denoising: DenoisingState | None = None
        self.decoding: DecodingState | None = None
        self.preview_latents: Tensor | None = None
        self._finished = False

    @property
    def total_steps(self) -> int:
        """The steps that the request takes."""
        return steps_taken(self.request)

    @property
    def steps_done(self) -> int:
        """Steps finished; the last one only when the frames are there."""
        if self._finished:
            return self.total_steps
        # denoised, but not decoded: not finished yet
        return min(self._step_index, self.total_steps - 1)

    @property
    def is_turbo(self) -> bool:
        """Whether it takes turbo's steps."""
        return self.key.endpoint is Endpoint.TURBO

    @property
    def is_guided(self) -> bool:
        """Whether the next step has a row for the negative prompt."""
        is_before_cutoff = self.shortcuts.is_guided(self._step_index, self.total_steps)
        return uses_guidance(self.request) and is_before_cutoff

    @property
    def uses_cached_features(self) -> bool:
        """Whether the next step reuses the deep layers' features of an earlier one."""
        return self.shortcuts.uses_cached_features(self._step_index)

    @property
    def texts(self) -> int:
        """How many texts its next step reads: with guidance the negative prompt too."""
        return 2 if self.is_guided else 1

    @property
    def rows(self) -> int:
        """Rows that its next step adds to a forward: one for each text and window."""
        return self.texts * len(self.windows.starts)

    @property
    def step_work(self) -> float:
        """What its next step costs, in latent pixels."""
        part = CACHED_STEP_WORK if self.uses_cached_features else 1.0
        return self.key.row_work * self.rows * part

    @property
    def is_denoising(self) -> bool:
        """Whether its next batch is a timestep, not decoding."""
        return self.decoding is None

    @property
    def awaits_pixels(self) -> bool:
        """Whether all is launched and only the last pixels are still on their way."""
        return self.decoding is not None and self.decoding.is_launched

    @property
    def work_left(self) -> float:
        """What it still costs, in latent pixels."""
        if self.decoding is not None:
            left = 1 - self.decoding.frames_launched / self.windows.frames
            return self.decode_work * left
        rows = self.shortcuts.rows_left(self.request, self._step_index)
        return self.key.row_work * rows + self.decode_work

    @property
    def decode_work(self) -> float:
        """What decoding the whole clip costs, in latent pixels."""
        return self.key.frame_decode_work * self.windows.frames

    @property
    def _step_index(self) -> int:
        # finish() drops the denoising state, which held the index
        if self.decoding is not None or self._finished:
            return self.total_steps
        return 0 if self.denoising is None else self.denoising.step_index

    def finish(self) -> None:
        """Mark the frames as arrived and free the latents."""
        # the pixels stay until the loop fetches them
        self._finished = True
        self.denoising = self.preview_latents = None
