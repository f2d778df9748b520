"""The helper's process: reads one order from standard input and compiles it into the cache."""

import os
import sys
import threading
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from worker.engines.animatediff.compile.backend import torch_compiler
from worker.engines.animatediff.compile.helper import CompileOrder
from worker.engines.animatediff.compile.programs import Functions, Program
from worker.engines.animatediff.device import Device
from worker.engines.animatediff.models.unet import MotionUNet

_NICE: Final = 19
_DECODERS: Final = {"AutoencoderKL": AutoencoderKL, "AutoencoderTiny": AutoencoderTiny}


def main() -> None:
    """Compile the order of the first line; end early when the worker has ended."""
    order = CompileOrder.from_line(sys.stdin.readline())
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    # clips go first
    os.nice(_NICE)
    compile_order(order)


def compile_order(order: CompileOrder) -> None:
    """Compile that shape over a model of random weights."""
    device = Device(order.device)
    model = _model(order, device)
    with torch.inference_mode():
        program = Program.of(order.shape, model, Functions(), text_width=order.text_width)
        program.run(torch_compiler(order.backend, cuda_graphs=order.cuda_graphs)(program.function))
    device.synchronize()


def _model(order: CompileOrder, device: Device) -> Any:
    kind = _DECODERS.get(order.model.get("_class_name", ""), MotionUNet)
    # random weights: the cached code depends on their shapes only
    with torch.device(order.device), torch.inference_mode(mode=False):
        model = kind.from_config(order.model)
    dtype = getattr(torch, order.dtype)
    return model.to(order.device, dtype, **device.layout).eval().requires_grad_(False)


def _end_with_the_worker() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
    # without the compiler's own threads, which end slowly
    os._exit(0)
