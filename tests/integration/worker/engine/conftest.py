"""The tiny model set and engines loaded from it, once per session; without torch these tests are skipped."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from worker.engines.animatediff.engine import AnimateDiffEngine


@pytest.fixture
def engine_log() -> "Iterator[list[Any]]":
    """What the engine logs, an event with its fields each."""
    for name, module in list(sys.modules.items()):
        if name.startswith("worker.engines.animatediff.") and hasattr(module, "log"):
            # a command that configured logging in an earlier test has bound this logger permanently
            vars(module.log).pop("bind", None)
    with capture_logs() as events:
        yield events


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model set."""
    import torch

    from doubles.worker.tiny_models import make_model_set

    torch.set_num_threads(1)
    return make_model_set(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def engine(tiny_root: Path) -> "Iterator[AnimateDiffEngine]":
    """An engine with its defaults, on the CPU."""
    from worker.engines.animatediff import AnimateDiffEngine, ModelSet

    engine = AnimateDiffEngine(ModelSet.from_folder(tiny_root), device="cpu")
    engine.load()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def stock(tiny_root: Path) -> Any:
    """Diffusers' own standard pipeline over the same files."""
    from doubles.worker.rendering import stock_pipeline

    return stock_pipeline(tiny_root)


@pytest.fixture(scope="session")
def stock_turbo(tiny_root: Path) -> Any:
    """Diffusers' own turbo pipeline over the same files."""
    from doubles.worker.rendering import stock_pipeline
    from generation.protocol.request import Endpoint

    return stock_pipeline(tiny_root, Endpoint.TURBO)
