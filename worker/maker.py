"""What a clip's maker is called: the engine, and what it renders on."""

from typing import Protocol, runtime_checkable

from worker.engine import Engine


@runtime_checkable
class OnDevice(Protocol):
    """An engine that can name the device it renders on."""

    @property
    def device_name(self) -> str | None:
        """For people; None until the engine is loaded, and where it needs no device."""
        ...


def device_of(engine: Engine) -> str | None:
    """What the engine renders on, if it is something to speak of."""
    return engine.device_name if isinstance(engine, OnDevice) else None


def maker_of(engine: Engine) -> str:
    """What its clips say made them: the engine's name, with ``-cpu`` where a model renders without a GPU."""
    return f"{engine.name}-cpu" if device_of(engine) == "CPU" else engine.name
