"""Which UNet is on the device: both where memory allows, else one, the other waiting in main memory."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import torch

from generation.request import Endpoint
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.motions import MotionMerger
from worker.engines.animatediff.options import Residency

log = logging.getLogger(__name__)

HEADROOM_BYTES: Final = 4_000_000_000
"""What must stay free for the work itself (16 × 512 × 512 with guidance) before both models are kept together."""


class ResidentUNets:
    """The UNets by endpoint, each with its motions; :meth:`use` brings the wanted one to the device."""

    def __init__(
        self, unets: Mapping[Endpoint, Any], mergers: Mapping[Endpoint, MotionMerger], device: Device, wish: Residency
    ) -> None:
        self._unets = unets
        self._mergers = mergers
        self._device = device
        self.swaps = 0
        self.together = self._fit_together(wish)
        self._here: Endpoint | None = None
        for endpoint in unets if self.together else list(unets)[:1]:
            self._bring(endpoint)

    def use(self, endpoint: Endpoint) -> Any:
        """The endpoint's UNet, on the device."""
        if not self.together and endpoint is not self._here:
            self._swap(endpoint)
        return self._unets[endpoint]

    def motions(self, endpoint: Endpoint) -> MotionMerger:
        """What merges camera motions into that UNet."""
        return self._mergers[endpoint]

    def is_here(self, endpoint: Endpoint) -> bool:
        """Whether that UNet is on the device now."""
        return self.together or endpoint is self._here

    def _swap(self, endpoint: Endpoint) -> None:
        leaving, self._here = self._here, None  # None until it has worked: a failure is made good by the next call
        for other in [e for e in self._unets if e is not endpoint]:
            self._move(other, "cpu")
        self._bring(endpoint)
        self.swaps += 1
        log.info("Swapped the %s model for the %s model.", leaving.label if leaving else "other", endpoint.label)

    def _bring(self, endpoint: Endpoint) -> None:
        self._move(endpoint, self._device.name)
        self._here = endpoint

    def _move(self, endpoint: Endpoint, device: str) -> None:
        with torch.inference_mode(mode=False):  # weights made in inference mode could never be written to outside it
            self._unets[endpoint].to(device, **self._device.layout)
            self._mergers[endpoint].move(device)

    def _fit_together(self, wish: Residency) -> bool:
        if wish is not Residency.AUTO:
            return wish is Residency.TOGETHER
        if not self._device.is_cuda or len(self._unets) == 1:
            return True
        needed = sum(p.numel() * p.element_size() for unet in self._unets.values() for p in unet.parameters())
        fits = bool(needed + HEADROOM_BYTES <= self._device.free_bytes())
        if not fits:
            log.info("Both models do not fit on the GPU beside the work; they will be swapped when needed.")
        return fits
