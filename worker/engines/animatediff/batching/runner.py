"""Runs one batch: picks the renders, runs their step or decodes some frames, and keeps the failure
of one render from the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from worker.engine import DeviceLost, EngineError, OutOfMemory, StepFailure
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.batching.grouping import (
    LONGEST_WAITING_EVERY,
    fill_batch,
    pick_first,
)
from worker.engines.animatediff.decode.decoder import Decoder
from worker.engines.animatediff.denoise.denoiser import Denoiser, take_step
from worker.engines.animatediff.denoise.preparation import prepare
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.durations import StepDurations
from worker.engines.animatediff.failures import free_device_memory, translated
from worker.engines.animatediff.memory.estimates import rows_in_memory
from worker.engines.animatediff.memory.residency import ResidentUNets
from worker.engines.animatediff.prompts.embeddings import TextEmbedder
from worker.engines.animatediff.render import ClipRender, DecodingState
from worker.engines.animatediff.shortcuts import NO_SHORTCUTS, Shortcuts

MERGE_WORK: Final = 16_384.0
"""What changing the camera motions costs, in latent pixels: a quarter of a row of 16 × 512 ×
512."""
SWAP_WORK: Final = 1_000_000.0
"""What swapping the models costs, in latent pixels: about eight guided steps."""
LONGEST_WAITING_EVERY_WHEN_SWAPPING: Final = 64


@dataclass(slots=True)
class BatchRunner:
    """What a batch needs, ready to run.

    rows_at_most, work_at_most: what may share a forward, in rows and in latent pixels; with 0 rows
        every render runs alone.
    itemsize: bytes of one number of the UNet.
    shortcuts: what standard clips leave out.
    keep_previews: whether renders keep the latents of preview frames.
    """

    device: Device
    embedder: TextEmbedder
    unets: ResidentUNets
    denoiser: Denoiser
    decoder: Decoder
    durations: StepDurations
    rows_at_most: int
    work_at_most: int
    itemsize: int
    shortcuts: Shortcuts = NO_SHORTCUTS
    keep_previews: bool = False
    batches_run: int = 0

    def run(self, renders: Sequence[ClipRender]) -> list[StepFailure]:
        """Advance some of the unfinished renders, given oldest first.

        Raises:
            DeviceLost: this process can render nothing any more.
        """
        # decoding ends on its own stream, between two calls
        failures = self._collect(renders)
        if failures:
            return failures
        active = [r for r in renders if r.steps_done < r.total_steps and not r.awaits_pixels]
        if not active:
            return self._await_oldest(renders)
        # only renders that something can be launched for; waiting comes last
        batch = self._next_batch(active)
        self.batches_run += 1
        for render in batch:
            render.last_batch = self.batches_run
        failures = self._denoise(batch) if batch[0].is_denoising else self._decode(batch[0])
        # what fails here is told by the next call: a failed render is collected until it is dropped
        self._collect(renders)
        return failures

    def _next_batch(self, active: Sequence[ClipRender]) -> list[ClipRender]:
        first = pick_first(
            active,
            self.batches_run,
            switch_work=self._switch_work,
            longest_waiting_every=(
                LONGEST_WAITING_EVERY
                if self.unets.together
                else LONGEST_WAITING_EVERY_WHEN_SWAPPING
            ),
        )
        # frames of different clips are decoded apart: their number decides the memory
        if not first.is_denoising:
            return [first]
        return fill_batch(first, active, rows_at_most=self._rows(first, active))

    def _switch_work(self, key: BatchKey) -> float:
        # in units of work, so that switching is weighed against the work that it postpones
        swap = 0.0 if self.unets.is_on_device(key.endpoint) else SWAP_WORK
        return swap if self.unets.motions(key.endpoint).merged == key.motions else swap + MERGE_WORK

    def _rows(self, first: ClipRender, active: Sequence[ClipRender]) -> int:
        """Rows that the forward may have: the smallest of all limits."""
        key = first.key
        # alone no limit matters: the denoiser slices what does not fit
        if len(active) == 1:
            return first.rows
        fitted = self.denoiser.rows_that_fit(key) or self.rows_at_most
        in_memory = rows_in_memory(self.device, key, itemsize=self.itemsize)
        worth_sharing = int(self.work_at_most / key.row_work)
        return min(self.rows_at_most, key.rows_at_most, fitted, in_memory, worth_sharing)

    def _rows_at_once(self, batch: Sequence[ClipRender]) -> int:
        """Rows that a forward may have at once; the denoiser takes the others after them."""
        rows = sum(render.rows for render in batch)
        if all(render.windows.is_whole for render in batch):
            return rows
        # a long clip has more rows than any forward should
        key = batch[0].key
        in_memory = rows_in_memory(self.device, key, itemsize=self.itemsize)
        return max(2, min(rows, in_memory, int(self.work_at_most / key.row_work)))

    def _denoise(self, batch: Sequence[ClipRender]) -> list[StepFailure]:
        """One step of the batch. When it fails together, each render is tried alone, so that only
        the one that causes it fails."""
        try:
            failures = self._step_together(batch)
        except Exception as error:  # noqa: BLE001  (what a render raises is its failure)
            failure = _translated_or_lost(error, doing="drawing a clip")
        else:
            return failures
        if isinstance(failure, OutOfMemory):
            # even single rows did not fit: without the first render the others may
            free_device_memory()
            return [StepFailure(batch[0], failure)]
        if len(batch) == 1:
            return [StepFailure(batch[0], failure)]
        return [single for render in batch for single in self._denoise([render])]

    def _step_together(self, batch: Sequence[ClipRender]) -> list[StepFailure]:
        begun, key = self.device.mark(), batch[0].key
        work = sum(render.step_work for render in batch)
        unet = self.unets.use(key.endpoint)
        self.unets.motions(key.endpoint).set(key.motions)
        # first batch only: until here a render is nothing but its request
        for render in batch:
            prepare(render, self.embedder, self.device, self.decoder.vae)
        noises = self.denoiser.predict(unet, batch, at_most=self._rows_at_once(batch))
        steps = [self._take_step(r, noise) for r, noise in zip(batch, noises, strict=True)]
        self.device.end_step(begun, lambda seconds: self.durations.record_step(work, seconds))
        return [failure for failure in steps if failure is not None]

    def _take_step(self, render: ClipRender, noise: Any) -> StepFailure | None:
        try:
            take_step(render, noise, keep_preview=self.keep_previews)
            # in the same batch, so that latents that ran away are found before decoding
            if render.denoising is not None and render.denoising.is_over:
                self.decoder.begin(render)
        except Exception as error:  # noqa: BLE001  (what a render raises is its failure)
            return StepFailure(render, _translated_or_lost(error, doing="drawing a clip"))
        return None

    def _decode(self, render: ClipRender) -> list[StepFailure]:
        try:
            self.decoder.advance(render)
        except Exception as error:  # noqa: BLE001  (what a render raises is its failure)
            return [StepFailure(render, _translated_or_lost(error, doing="decoding a clip"))]
        return []

    def _collect(self, renders: Sequence[ClipRender]) -> list[StepFailure]:
        """Finish every render whose pixels have arrived; those that are no pictures fail."""
        arrived = [r for r in renders if r.decoding is not None and r.decoding.has_arrived]
        found = (self._finish(r, r.decoding) for r in arrived if r.decoding is not None)
        return [failure for failure in found if failure is not None]

    def _await_oldest(self, renders: Sequence[ClipRender]) -> list[StepFailure]:
        """Wait for the pixels of the oldest render: there is nothing else to do."""
        for render in renders:
            if render.decoding is not None and render.steps_done < render.total_steps:
                render.decoding.wait()
                failure = self._finish(render, render.decoding)
                return [] if failure is None else [failure]
        return []

    def _finish(self, render: ClipRender, decoding: DecodingState) -> StepFailure | None:
        # a finished render keeps its pixels and is collected again until the loop takes it
        if render.steps_done == render.total_steps:
            return None
        if not decoding.is_finite:
            return self._repair(render)
        seconds = self.device.seconds_between(decoding.begun, decoding.done)
        self.durations.record_decode(render.decode_work, seconds)
        render.finish()
        return None

    def _repair(self, render: ClipRender) -> StepFailure | None:
        """Decode it once more, more exactly; a render that is no picture even then fails."""
        try:
            self.decoder.repair(render)
        except Exception as error:  # noqa: BLE001  (what a render raises is its failure)
            return StepFailure(render, _translated_or_lost(error, doing="decoding a clip"))
        return None


def _translated_or_lost(error: Exception, *, doing: str) -> EngineError:
    failure = translated(error, doing=doing)
    # a lost device is no failure of this render: every render ends with the process
    if isinstance(failure, DeviceLost):
        raise failure from error
    return failure
