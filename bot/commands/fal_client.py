"""A client of fal for commands that ask it something once."""

from bot.settings import BackendName, Settings, SettingsError
from generation.backends.client import QueueClient
from generation.protocol.clock import Clock


def fal_client(settings: Settings, clock: Clock) -> QueueClient:
    """fal with the key of the settings, asked once for each question. Raises SettingsError."""
    try:
        return QueueClient(
            BackendName.FAL,
            settings.fal_queue_url,
            settings.fal_key,
            resubmits_safely=False,
            clock=clock,
            patience=0.0,
            proxies=settings.proxies,
        )
    except ValueError as error:
        raise SettingsError(f"FLIPBOOK_FAL_QUEUE_URL or FAL_KEY: {error}") from None
