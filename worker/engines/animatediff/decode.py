"""Latents into pixels, some frames at a time; on CUDA on a stream of its own beside the next render's steps."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch

from worker.engine import NonFiniteLatents
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.failures import free_device_memory, is_out_of_memory
from worker.engines.animatediff.memory import frames_decoded_at_once
from worker.engines.animatediff.render import ClipRender, Decoding
from worker.engines.animatediff.sharing import GroupKey

log = logging.getLogger(__name__)

SMALLER: Final = (16, 4, 1)
"""Frames decoded at once when memory runs out: the next smaller number is tried."""
Tensor = Any


class Decoder:
    """Decodes with one autoencoder, the base's or TAESD."""

    def __init__(self, vae: Any, device: Device, *, at_once: int | None = None, overlap: bool = True) -> None:
        self._vae = vae
        self._device = device
        self._at_once = at_once
        self._that_fit: dict[GroupKey, int] = {}
        self._stream = torch.cuda.Stream(device.name) if device.is_cuda and overlap else None

    def begin(self, render: ClipRender) -> None:
        """Turn a denoised render into one that is being decoded.

        Raises:
            NonFiniteLatents: the denoiser's numbers ran away; they would decode to a black clip without an error.
        """
        if render.denoising is None:
            raise ValueError("this render was never denoised")
        latents = render.denoising.latents
        if not bool(torch.isfinite(latents).all()):
            raise NonFiniteLatents("The picture fell apart while it was drawn: its numbers ran away. Try another seed.")
        scaled = 1 / self._vae.config.scaling_factor * latents[0].transpose(0, 1)
        size = (render.key.frames, render.key.height, render.key.width, 3)
        pixels = torch.empty(size, dtype=torch.uint8, pin_memory=self._device.is_cuda)
        render.decoding = Decoding(scaled.to(self._vae.dtype), pixels)

    def advance(self, render: ClipRender) -> None:
        """Decode the next frames. When memory runs out it is freed and fewer frames are tried, down to one."""
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
        free_device_memory()
        self._that_fit[render.key] = next(n for n in SMALLER if n < at_once)
        log.warning("Memory ran out decoding %d frames at once; trying %d.", at_once, self._that_fit[render.key])
        self.advance(render)

    def _frames_at_once(self, key: GroupKey) -> int:
        if key in self._that_fit:
            return self._that_fit[key]
        return self._at_once or frames_decoded_at_once(self._device, key, bytes_each=self._vae.dtype.itemsize)

    def _decode(self, state: Decoding, at_once: int) -> None:
        end = min(state.position + at_once, len(state.pixels))
        part, target = state.latents[state.position : end], state.pixels[state.position : end]
        with self._beside(part):
            begun = self._device.now()
            target.copy_(_to_pixels(self._vae.decode(part).sample), non_blocking=self._device.is_cuda)
            state.done = self._device.now()
        state.begun = begun if state.begun is None else state.begun
        state.position = end

    @contextmanager
    def _beside(self, part: Tensor) -> Iterator[None]:
        """Launch on the decoder's own stream, where it has one, after everything launched so far."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._device.name))
        part.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            yield


def _to_pixels(decoded: Tensor) -> Tensor:
    """(frames, 3, height, width) around −1…1 to (frames, height, width, 3) in 0…255."""
    unit = (decoded.float() * 0.5 + 0.5).clamp(0, 1)
    return (unit * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
