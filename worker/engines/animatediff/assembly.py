"""Builds a working engine from loaded models: places them on the device and wires up the parts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog
import torch

from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint, Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.admission import Admission
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.batching.runner import BatchRunner
from worker.engines.animatediff.compile.backend import torch_compiler
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.decode.decoder import Decoder
from worker.engines.animatediff.denoise.denoiser import Denoiser
from worker.engines.animatediff.denoise.motions import MotionLora, MotionMerger, weights_changed
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.durations import StepDurations
from worker.engines.animatediff.memory.residency import ResidentUNets, weights_bytes
from worker.engines.animatediff.memory.room import CONTEXT_BYTES, room_for_work
from worker.engines.animatediff.models.load import LoadedModels
from worker.engines.animatediff.options import Compile, EngineOptions, ForwardShape
from worker.engines.animatediff.prompts.embeddings import TextEmbedder

if TYPE_CHECKING:
    from worker.engines.animatediff.models.safety import SafetyChecker

log = structlog.get_logger("flipbook.engine")

WARM_UP_SHAPE: Final = ForwardShape(Endpoint.STANDARD, rows=1, frames=2, width=64, height=64)
"""What speed is measured with before the first clip: under a second even on a CPU with two cores
(by its FLOPs)."""


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What a loaded engine is made of; `text_width` is the length of one token's embedding."""

    runner: BatchRunner
    admission: Admission
    text_width: int
    safety_checker: "SafetyChecker | None"


def assemble(
    loaded: LoadedModels,
    device: Device,
    options: EngineOptions,
    *,
    deterministic: bool,
    durations: StepDurations,
) -> EngineParts:
    """Place the models on the device and build what works with them."""
    if device.is_cuda:
        _set_up_cuda(deterministic=deterministic)
        device.describe(device.dtype(options.dtype))
    embedder = TextEmbedder(loaded.tokenizer, loaded.text_encoder, clip_skip=options.clip_skip)
    unets = _resident_unets(loaded, device, options)
    denoiser = Denoiser(
        _compiled_forwards(device, options, tuple(loaded.unets), deterministic=deterministic),
        unets.make_room,
        keeps_features=options.shortcuts.cache_interval > 1,
    )
    runner = BatchRunner(
        device=device,
        embedder=embedder,
        unets=unets,
        denoiser=denoiser,
        decoder=_decoder(loaded, device, options, unets),
        durations=durations,
        # the number of rows changes the rounding: equal bytes need one render in each forward
        rows_at_most=0 if deterministic else options.rows_at_most,
        work_at_most=options.shared_work_at_most,
        itemsize=device.dtype(options.dtype).itemsize,
        shortcuts=options.shortcuts,
        # a preview would show what the checker has not seen
        keep_previews=options.looks and loaded.safety_checker is None,
    )
    admission = _admission(loaded, runner)
    text_width = int(loaded.text_encoder.config.hidden_size)
    return EngineParts(runner, admission, text_width, loaded.safety_checker)


def warm_up(parts: EngineParts) -> float:
    """Run one small forward twice, text encoder and decoder once; returns the forward's second
    run's seconds per unit of work.

    First calls are slow (kernels are picked, memory is reserved), so they happen here and not in
    the first clip. Models that do not work at all fail here too.
    """
    runner = parts.runner
    # whichever endpoint there is: a wrong file may have left one out
    shape = replace(WARM_UP_SHAPE, endpoint=runner.unets.endpoints[0])
    unet = runner.unets.use(shape.endpoint)
    inputs = ForwardInputs.of_shape(shape, unet, text_width=parts.text_width)
    with torch.inference_mode():
        inputs.run(unet)
        # the text that most clips share: their negative prompt
        runner.embedder.embed(DEFAULT_NEGATIVE_PROMPT)
        runner.decoder.warm_up()
        begun = runner.device.mark()
        inputs.run(unet)
        ended = runner.device.mark()
    runner.device.synchronize()
    # only the second run counts: the first one picks kernels
    key = BatchKey(shape.endpoint, shape.width, shape.height, shape.frames, frozenset())
    return runner.device.seconds_between(begun, ended) / key.row_work


def _admission(loaded: LoadedModels, runner: BatchRunner) -> Admission:
    longest = min(int(unet.config.motion_max_seq_length) for unet in loaded.unets.values())
    return Admission(
        embedder=runner.embedder,
        endpoints=tuple(loaded.unets),
        motions=runner.unets.offered_motions,
        frames_at_most=longest,
        room=_room(loaded, runner),
        itemsize=runner.itemsize,
        decoder_itemsize=loaded.vae.dtype.itemsize,
    )


def _room(loaded: LoadedModels, runner: BatchRunner) -> int:
    """What is left for work once the models are placed; the idle UNet can be moved away."""
    checker = loaded.safety_checker
    always = [loaded.vae, loaded.text_encoder, *([] if checker is None else [checker.checker])]
    weights = runner.unets.largest_bytes + sum(map(weights_bytes, always))
    device = runner.device
    # the context is among what torch does not hold, and room_for_work sets it aside
    others = max(0, device.others_bytes() - CONTEXT_BYTES)
    return room_for_work(device.total_bytes(), weights=weights, others=others)


def _decoder(
    loaded: LoadedModels, device: Device, options: EngineOptions, unets: ResidentUNets
) -> Decoder:
    at_once, overlap = options.frames_decoded_at_once, options.overlap_decode
    return Decoder(loaded.vae, device, make_room=unets.make_room, at_once=at_once, overlap=overlap)


def _resident_unets(loaded: LoadedModels, device: Device, options: EngineOptions) -> ResidentUNets:
    # read once, merged into either UNet: both endpoints share the motions
    loras = _fitting_loras(loaded)
    mergers = {
        endpoint: MotionMerger(unet, loras, strength=options.motion_strength)
        for endpoint, unet in loaded.unets.items()
    }
    return ResidentUNets(loaded.unets, mergers, device, options.residency)


def _fitting_loras(loaded: LoadedModels) -> dict[Motion, MotionLora]:
    """The camera motions that fit every UNet; one that does not is left out, and logged."""
    fitting: dict[Motion, MotionLora] = {}
    for motion, path in loaded.motion_loras.items():
        try:
            lora = MotionLora.load(path)
            for unet in loaded.unets.values():
                weights_changed(unet, {motion: lora})
        except EngineUnavailable as error:
            log.warning("a camera motion is left out", motion=motion.value, why=str(error))
        else:
            fitting[motion] = lora
    return fitting


def _compiled_forwards(
    device: Device,
    options: EngineOptions,
    endpoints: Collection[Endpoint],
    *,
    deterministic: bool,
) -> CompiledForwards:
    asked = options.compile
    if deterministic or asked is Compile.OFF or (asked is Compile.AUTO and not device.is_cuda):
        return CompiledForwards(None)
    compiler = torch_compiler(options.compile_backend, cuda_graphs=options.cuda_graphs)
    # steps that keep or reuse features never run compiled: see Denoiser
    caching = options.shortcuts.cache_interval > 1
    shapes = [
        shape
        for shape in options.shapes
        if shape.endpoint in endpoints and not (caching and shape.endpoint is Endpoint.STANDARD)
    ]
    return CompiledForwards(compiler, shapes, options.compile_cache)


def _set_up_cuda(*, deterministic: bool) -> None:
    """Fast convolutions and TF32 products, or the same result every time."""
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cuda.matmul.allow_tf32 = not deterministic
    torch.backends.cudnn.allow_tf32 = not deterministic
