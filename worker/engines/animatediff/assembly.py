"""Puts loaded models together into something that can take turns."""

from dataclasses import dataclass
from typing import Any, Final

import torch

from generation.request import Endpoint
from worker.engines.animatediff.admission import Admission
from worker.engines.animatediff.compile import CompiledForwards, ForwardInputs, torch_compiler
from worker.engines.animatediff.decode import Decoder
from worker.engines.animatediff.denoise import Denoiser
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.embeddings import TextEmbedder
from worker.engines.animatediff.load import LoadedModels
from worker.engines.animatediff.motions import MotionLora, MotionMerger
from worker.engines.animatediff.options import Compile, EngineOptions, Shape
from worker.engines.animatediff.residency import ResidentUNets
from worker.engines.animatediff.sharing import GroupKey
from worker.engines.animatediff.speed import SpeedBook
from worker.engines.animatediff.turns import Turns

SMALLEST: Final = Shape(Endpoint.STANDARD, rows=1, frames=2, width=64, height=64)
"""What speed is measured with before the first clip: under a second even on a CPU with two cores (by its FLOPs)."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A loaded engine's parts."""

    turns: Turns
    admission: Admission
    text_width: int
    safety: Any


def assemble(
    loaded: LoadedModels,
    device: Device,
    options: EngineOptions,
    *,
    deterministic: bool,
    book: SpeedBook,
) -> Assembly:
    """Place the models on the device and build what works with them."""
    if device.is_cuda:
        _set_up_cuda(deterministic=deterministic)
    unets = _resident(loaded, device, options)
    embedder = TextEmbedder(loaded.tokenizer, loaded.text_encoder)
    bytes_each = device.dtype(options.dtype).itemsize
    turns = Turns(
        device=device,
        embedder=embedder,
        unets=unets,
        denoiser=Denoiser(_compiled(device, options, deterministic=deterministic), keeps_deep=options.reuse_every > 1),
        decoder=Decoder(loaded.vae, device, at_once=options.frames_decoded_at_once, overlap=options.overlap_decode),
        book=book,
        rows_at_most=0 if deterministic else options.rows_at_most,
        work_at_most=options.shared_work_at_most,
        bytes_each=bytes_each,
        shortcuts=options.shortcuts,
        keep_looks=options.looks and loaded.safety is None,
    )
    admission = Admission(
        device=device,
        embedder=embedder,
        endpoints=tuple(loaded.unets),
        motions=tuple(loaded.motion_loras),
        frames_at_most=min(int(unet.config.motion_max_seq_length) for unet in loaded.unets.values()),
        bytes_each=bytes_each,
    )
    return Assembly(turns, admission, int(loaded.text_encoder.config.hidden_size), loaded.safety)


def warm_up(assembly: Assembly) -> float:
    """Run one small forward twice and return its seconds for each unit of work, by the second run.

    Whatever is done for the first time is done here and not at a member's expense, and what is broken breaks here.
    """
    turns = assembly.turns
    unet = turns.unets.use(SMALLEST.endpoint)
    inputs = ForwardInputs.of_shape(SMALLEST, unet, text_width=assembly.text_width)
    with torch.inference_mode():
        inputs.run(unet)
        begun = turns.device.now()
        inputs.run(unet)
        ended = turns.device.now()
    turns.device.synchronize()
    key = GroupKey(SMALLEST.endpoint, SMALLEST.width, SMALLEST.height, SMALLEST.frames, frozenset())
    return turns.device.seconds_between(begun, ended) / key.row_work


def _resident(loaded: LoadedModels, device: Device, options: EngineOptions) -> ResidentUNets:
    loras = {motion: MotionLora.load(path) for motion, path in loaded.motion_loras.items()}
    mergers = {e: MotionMerger(unet, loras, strength=options.motion_strength) for e, unet in loaded.unets.items()}
    return ResidentUNets(loaded.unets, mergers, device, options.residency)


def _compiled(device: Device, options: EngineOptions, *, deterministic: bool) -> CompiledForwards:
    wish = options.compile
    if deterministic or wish is Compile.OFF or (wish is Compile.AUTO and not device.is_cuda):
        return CompiledForwards(None)
    compiler = torch_compiler(options.compile_backend, cuda_graphs=options.cuda_graphs)
    reusing = options.shortcuts.reuse_every > 1
    shapes = [shape for shape in options.shapes if not (reusing and shape.endpoint is Endpoint.STANDARD)]
    return CompiledForwards(compiler, shapes, options.compile_cache)


def _set_up_cuda(*, deterministic: bool) -> None:
    """Fast convolutions and float32 products in general; the same result each time where that was asked for."""
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cuda.matmul.allow_tf32 = not deterministic
    torch.backends.cudnn.allow_tf32 = not deterministic
