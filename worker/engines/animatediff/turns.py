"""Takes one turn: picks who goes, runs their step or decodes some frames, and keeps one's failure from the others."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from worker.engine import DeviceLost, EngineError, OutOfMemory, StepFailure
from worker.engines.animatediff.decode import Decoder
from worker.engines.animatediff.denoise import Denoiser, advance
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.embeddings import TextEmbedder
from worker.engines.animatediff.failures import free_device_memory, translated
from worker.engines.animatediff.memory import rows_in_memory
from worker.engines.animatediff.render import ClipRender, Decoding
from worker.engines.animatediff.residency import ResidentUNets
from worker.engines.animatediff.sharing import LONGEST_WAITING_EVERY, GroupKey, choose, companions
from worker.engines.animatediff.shortcuts import NONE, Shortcuts
from worker.engines.animatediff.speed import SpeedBook

log = logging.getLogger(__name__)

MERGE_WORK: Final = 16_384.0
"""What changing the camera motions costs, in latent pixels: a quarter of a row of 16 × 512 × 512."""
SWAP_WORK: Final = 1_000_000.0
"""What swapping the models costs: about eight guided steps."""
WAITING_EVERY_WHEN_SWAPPING: Final = 64


@dataclass(slots=True)
class Turns:
    """Everything a turn needs, ready to run.

    rows_at_most, work_at_most: what may share a forward, in rows and in latent pixels; no rows at all lets every
    render run alone. bytes_each: of the UNet's numbers. shortcuts: what standard clips leave out. keep_looks: whether
    renders can be shown while they appear.
    """

    device: Device
    embedder: TextEmbedder
    unets: ResidentUNets
    denoiser: Denoiser
    decoder: Decoder
    book: SpeedBook
    rows_at_most: int
    work_at_most: int
    bytes_each: int
    shortcuts: Shortcuts = NONE
    keep_looks: bool = False
    number: int = 0

    def take(self, renders: Sequence[ClipRender]) -> list[StepFailure]:
        """Advance some of the unfinished renders, given oldest first.

        Raises:
            DeviceLost: nothing can be rendered any more in this process.
        """
        self._collect(renders)
        active = [r for r in renders if r.steps_done < r.total_steps and not r.is_in_flight]
        if not active:
            self._await_first(renders)
            return []
        chosen = self._choose(active)
        group = companions(chosen, active, rows_at_most=self._rows(chosen, active)) if chosen.is_denoising else [chosen]
        self.number += 1
        for render in group:
            render.last_turn = self.number
        failures = self._denoise(group) if chosen.is_denoising else self._decode(chosen)
        self._collect(renders)
        return failures

    def _choose(self, active: Sequence[ClipRender]) -> ClipRender:
        every = LONGEST_WAITING_EVERY if self.unets.together else WAITING_EVERY_WHEN_SWAPPING
        return choose(active, self.number, switch_work=self._switch_work, waiting_every=every)

    def _switch_work(self, key: GroupKey) -> float:
        swap = 0.0 if self.unets.is_here(key.endpoint) else SWAP_WORK
        return swap if self.unets.motions(key.endpoint).merged == key.motions else swap + MERGE_WORK

    def _rows(self, chosen: ClipRender, active: Sequence[ClipRender]) -> int:
        key = chosen.key
        if len(active) == 1:
            return chosen.rows
        fitted = self.denoiser.rows_that_fit(key) or self.rows_at_most
        in_memory = rows_in_memory(self.device, key, bytes_each=self.bytes_each)
        worth_it = int(self.work_at_most / key.row_work)
        return min(self.rows_at_most, key.rows_at_most, fitted, in_memory, worth_it)

    def _denoise(self, group: Sequence[ClipRender]) -> list[StepFailure]:
        """One step of the group; when it fails together, each is tried alone, so that only the guilty one fails."""
        try:
            failures = self._step_together(group)
        except Exception as error:  # noqa: BLE001  (whatever a render's step raises is that render's failure)
            failure = _translated_or_lost(error, doing="drawing a clip")
        else:
            return failures
        if isinstance(failure, OutOfMemory):
            free_device_memory()
            return [StepFailure(group[0], failure)]
        if len(group) == 1:
            return [StepFailure(group[0], failure)]
        return [single for render in group for single in self._denoise([render])]

    def _step_together(self, group: Sequence[ClipRender]) -> list[StepFailure]:
        begun, key, work = self.device.now(), group[0].key, sum(render.step_work for render in group)
        unet = self.unets.use(key.endpoint)
        self.unets.motions(key.endpoint).set(key.motions)
        for render in group:
            render.prepare(self.embedder, self.device.name)
        noises = self.denoiser.predict(unet, group)
        failures = [f for r, noise in zip(group, noises, strict=True) if (f := self._advance(r, noise)) is not None]
        self.device.pace(begun, lambda seconds: self.book.note_step(work, seconds))
        return failures

    def _advance(self, render: ClipRender, noise: object) -> StepFailure | None:
        try:
            advance(render, noise, keep_look=self.keep_looks)
            if render.denoising is not None and render.denoising.is_over:
                self.decoder.begin(render)
        except Exception as error:  # noqa: BLE001  (likewise)
            return StepFailure(render, _translated_or_lost(error, doing="drawing a clip"))
        return None

    def _decode(self, render: ClipRender) -> list[StepFailure]:
        try:
            self.decoder.advance(render)
        except Exception as error:  # noqa: BLE001  (likewise)
            return [StepFailure(render, _translated_or_lost(error, doing="decoding a clip"))]
        return []

    def _collect(self, renders: Sequence[ClipRender]) -> None:
        """Finish every render whose pixels have arrived."""
        for render in renders:
            if render.decoding is not None and render.decoding.has_arrived:
                self._finish(render, render.decoding)

    def _await_first(self, renders: Sequence[ClipRender]) -> None:
        """Wait for the pixels of the oldest render: there is nothing else to do."""
        for render in renders:
            if render.decoding is not None and render.steps_done < render.total_steps:
                render.decoding.wait()
                self._finish(render, render.decoding)
                return

    def _finish(self, render: ClipRender, decoding: Decoding) -> None:
        if render.steps_done < render.total_steps:
            self.book.note_decode(render.key.decode_work, self.device.seconds_between(decoding.begun, decoding.done))
            render.finish()


def _translated_or_lost(error: Exception, *, doing: str) -> EngineError:
    failure = translated(error, doing=doing)
    if isinstance(failure, DeviceLost):
        raise failure from error
    return failure
