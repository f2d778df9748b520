"""Builds a working engine from loaded models: places them on the device and wires up the parts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
import torch

from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT, Endpoint, Motion
from worker.engine import EngineUnavailable
from worker.engines.animatediff.admission import Admission
from worker.engines.animatediff.batch_key import BatchKey
from worker.engines.animatediff.batching.runner import BatchRunner
from worker.engines.animatediff.compile.backend import torch_compiler
from worker.engines.animatediff.compile.beside import CompileBeside
from worker.engines.animatediff.compile.forwards import CompiledForwards
from worker.engines.animatediff.compile.helper import CompileHelper, CompileOrder
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.compile.programs import Functions, Program
from worker.engines.animatediff.compile.shapes import CompileShape, DecodeShape, dtype_name
from worker.engines.animatediff.decode.decoder import Decoder
from worker.engines.animatediff.denoise.denoiser import Denoiser
from worker.engines.animatediff.denoise.motions import MotionLora, MotionMerger, weights_changed
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.durations import StepDurations
from worker.engines.animatediff.memory.residency import ResidentUNets, weights_bytes
from worker.engines.animatediff.memory.room import (
    CONTEXT_BYTES,
    frame_bytes,
    helper_fits,
    room_for_work,
    row_bytes,
)
from worker.engines.animatediff.models.load import LoadedModels
from worker.engines.animatediff.options import Compile, EngineOptions, ForwardKind, ForwardShape
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

    def program_of(self, shape: CompileShape) -> Program:
        """What is compiled for that shape, over the loaded models, on the device."""
        runner = self.runner
        model = (
            runner.decoder.vae
            if isinstance(shape, DecodeShape)
            else runner.unets.use(shape.endpoint)
        )
        functions = runner.denoiser.functions
        return Program.of(shape, model, functions, text_width=self.text_width)


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
    unets, functions = _resident_unets(loaded, device, options), Functions()
    compiled = _compiled_forwards(loaded, device, options, deterministic=deterministic)

    def make_room(endpoint: Endpoint) -> bool:
        # the compiler's memory first: clips need their models
        return compiled.stop_beside() or unets.make_room(endpoint)

    caching = options.shortcuts.cache_interval > 1
    denoiser = Denoiser(compiled, make_room, functions, keeps_features=caching)
    decoder = Decoder(
        loaded.vae,
        device,
        # graphs belong to one stream, and the decoder has its own
        compiled=CompiledForwards(None) if options.cuda_graphs else compiled,
        functions=functions,
        make_room=make_room,
        at_once=options.frames_decoded_at_once,
        overlap=options.overlap_decode,
    )
    runner = BatchRunner(
        device=device,
        embedder=embedder,
        unets=unets,
        denoiser=denoiser,
        decoder=decoder,
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
    loaded: LoadedModels, device: Device, options: EngineOptions, *, deterministic: bool
) -> CompiledForwards:
    asked = options.compile
    if deterministic or asked is Compile.OFF or (asked is Compile.AUTO and not device.is_cuda):
        return CompiledForwards(None)
    compiler = torch_compiler(options.compile_backend, cuda_graphs=options.cuda_graphs)
    shapes = [s for shape in options.shapes for s in _kinds_of(shape, options)]
    served = [shape for shape in shapes if shape.endpoint in loaded.unets]
    # at the start somebody waits in any case; without a shared folder the helper works for nobody
    cache = options.compile_cache
    alone = asked is Compile.START or cache is None
    beside = None if alone or cache is None else _beside(loaded, device, options, cache)
    return CompiledForwards(compiler, served, cache, beside=beside)


def _kinds_of(shape: ForwardShape, options: EngineOptions) -> Iterator[ForwardShape]:
    """The forwards that clips of that shape take."""
    if shape.endpoint is Endpoint.STANDARD and options.shortcuts.cache_interval > 1:
        yield replace(shape, kind=ForwardKind.KEEPING)
        yield replace(shape, kind=ForwardKind.REUSING)
    else:
        yield shape


def _beside(
    loaded: LoadedModels, device: Device, options: EngineOptions, cache: Path
) -> CompileBeside:
    """What compiles in a process beside the worker, into that folder."""

    def model_of(shape: CompileShape) -> Any:
        return loaded.vae if isinstance(shape, DecodeShape) else loaded.unets[shape.endpoint]

    def order_of(shape: CompileShape) -> CompileOrder:
        model = model_of(shape)
        return CompileOrder(
            shape=shape,
            model=json.loads(model.to_json_string()),
            dtype=dtype_name(model.dtype),
            device=device.name,
            text_width=int(loaded.text_encoder.config.hidden_size),
            backend=options.compile_backend,
            cuda_graphs=options.cuda_graphs,
        )

    def has_room(shape: CompileShape) -> bool:
        model = model_of(shape)
        work = _work_bytes(shape, itemsize=model.dtype.itemsize)
        free = device.free_bytes()
        return not device.is_cuda or helper_fits(free, model=weights_bytes(model), work=work)

    return CompileBeside(CompileHelper(cache), order_of, has_room)


def _work_bytes(shape: CompileShape, *, itemsize: int) -> int:
    """What running that shape once takes."""
    endpoint = Endpoint.STANDARD if isinstance(shape, DecodeShape) else shape.endpoint
    key = BatchKey(endpoint, shape.width, shape.height, shape.frames, frozenset())
    if isinstance(shape, DecodeShape):
        return shape.frames * frame_bytes(key, itemsize=itemsize)
    return shape.rows * row_bytes(key, itemsize=itemsize)


def _set_up_cuda(*, deterministic: bool) -> None:
    """Fast convolutions and TF32 products, or the same result every time."""
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cuda.matmul.allow_tf32 = not deterministic
    torch.backends.cudnn.allow_tf32 = not deterministic
