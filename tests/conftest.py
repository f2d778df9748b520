"""What every test gets: the doubles' fixtures, and property tests without a deadline."""

import logging
import resource
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
    """Hide the tokens, keys and addresses of the person who runs the tests."""
    for name in ("FAL_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLIPBOOK_WORKER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a command has set up for its log."""
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


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may hold both ends of thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
