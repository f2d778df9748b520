"""Latents into pixels, some frames at a time; on CUDA on its own stream, beside the next render's
steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
import torch

from worker.engine import NonFiniteLatents
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.memory.estimates import frames_decoded_at_once
from worker.engines.animatediff.render import ClipRender, DecodingState

log = structlog.get_logger("flipbook.engine")

SMALLER: Final = (16, 4, 1)
"""Frames decoded at once after memory ran out: the next smaller number is tried."""
Tensor = Any


class Decoder:
    """Decodes with one autoencoder, the base's or TAESD."""

    def __init__(
        self, vae: Any, device: Device, *, at_once: int | None = None, overlap: bool = True
    ) -> None:
        """`at_once`: frames to decode together; None decides by memory. `overlap`: whether to use
        its own CUDA stream."""
        self._vae = vae
        self._device = device
        self._at_once = at_once
        self._frames_that_fit: dict[BatchKey, int] = {}
        self._stream = torch.cuda.Stream(device.name) if device.is_cuda and overlap else None

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
            raise NonFiniteLatents(
                "The picture fell apart while it was being drawn: its numbers overflowed. "
                "Try another seed."
            )
        # latents are scaled for the UNet; frames become the decoder's batch
        scaled = 1 / self._vae.config.scaling_factor * latents[0].transpose(0, 1)
        size = (render.key.frames, render.key.height, render.key.width, 3)
        # only pinned memory is copied to while the device goes on working
        pixels = torch.empty(size, dtype=torch.uint8, pin_memory=self._device.is_cuda)
        render.decoding = DecodingState(scaled.to(self._vae.dtype), pixels)

    def advance(self, render: ClipRender) -> None:
        """Decode the next frames. When memory runs out, free it and try fewer, down to one."""
        state, at_once = render.decoding, self._frames_at_once(render.key)
        if state is None:
            raise ValueError("this render is not being decoded")
        try:
            self._decode(state, at_once)
        except Exception as error:
            if not is_out_of_memory(error) or at_once == 1:
                raise
        else:
            return
        # after the except block: there the error still holds the failed forward's tensors
        free_device_memory()
        fewer = next(n for n in SMALLER if n < at_once)
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
        end = min(start + at_once, len(state.pixels))
        part, target = state.latents[start:end], state.pixels[start:end]
        with self._on_own_stream(part):
            begun = self._device.mark()
            target.copy_(
                _to_pixels(self._vae.decode(part).sample), non_blocking=self._device.is_cuda
            )
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
