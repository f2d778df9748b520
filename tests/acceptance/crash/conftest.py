"""The table that the crash matrices print."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def crash_table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Collects a line per cell and prints them all at the end."""
    lines: list[str] = []
    yield lines
    if not lines:
        return
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\n| channel | killed at | victim | clips | submissions | ledger | engines |")
        print("|---|---|---|---|---|---|---|")
        print("\n".join(lines))
