"""One clip on its way: everything the engine knows of a request, so that dropping it is all that cancelling takes."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from generation.request import GenerationRequest
from worker.engines.animatediff.embeddings import TextEmbedder
from worker.engines.animatediff.schedulers import scheduler_for
from worker.engines.animatediff.sharing import GroupKey
from worker.engines.animatediff.shortcuts import NONE, REUSING_WORK, Shortcuts, shortcuts_for

LATENT_CHANNELS = 4

Tensor = Any


@dataclass(slots=True)
class Denoising:
    """The first and longer part: noise becomes latents, a timestep at a time.

    latents: (1, 4, frames, height / 8, width / 8), float32. texts: one embedding for each row, the negative one first.
    deep: for each row what the UNet's deep layers said at its last whole step, where later steps reuse it.
    """

    scheduler: Any
    generator: Any
    latents: Tensor
    texts: tuple[Tensor, ...]
    timesteps: list[int]
    timesteps_on_device: Tensor
    position: int = 0
    deep: tuple[Tensor, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether every timestep is done."""
        return self.position == len(self.timesteps)


@dataclass(slots=True)
class Decoding:
    """The second part: latents become pixels, some frames at a time.

    latents: (frames, 4, height / 8, width / 8). pixels: (frames, height, width, 3), uint8, in main memory.
    begun, done: the device's marks around what has been launched; on CUDA, events on the decoder's stream.
    """

    latents: Tensor
    pixels: Tensor
    position: int = 0
    begun: Any = None
    done: Any = None

    @property
    def is_launched(self) -> bool:
        """Whether every frame has been given to the device."""
        return self.position == len(self.pixels)

    @property
    def has_arrived(self) -> bool:
        """Whether every frame lies in main memory."""
        return self.is_launched and (not hasattr(self.done, "query") or bool(self.done.query()))

    def wait(self) -> None:
        """Wait for the last of the frames that were launched."""
        if hasattr(self.done, "synchronize"):
            self.done.synchronize()


class ClipRender:
    """A :class:`worker.engine.Render`: nothing is computed and no device memory held until its first turn.

    The last of its steps takes in the decoding: `steps_done` reaches `total_steps` when the frames are there.
    """

    def __init__(self, request: GenerationRequest, *, text_chunks: int, turn: int, shortcuts: Shortcuts = NONE) -> None:
        self.request = request
        self.shortcuts = shortcuts_for(request, shortcuts)
        self.key = GroupKey.of(request)
        self.text_chunks = text_chunks
        self.last_turn = turn
        self.denoising: Denoising | None = None
        self.decoding: Decoding | None = None
        self.look: Tensor | None = None
        self._finished = False

    @property
    def total_steps(self) -> int:
        """The steps that were asked for."""
        return self.request.num_inference_steps

    @property
    def steps_done(self) -> int:
        """Steps finished; the last one only when the frames are there."""
        if self._finished:
            return self.total_steps
        return min(self._position, self.total_steps - 1)

    @property
    def wants_guidance(self) -> bool:
        """Whether the negative prompt has any effect: at a guidance of 1 or less it has none."""
        return self.request.guidance_scale > 1

    @property
    def is_guided(self) -> bool:
        """Whether a negative row goes along in the next step."""
        return self.wants_guidance and self.shortcuts.is_guided(self._position, self.total_steps)

    @property
    def is_reusing(self) -> bool:
        """Whether the next step reuses what the deep layers said before."""
        return self.shortcuts.is_reusing(self._position)

    @property
    def rows(self) -> int:
        """Rows it brings to a forward."""
        return 2 if self.is_guided else 1

    @property
    def step_work(self) -> float:
        """What its next step costs, in latent pixels."""
        return self.key.row_work * self.rows * (REUSING_WORK if self.is_reusing else 1.0)

    @property
    def is_denoising(self) -> bool:
        """Whether its next turn is a timestep."""
        return self.decoding is None

    @property
    def is_in_flight(self) -> bool:
        """Whether nothing is left to do but wait for the last pixels."""
        return self.decoding is not None and self.decoding.is_launched

    @property
    def work_left(self) -> float:
        """What it still costs, in latent pixels."""
        if self.decoding is not None:
            left = 1 - self.decoding.position / self.key.frames
            return self.key.decode_work * left
        return self.key.row_work * self.shortcuts.rows_left(self.request, self._position) + self.key.decode_work

    @property
    def _position(self) -> int:
        if self.decoding is not None or self._finished:
            return self.total_steps
        return 0 if self.denoising is None else self.denoising.position

    def prepare(self, embedder: TextEmbedder, device: str) -> Denoising:
        """Read the prompts, draw the noise and set the schedule, unless that is done.

        The noise is drawn in float32 on the CPU: a seed then means the same on every device and in every dtype.
        """
        if self.denoising is None:
            request = self.request
            scheduler = scheduler_for(request.endpoint, request.num_inference_steps)
            generator = torch.Generator("cpu").manual_seed(request.seed)
            shape = (1, LATENT_CHANNELS, self.key.frames, self.key.height // 8, self.key.width // 8)
            prompts = (request.negative_prompt, request.prompt) if self.wants_guidance else (request.prompt,)
            self.denoising = Denoising(
                scheduler=scheduler,
                generator=generator,
                latents=torch.randn(shape, generator=generator).to(device) * scheduler.init_noise_sigma,
                texts=tuple(embedder.embed(prompt) for prompt in prompts),
                timesteps=[int(t) for t in scheduler.timesteps],
                timesteps_on_device=scheduler.timesteps.to(device, torch.float32),
            )
        return self.denoising

    def finish(self) -> None:
        """Say that the frames are there, and let the latents go."""
        self._finished = True
        self.denoising = self.look = None


def text_chunks_of(embedder: TextEmbedder, request: GenerationRequest) -> int:
    """Chunks to which all rows of a request can be laid out."""
    chunks = embedder.chunk_count(request.prompt)
    return math.lcm(chunks, embedder.chunk_count(request.negative_prompt)) if request.guidance_scale > 1 else chunks
