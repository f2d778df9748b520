"""The least and the most that a notice of each kind may hold."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from factories import NOW, a_notice
from generation.domain.notice import Notice, NoticeKind
from generation.rules.limits import Limits

SMALL_REPORT: Final = {
    "clip": "f" * 24,
    "asker": "U1",
    "reporter": "U2",
    "reason": "other",
    "words": "",
    "prompt": "",
    "reports": "1",
    "hidden": "",
}
LARGE_REPORT: Final = {
    "clip": "f" * 24,
    "asker": "1" * 19,
    "reporter": "2" * 19,
    "reason": "person",
    "words": "<&*" * 166,
    "prompt": "*_<" * 100,
    "reports": "1000",
    "hidden": "yes",
    "channel": "51",
    "thread": "",
    "message": "1",
}

DETAILS: Final[dict[NoticeKind, tuple[dict[str, str], ...]]] = {
    NoticeKind.WELCOME: (
        {"limits": Limits(user_clips_per_day=0).model_dump_json(), "standard": "$1", "turbo": "$1"},
        {"limits": Limits().model_dump_json(), "standard": "$0.00", "turbo": "$0.00", "free": "yes"},
        {
            "limits": Limits(server_budget_per_day=10**12, max_pixels=300_001).model_dump_json(),
            "standard": "$0.05",
            "turbo": "$0.01",
        },
    ),
    NoticeKind.BUDGET: tuple(
        {
            "scope": scope,
            "period": period,
            "percent": percent,
            "spent": "$4.00",
            "budget": "$5.00",
            "resets_at": NOW.isoformat(),
            "server": "discord:9001",
        }
        for scope, period, percent in product(("server", "one_server", "operator"), ("day", "month"), ("80", "100"))
    ),
    NoticeKind.LOG_CHANNEL_LOST: (
        {"channel": "C1", "reason": "the channel is gone"},
        {"channel": "1" * 19, "reason": "Slack refused it (a *b* <c>)"},
    ),
    NoticeKind.REPORT: (
        SMALL_REPORT,
        {**SMALL_REPORT, "hidden": "yes"},
        {**SMALL_REPORT, "reports": "2"},
        LARGE_REPORT,
    ),
    NoticeKind.PROMPT_BLOCKED: (
        {"asker": "U1", "term": "x", "in": "C1"},
        {"asker": "1" * 19, "term": "a*b " * 25, "in": "5" * 19},
    ),
    NoticeKind.CLIP_READY: tuple(
        {"clip": "f" * 24, "asker": asker, "outcome": outcome}
        for asker, outcome in product(("U1", "1" * 19), ("succeeded", "failed"))
    ),
    NoticeKind.FORGOTTEN: ({"left": "0"}, {"left": "1"}, {"left": "1234"}),
}
"""Of each kind, the ``details`` of its notices."""


def the_notices() -> Iterator[Notice]:
    for kind in NoticeKind:
        for details in DETAILS[kind]:
            yield a_notice(kind=kind, details=details)
