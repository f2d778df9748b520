"""Which engine this worker renders with, and why."""

from dataclasses import replace
from importlib import import_module

import structlog

from worker.engine import Engine, EngineInfo, EngineUnavailable
from worker.engines.animatediff.models.model_set import ModelSet
from worker.settings import EngineChoice, WorkerSettings

log = structlog.get_logger("flipbook.worker.process")


def choose_engine(settings: WorkerSettings) -> tuple[Engine, EngineInfo]:
    """The engine, not yet loaded, and why this one. Raises EngineUnavailable when the engine that
    the settings name is not available."""
    if settings.engine is EngineChoice.PREVIEW:
        return _preview(settings), EngineInfo("preview", "the preview engine was asked for")
    reason = _why_no_animatediff(settings)
    if reason is None:
        return _animatediff(settings), EngineInfo(
            "animatediff", f"its models are in {settings.models_folder}"
        )
    if settings.engine is EngineChoice.ANIMATEDIFF:
        raise EngineUnavailable(reason)
    log.warning("rendering previews only", reason=reason)
    return _preview(settings), EngineInfo("preview", reason)


def _why_no_animatediff(settings: WorkerSettings) -> str | None:
    reason: str | None = import_module("worker.engines.animatediff").available(_model_set(settings))
    return reason


def _model_set(settings: WorkerSettings) -> ModelSet:
    return ModelSet.from_folder(
        settings.models_folder,
        fast_decode=settings.fast_decode,
        safety_checker=settings.safety_checker,
        vae=settings.animatediff.vae,
    )


def _animatediff(settings: WorkerSettings) -> Engine:
    # imported only here: torch takes seconds and gigabytes
    animatediff = import_module("worker.engines.animatediff")
    given = settings.animatediff
    # compiled code belongs to this machine, so it stays in the data folder
    cache = given.compile_cache or settings.data_dir / "compiled"
    options = replace(given, compile_cache=cache, looks=settings.looks)
    speeds = settings.data_dir / "speeds.json"
    engine: Engine = animatediff.AnimateDiffEngine(
        _model_set(settings), deterministic=settings.deterministic, options=options, speeds=speeds
    )
    return engine


def _preview(settings: WorkerSettings) -> Engine:
    engine: Engine = import_module("worker.engines.preview").PreviewEngine(
        step_seconds=settings.step_seconds
    )
    return engine
