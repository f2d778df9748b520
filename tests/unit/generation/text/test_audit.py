"""What admins have changed, as a line that people read on every platform."""

import re

import pytest

from adapters.discord.text.markup import DISCORD
from adapters.slack.text.markup import SLACK
from factories import a_user, an_audit_entry
from generation.text.audit import audit_words
from generation.text.dialect import PLAIN, Dialect

MONEY = '{"user_budget_per_day": %s}'
CHANGES = {
    ("limits", '{"max_frames": 32}', '{"max_frames": 8}'): "from 32 to 8",
    ("limits", MONEY % "null", MONEY % "2500000"): "$2.50",
    ("limits", '{"max_pixels": 1048576}', '{"max_pixels": 262144}'): "512×512",
    ("limits", '{"endpoints": []}', '{"endpoints": ["fal-ai/fast-animatediff/turbo/text-to-video"]}'): "turbo",
    ("policy", '{"blocked_terms": []}', '{"blocked_terms": ["gore"]}'): "gore",
    ("policy", '{"blocked_users": ["71"]}', '{"blocked_users": []}'): "unblocked",
    ("policy", '{"channels": []}', '{"channels": ["5001"]}'): "5001",
    ("ceilings", '{"max_frames": null}', '{"max_frames": 8}'): "8",
    ("clip", "{}", '{"hide": "000000000000000000000001"}'): "hid the clip",
    ("limits", "{}", "{}"): "no change",
}


@pytest.mark.parametrize("dialect", [DISCORD, SLACK, PLAIN], ids=lambda dialect: dialect.place)
@pytest.mark.parametrize("change", CHANGES, ids=CHANGES.get)
def test_a_change_is_one_line_in_words(change: tuple[str, str, str], dialect: Dialect) -> None:
    what, before, after = change
    admin = a_user("7900", dialect.platform)
    line = audit_words(an_audit_entry(by=admin, what=what, before=before, after=after), dialect)
    said, _, when = line.partition(" · ")
    assert CHANGES[change] in said
    assert dialect.user("7900") in said
    assert when != ""
    assert "\n" not in line
    assert re.search(r"[{}\[\]]|\bnull\b|_per_|\d{6,}", said.replace("0" * 23 + "1", "")) is None
