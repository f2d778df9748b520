"""Opens the database for a maintenance command, and brings it up to date."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.composition import App, Role, open_app
from bot.settings import Settings


@asynccontextmanager
async def maintenance_app(settings: Settings) -> AsyncIterator[App]:
    """An app of which nothing runs: only its service and its store are used."""
    async with open_app(settings, Role("maintenance")) as app:
        yield app


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; one line about it. Raises DatabaseTooNew."""
    async with maintenance_app(settings):  # opening it migrates it
        return f"The database at {_address(settings)} is up to date."


def _address(settings: Settings) -> str:
    """The database's address without the user and the password."""
    return settings.database.rpartition("@")[2] if "@" in settings.database else settings.database
