"""Opens the database for a maintenance command, and brings it up to date."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.composition import App, Role, open_app
from bot.settings import Settings
from db.snapshot import sqlite_file
from db.store import pending_migrations


@asynccontextmanager
async def maintenance_app(settings: Settings) -> AsyncIterator[App]:
    """An app of which nothing runs: only its service and its store are used."""
    async with open_app(settings, Role("maintenance")) as app:
        yield app


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; one line about it. Raises DatabaseTooNew."""
    async with maintenance_app(settings):  # opening it migrates it
        return f"The database at {_address(settings)} is up to date."


async def check(settings: Settings) -> tuple[str, ...]:
    """What :func:`migrate` would do, a line for each migration; none where the database is up to
    date. Changes nothing. Raises DatabaseTooNew."""
    file = sqlite_file(settings.database)
    if file is not None and not file.exists():
        return (f"{file} is not there yet: it would be made",)
    return tuple(await pending_migrations(settings.database))


def _address(settings: Settings) -> str:
    """The database's address without the user and the password."""
    return settings.database.rpartition("@")[2] if "@" in settings.database else settings.database
