# ruff: noqa: E402  (without torch the module is skipped before anything else is imported)
"""What is compiled beside the whole forward: steps that keep or reuse features, and decoding."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from doubles.worker.rendering import assert_nearly_equal, clip, frames_of
from doubles.worker.small_unet import small_unet
from generation.protocol.request import Endpoint
from worker.engines.animatediff import AnimateDiffEngine, EngineOptions, ForwardShape, ModelSet
from worker.engines.animatediff.compile.backend import torch_compiler
from worker.engines.animatediff.compile.forwards import OFTEN_DECODED, CompiledForwards
from worker.engines.animatediff.compile.inputs import ForwardInputs
from worker.engines.animatediff.compile.programs import Functions, Program
from worker.engines.animatediff.compile.shapes import DecodeShape
from worker.engines.animatediff.options import ForwardKind

pytestmark = pytest.mark.engine

KEEPING = ForwardShape(Endpoint.STANDARD, 1, 2, 64, 64, ForwardKind.KEEPING)
REUSING = replace(KEEPING, kind=ForwardKind.REUSING)


@pytest.fixture(scope="module")
def compiled_unet() -> Iterator[tuple[Any, Functions, CompiledForwards]]:
    """A small UNet whose two partial forwards were compiled, one after the other."""
    unet, functions = small_unet(), Functions()
    compiled = CompiledForwards(torch_compiler("eager"), [KEEPING, REUSING])
    while compiled.compile_next(lambda shape: Program.of(shape, unet, functions, text_width=8)):
        pass
    yield unet, functions, compiled
    torch.compiler.reset()


def test_steps_that_keep_and_reuse_run_compiled_and_predict_the_very_same(
    compiled_unet: tuple[Any, Functions, CompiledForwards],
) -> None:
    unet, functions, compiled = compiled_unet
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        zeros = ForwardInputs.of_shape(KEEPING, unet, text_width=8)
        inputs = replace(zeros, sample=torch.randn(zeros.sample.shape, generator=generator))
        expected, kept = inputs.call(functions.forward(unet, ForwardKind.KEEPING))
        for _ in range(2):
            for shape, given in ((KEEPING, inputs), (REUSING, replace(inputs, features=kept.contiguous()))):
                eager = functions.forward(unet, shape.kind)
                assert torch.allclose(given.run(compiled.forward(eager, shape)), expected, atol=1e-6)
    # a forward that did not fit the compiled code would have given it up
    assert compiled.ready == {KEEPING, REUSING}


def test_the_hook_of_a_unet_is_there_once() -> None:
    unet, functions = small_unet(), Functions()
    assert functions.forward(unet, ForwardKind.KEEPING) is functions.forward(unet, ForwardKind.KEEPING)
    assert functions.forward(unet, ForwardKind.WHOLE) is unet
    assert functions.decoding(unet) is not functions.forward(unet, ForwardKind.REUSING)


@pytest.fixture
def decoding(tiny_root: Path) -> tuple[AnimateDiffEngine, CompiledForwards, list[tuple[int, ...]]]:
    """An engine whose decoder may be compiled, and what ran through compiled code."""
    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu", options=EngineOptions())
    engine.load()
    assert engine._parts is not None
    ran: list[tuple[int, ...]] = []

    def compiler(function: Any) -> Any:
        def compiled(latents: Any) -> Any:
            ran.append(tuple(latents.shape))
            return function(latents)

        return compiled

    forwards = CompiledForwards(compiler)
    engine._parts.runner.denoiser.compiled = engine._parts.runner.decoder._compiled = forwards
    return engine, forwards, ran


def test_a_decoding_that_is_served_often_is_compiled_too_and_looks_the_same(
    decoding: tuple[AnimateDiffEngine, CompiledForwards, list[tuple[int, ...]]],
) -> None:
    engine, compiled, ran = decoding
    request, shape = clip(num_frames=4, num_inference_steps=1), DecodeShape(4, 64, 64, "float32")
    expected = frames_of(engine, request)
    for _ in range(OFTEN_DECODED - 1):
        compiled.forward(len, shape)
    assert compiled.waiting == (shape,)
    assert engine.idle()
    assert_nearly_equal(frames_of(engine, request), expected)
    assert ran == [(4, 4, 8, 8)] * 2
