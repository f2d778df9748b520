"""Which UNet is on the device: both where memory allows, or one and the other is offloaded."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
import torch

from generation.protocol.request import Endpoint, Motion
from worker.engines.animatediff.denoise.motions import MotionMerger
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.memory.room import both_fit
from worker.engines.animatediff.options import Residency

log = structlog.get_logger("flipbook.engine")

QUIET_SECONDS: Final = 600.0
"""How long memory must not have run out before a model that was moved away comes back beside the
other."""


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
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unets = unets
        self._mergers = mergers
        self._device = device
        self._clock = clock
        self._short_at: float | None = None
        self.swaps = 0
        self.together = self._keep_together(residency)
        self._resident: Endpoint | None = None
        for endpoint in unets if self.together else list(unets)[:1]:
            self._bring(endpoint)

    def use(self, endpoint: Endpoint) -> Any:
        """The endpoint's UNet, on the device."""
        if not self.together and endpoint is not self._resident:
            if self._may_stay_together_again():
                self._bring(endpoint)
                self.together = True
            else:
                self._swap(endpoint)
        return self._unets[endpoint]

    def make_room(self, endpoint: Endpoint) -> bool:
        """After memory ran out in work with that endpoint's UNet: move the other one to main
        memory, and swap from now on; False when there is nothing to move.

        It comes back beside the other after :data:`QUIET_SECONDS` in which memory did not run out.
        """
        self._short_at = self._clock()
        # without a GPU both are in main memory either way
        if not self._device.is_cuda or not self.together or len(self._unets) == 1:
            return False
        for other in [e for e in self._unets if e is not endpoint]:
            self._move(other, "cpu")
        self._resident, self.together = endpoint, False
        log.warning("memory ran out; the idle model was moved away", kept=endpoint.label)
        return True

    def motions(self, endpoint: Endpoint) -> MotionMerger:
        """What merges camera motions into that UNet."""
        return self._mergers[endpoint]

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that have a UNet."""
        return tuple(self._unets)

    @property
    def offered_motions(self) -> tuple[Motion, ...]:
        """The camera motions that either UNet can take."""
        return next(iter(self._mergers.values())).offered

    def is_on_device(self, endpoint: Endpoint) -> bool:
        """Whether that UNet is on the device now."""
        return self.together or endpoint is self._resident

    @property
    def largest_bytes(self) -> int:
        """What the larger UNet takes with the copies of its camera motions: one stays on the device
        in any case."""
        return max(
            weights_bytes(self._unets[e]) + self._mergers[e].copied_bytes for e in self._unets
        )

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

    def _may_stay_together_again(self) -> bool:
        if self._short_at is None or self._clock() - self._short_at < QUIET_SECONDS:
            return False
        smallest = min(map(weights_bytes, self._unets.values()))
        # one is on the device already
        return both_fit(self._device.free_bytes(), unets=smallest)

    def _keep_together(self, residency: Residency) -> bool:
        if residency is not Residency.AUTO:
            return residency is Residency.TOGETHER
        # on a CPU both are in main memory either way
        if not self._device.is_cuda or len(self._unets) == 1:
            return True
        needed = sum(map(weights_bytes, self._unets.values()))
        needed += sum(merger.copied_bytes for merger in self._mergers.values())
        fits = both_fit(self._device.free_bytes(), unets=needed)
        if not fits:
            log.info("both models do not fit on the GPU beside the work; they are swapped")
        return fits


def weights_bytes(module: Any) -> int:
    """Bytes of a module's weights."""
    return sum(p.numel() * p.element_size() for p in module.parameters())
