"""The tiny model set and engines loaded from it, once per session; without torch these tests are skipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from worker.engines.animatediff.engine import AnimateDiffEngine


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model set."""
    import torch

    from doubles.tiny_models import make_model_set

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
    from doubles.rendering import stock_pipeline

    return stock_pipeline(tiny_root)


@pytest.fixture(scope="session")
def stock_turbo(tiny_root: Path) -> Any:
    """Diffusers' own turbo pipeline over the same files."""
    from doubles.rendering import stock_pipeline
    from generation.request import Endpoint

    return stock_pipeline(tiny_root, Endpoint.TURBO)
