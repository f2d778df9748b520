"""Which UNet is on the device: both where memory allows, or one and the other is offloaded."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
import torch

from generation.protocol.request import Endpoint
from worker.engines.animatediff.denoise.motions import MotionMerger
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.options import Residency

log = structlog.get_logger("flipbook.engine")

HEADROOM_BYTES: Final = 4_000_000_000
"""Bytes that must stay free besides both models for the work itself (16 × 512 × 512, guided)."""


class ResidentUNets:
    """The UNets by endpoint, each with its camera motions; :meth:`use` brings one to the device.

    together: whether both stay on the device. swaps: how often one has replaced the other.
    """

    def __init__(
        self,
        unets: Mapping[Endpoint, Any],
        mergers: Mapping[Endpoint, MotionMerger],
        device: Device,
        residency: Residency,
    ) -> None:
        self._unets = unets
        self._mergers = mergers
        self._device = device
        self.swaps = 0
        self.together = self._keep_together(residency)
        self._resident: Endpoint | None = None
        for endpoint in unets if self.together else list(unets)[:1]:
            self._bring(endpoint)

    def use(self, endpoint: Endpoint) -> Any:
        """The endpoint's UNet, on the device."""
        if not self.together and endpoint is not self._resident:
            self._swap(endpoint)
        return self._unets[endpoint]

    def motions(self, endpoint: Endpoint) -> MotionMerger:
        """What merges camera motions into that UNet."""
        return self._mergers[endpoint]

    def is_on_device(self, endpoint: Endpoint) -> bool:
        """Whether that UNet is on the device now."""
        return self.together or endpoint is self._resident

    def _swap(self, endpoint: Endpoint) -> None:
        # None until the swap has worked: after a failure the next call swaps again
        replaced, self._resident = self._resident, None
        # out first, then in: together they may not fit
        for other in [e for e in self._unets if e is not endpoint]:
            self._move(other, "cpu")
        self._bring(endpoint)
        self.swaps += 1
        log.info(
            "swapped models", offloaded=replaced.label if replaced else None, loaded=endpoint.label
        )

    def _bring(self, endpoint: Endpoint) -> None:
        self._move(endpoint, self._device.name)
        self._resident = endpoint

    def _move(self, endpoint: Endpoint, device: str) -> None:
        # weights made in inference mode could never be written to outside it
        with torch.inference_mode(mode=False):
            self._unets[endpoint].to(device, **self._device.layout)
            self._mergers[endpoint].move(device)

    def _keep_together(self, residency: Residency) -> bool:
        if residency is not Residency.AUTO:
            return residency is Residency.TOGETHER
        # on a CPU both are in main memory either way
        if not self._device.is_cuda or len(self._unets) == 1:
            return True
        needed = sum(
            p.numel() * p.element_size() for unet in self._unets.values() for p in unet.parameters()
        )
        fits = bool(needed + HEADROOM_BYTES <= self._device.free_bytes())
        if not fits:
            log.info("both models do not fit on the GPU beside the work; they are swapped")
        return fits
