"""What every test gets: the doubles' fixtures, and property tests that no slow machine can fail."""

import pytest
from hypothesis import settings

pytest_plugins = ["doubles.discord.fixtures", "doubles.slack.fixtures"]

settings.register_profile("flipbook", deadline=None, derandomize=True)
settings.load_profile("flipbook")


@pytest.fixture(autouse=True)
def no_settings_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, key or address of whoever runs the tests reaches them."""
    for name in ("FAL_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLIPBOOK_WORKER_URL"):
        monkeypatch.delenv(name, raising=False)
