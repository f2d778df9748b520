"""Builds a working engine from loaded models: places them on the device and wires up the parts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from generation.protocol.request import Endpoint
from worker.engines.animatediff.admission import Admission
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.batching.runner import BatchRunner
from worker.engines.animatediff.compile.backend import torch_compiler
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.decode.decoder import Decoder
from worker.engines.animatediff.denoise.denoiser import Denoiser
from worker.engines.animatediff.denoise.motions import MotionLora, MotionMerger
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.durations import StepDurations
from worker.engines.animatediff.memory.residency import ResidentUNets
from worker.engines.animatediff.models.load import LoadedModels
from worker.engines.animatediff.options import Compile, EngineOptions, ForwardShape
from worker.engines.animatediff.prompts.embeddings import TextEmbedder

if TYPE_CHECKING:
    from worker.engines.animatediff.models.safety import SafetyChecker

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
    embedder = TextEmbedder(loaded.tokenizer, loaded.text_encoder)
    denoiser = Denoiser(
        _compiled_forwards(device, options, deterministic=deterministic),
        keeps_features=options.shortcuts.cache_interval > 1,
    )
    runner = BatchRunner(
        device=device,
        embedder=embedder,
        unets=_resident_unets(loaded, device, options),
        denoiser=denoiser,
        decoder=_decoder(loaded, device, options),
        durations=durations,
        # the number of rows changes the rounding: equal bytes need one render in each forward
        rows_at_most=0 if deterministic else options.rows_at_most,
        work_at_most=options.shared_work_at_most,
        itemsize=device.dtype(options.dtype).itemsize,
        shortcuts=options.shortcuts,
        # a preview would show what the checker has not seen
        keep_previews=options.looks and loaded.safety_checker is None,
    )
    admission = _admission(loaded, device, embedder, itemsize=runner.itemsize)
    text_width = int(loaded.text_encoder.config.hidden_size)
    return EngineParts(runner, admission, text_width, loaded.safety_checker)


def warm_up(parts: EngineParts) -> float:
    """Run one small forward twice; returns the second run's seconds per unit of work.

    First calls are slow (kernels are picked, memory is reserved), so they happen here and not in
    the first clip. Models that do not work at all fail here too.
    """
    runner = parts.runner
    unet = runner.unets.use(WARM_UP_SHAPE.endpoint)
    inputs = ForwardInputs.of_shape(WARM_UP_SHAPE, unet, text_width=parts.text_width)
    with torch.inference_mode():
        inputs.run(unet)
        begun = runner.device.mark()
        inputs.run(unet)
        ended = runner.device.mark()
    runner.device.synchronize()
    # only the second run counts: the first one picks kernels
    shape = WARM_UP_SHAPE
    key = BatchKey(shape.endpoint, shape.width, shape.height, shape.frames, frozenset())
    return runner.device.seconds_between(begun, ended) / key.row_work


def _admission(
    loaded: LoadedModels, device: Device, embedder: TextEmbedder, *, itemsize: int
) -> Admission:
    longest = min(int(unet.config.motion_max_seq_length) for unet in loaded.unets.values())
    return Admission(
        device=device,
        embedder=embedder,
        endpoints=tuple(loaded.unets),
        motions=tuple(loaded.motion_loras),
        frames_at_most=longest,
        itemsize=itemsize,
    )


def _decoder(loaded: LoadedModels, device: Device, options: EngineOptions) -> Decoder:
    at_once, overlap = options.frames_decoded_at_once, options.overlap_decode
    return Decoder(loaded.vae, device, at_once=at_once, overlap=overlap)


def _resident_unets(loaded: LoadedModels, device: Device, options: EngineOptions) -> ResidentUNets:
    # read once, merged into either UNet: both endpoints share the motions
    loras = {motion: MotionLora.load(path) for motion, path in loaded.motion_loras.items()}
    mergers = {
        endpoint: MotionMerger(unet, loras, strength=options.motion_strength)
        for endpoint, unet in loaded.unets.items()
    }
    return ResidentUNets(loaded.unets, mergers, device, options.residency)


def _compiled_forwards(
    device: Device, options: EngineOptions, *, deterministic: bool
) -> CompiledForwards:
    asked = options.compile
    if deterministic or asked is Compile.OFF or (asked is Compile.AUTO and not device.is_cuda):
        return CompiledForwards(None)
    compiler = torch_compiler(options.compile_backend, cuda_graphs=options.cuda_graphs)
    # steps that keep or reuse features never run compiled: see Denoiser
    caching = options.shortcuts.cache_interval > 1
    shapes = [
        shape for shape in options.shapes if not (caching and shape.endpoint is Endpoint.STANDARD)
    ]
    return CompiledForwards(compiler, shapes, options.compile_cache)


def _set_up_cuda(*, deterministic: bool) -> None:
    """Fast convolutions and TF32 products, or the same result every time."""
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cuda.matmul.allow_tf32 = not deterministic
    torch.backends.cudnn.allow_tf32 = not deterministic
