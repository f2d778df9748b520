"""Where the platforms' official descriptions lie: third-party files, named by FLIPBOOK_SPECS, never in this tree."""

import os
from pathlib import Path

import pytest


def specs_if_any() -> Path | None:
    """The folder of the official descriptions; None without FLIPBOOK_SPECS: the doubles then judge nothing, and
    everything else about the chats is tested all the same.

    On a CI that requires the descriptions (CI=true and FLIPBOOK_SPECS_REQUIRED=1) the calling test fails instead,
    so that nothing is released unjudged.
    """
    named = os.environ.get("FLIPBOOK_SPECS")
    if named:
        folder = Path(named)
        if not folder.is_dir():
            pytest.fail(f"FLIPBOOK_SPECS names {folder}, which is not a folder")
        return folder
    if os.environ.get("CI") == "true" and os.environ.get("FLIPBOOK_SPECS_REQUIRED") == "1":
        pytest.fail("FLIPBOOK_SPECS is not set, but this run requires the judges")
    return None


def specs() -> Path:
    """The folder of the official descriptions, for a test of what they say: without them it skips, visibly."""
    folder = specs_if_any()
    if folder is None:
        pytest.skip("FLIPBOOK_SPECS is not set: the official Discord and Slack descriptions are needed to judge")
    return folder
