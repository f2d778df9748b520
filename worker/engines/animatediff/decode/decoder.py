"""Latents into pixels, some frames at a time; on CUDA on its own stream, beside the next render's
steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
import torch

from generation.protocol.request import Endpoint
from worker.engine import NonFiniteLatents
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.programs import Functions
from worker.engines.animatediff.compile.shapes import DecodeShape, dtype_name
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.memory.estimates import frames_decoded_at_once
from worker.engines.animatediff.render import ClipRender, DecodingState

log = structlog.get_logger("flipbook.engine")

BATCHES: Final = (16, 8, 4, 2, 1)
"""How many frames are decoded at once: the most that fit. Few numbers, because each is a shape of
its own to a compiler; after memory ran out the next smaller one is tried."""
FELL_APART: Final = (
    "The picture fell apart while it was being drawn: its numbers overflowed. Try another seed."
)
Tensor = Any


class Decoder:
    """Decodes with one autoencoder, the base's or TAESD."""

    def __init__(
        self,
        vae: Any,
        device: Device,
        *,
        compiled: CompiledForwards,
        functions: Functions,
        make_room: Callable[[Endpoint], bool],
        at_once: int | None = None,
        overlap: bool = True,
    ) -> None:
        """`compiled`, `functions`: what of the autoencoder is run, eagerly or compiled.
        `make_room`: asked when memory ran out; whether it has freed something. `at_once`: frames
        to decode together; None decides by memory. `overlap`: whether to use its own CUDA
        stream."""
        self._compiled = compiled
        self._functions = functions
        self._make_room = make_room
        self._vae = vae
        self._device = device
        self._at_once = at_once
        self._frames_that_fit: dict[BatchKey, int] = {}
        self._stream = torch.cuda.Stream(device.name) if device.is_cuda and overlap else None

    @property
    def vae(self) -> Any:
        """The autoencoder that it decodes with; its other half encodes what clips start from."""
        return self._vae

    def warm_up(self) -> None:
        """Decode one small frame, because first calls are slow."""
        device, dtype = self._vae.device, self._vae.dtype
        self._vae.decode(torch.zeros(1, 4, 8, 8, device=device, dtype=dtype))

    def begin(self, render: ClipRender) -> None:
        """Turn a denoised render into one that is being decoded.

        Raises:
            NonFiniteLatents: the latents hold NaN or infinity, which would decode to a black clip
                without an error.
        """
        if render.denoising is None:
            raise ValueError("this render was never denoised")
        latents = render.denoising.latents
        if not bool(torch.isfinite(latents).all()):
            log.warning(
                "a clip's latents overflowed; with the option dtype bfloat16 they would not"
            )
            raise NonFiniteLatents(FELL_APART)
        # latents are scaled for the UNet; frames become the decoder's batch
        scaled = 1 / self._vae.config.scaling_factor * latents[0].transpose(0, 1)
        size = (len(scaled), render.key.height, render.key.width, 3)
        # only pinned memory is copied to while the device goes on working
        pinned = self._device.is_cuda
        pixels = torch.empty(size, dtype=torch.uint8, pin_memory=pinned)
        finite = torch.empty(size[0], dtype=torch.bool, pin_memory=pinned)
        exact = self._vae.dtype is torch.float32
        render.decoding = DecodingState(scaled, pixels, finite, in_float32=exact)

    def repair(self, render: ClipRender) -> None:
        """Begin again, in float32, with a render that was decoded to something that is no picture;
        every later render is decoded in float32 too.

        Raises:
            NonFiniteLatents: it was decoded in float32 already.
            torch.OutOfMemoryError: the decoder has no room in float32, and stays what it was.
        """
        state = render.decoding
        if state is None or state.in_float32:
            raise NonFiniteLatents(FELL_APART)
        if self._vae.dtype is not torch.float32:
            log.warning("the decoder overflows in half precision; it goes on in float32")
            # frames of another clip may still be read from the weights that this frees
            self._device.synchronize()
            self._to_float32()
        render.decoding = DecodingState(state.latents, state.pixels, state.finite, in_float32=True)

    def _to_float32(self) -> None:
        half = self._vae.dtype
        try:
            self._vae.to(torch.float32)
        except Exception:
            # weights of two kinds could decode no other clip either
            self._vae.to(half)
            raise

    def advance(self, render: ClipRender) -> None:
        """Decode the next frames. When memory runs out, free it and try fewer, down to one."""
        state, at_once = render.decoding, self._frames_at_once(render.key)
        if state is None:
            raise ValueError("this render is not being decoded")
        try:
            self._decode(state, at_once)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            freed = self._make_room(render.key.endpoint)
            if at_once == 1 and not freed:
                raise
        else:
            return
        # after the except block: there the error still holds the failed forward's tensors
        free_device_memory()
        if not freed:
            fewer = next(n for n in BATCHES if n < at_once)
            self._frames_that_fit[render.key] = fewer
            log.warning("memory ran out while decoding", frames=at_once, frames_from_now_on=fewer)
        self.advance(render)

    def _frames_at_once(self, key: BatchKey) -> int:
        # what memory has taught wins over options and estimates
        if key in self._frames_that_fit:
            return self._frames_that_fit[key]
        return self._at_once or frames_decoded_at_once(
            self._device, key, itemsize=self._vae.dtype.itemsize
        )

    def _decode(self, state: DecodingState, at_once: int) -> None:
        start = state.frames_launched
        # only launched here: on CUDA the pixels arrive later
        left = len(state.pixels) - start
        end = start + next(n for n in BATCHES if n <= min(at_once, left))
        # laid out as what is compiled was: other strides would be another shape to torch
        part = state.latents[start:end].to(self._vae.dtype).contiguous()
        _, height, width, _ = state.pixels.shape
        shape = DecodeShape(len(part), width, height, dtype_name(self._vae.dtype))
        decode = self._compiled.forward(self._functions.decoding(self._vae), shape)
        with self._on_own_stream(part):
            begun = self._device.mark()
            decoded, apart = decode(part), self._device.is_cuda
            # a NaN becomes a black pixel; reading the answer here would wait for the device
            finite = torch.isfinite(decoded).flatten(1).all(dim=1)
            state.finite[start:end].copy_(finite, non_blocking=apart)
            state.pixels[start:end].copy_(_to_pixels(decoded), non_blocking=apart)
            state.done = self._device.mark()
        # begun and done span all launches of the clip: its whole decoding is measured
        state.begun = begun if state.begun is None else state.begun
        state.frames_launched = end

    @contextmanager
    def _on_own_stream(self, part: Tensor) -> Iterator[None]:
        """Launch on the decoder's own stream, where it has one, after all that is launched."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._device.name))
        # without this torch could reuse the latents' memory while the stream still reads them
        part.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            yield


def _to_pixels(decoded: Tensor) -> Tensor:
    """(frames, 3, height, width) around −1…1 to (frames, height, width, 3) in 0…255."""
    unit = (decoded.float() * 0.5 + 0.5).clamp(0, 1)
    return (unit * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
