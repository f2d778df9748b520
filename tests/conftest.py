"""What every test gets: the doubles' fixtures, and property tests that no slow machine can fail."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from bot.logging import NOISY

pytest_plugins = ["doubles.discord.fixtures", "doubles.slack.fixtures"]

settings.register_profile("flipbook", deadline=None, derandomize=True)
settings.load_profile("flipbook")


@pytest.fixture(autouse=True)
def no_settings_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, key or address of whoever runs the tests reaches them."""
    for name in ("FAL_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLIPBOOK_WORKER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that sets up its log in one test has not set it up for the next."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY}
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
