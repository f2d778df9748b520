"""What clips will be made with once the bot runs, and how to get real ones."""

import asyncio

from bot.commands.setup import text
from bot.settings import BackendName, Settings
from generation.domain.pricing import micros, money
from generation.protocol.request import Endpoint, GenerationRequest
from worker.settings import EngineChoice


def made_with(settings: Settings) -> str:
    """By every backend in order of preference; what only draws previews is said to do so."""
    return "\n".join(_made_at(name, settings) for name in settings.preferred_backends)


def _made_at(name: BackendName, settings: Settings) -> str:
    if name is BackendName.FAL:
        return text.made_at_fal(
            standard=default_price(settings, Endpoint.STANDARD),
            turbo=default_price(settings, Endpoint.TURBO),
            budget=money(micros(settings.daily_budget)),
        )
    if settings.worker_url is not None:
        return text.made_by_worker(settings.worker_url, charge=_charge(settings))
    return _made_here(settings)


def default_price(
    settings: Settings, endpoint: Endpoint, backend: BackendName = BackendName.FAL
) -> str:
    """What a default clip of that endpoint is expected to cost, for people."""
    default = GenerationRequest.model_validate({"prompt": "-", "seed": 0, "endpoint": endpoint})
    return money(settings.prices.of(default, backend))


def _charge(settings: Settings) -> str:
    if not (settings.price_worker_standard.amount or settings.price_worker_turbo.amount):
        return "at no charge"
    standard, turbo = (default_price(settings, e, BackendName.WORKER) for e in Endpoint)
    return text.charge(standard=standard, turbo=turbo)


def _made_here(settings: Settings) -> str:
    from bot.commands.doctor.backends import engine  # noqa: PLC0415 - the whole service

    found = asyncio.run(engine(settings))[0]
    if found.is_bad:
        return text.not_made_here(found.detail)
    chosen = found.detail.partition(":")[0]
    if chosen == EngineChoice.ANIMATEDIFF:
        return text.MADE_HERE
    # with a key it is only left out of the list of backends
    return text.ONLY_PREVIEWS if settings.fal_key is None else text.ONLY_PREVIEWS_BESIDE_FAL
