"""How the last backup is told to the operator, the same wherever it is read."""

from datetime import datetime, timedelta
from typing import Final

from generation.domain.backup import LastBackup
from generation.text.dialect import utc_moment

OLD_AFTER: Final = timedelta(days=7)
"""From then on the operator is reminded."""
MAKES_ONE: Final = "`flipbook backup FILE` makes one while the bot runs"


def is_old(last: LastBackup | None, now: datetime) -> bool:
    """Whether another one should be made."""
    return last is None or now - last.made_at >= OLD_AFTER


def age_words(last: LastBackup | None, now: datetime) -> str:
    """How old it is, for everybody: no file is named."""
    if last is None:
        return "none was made"
    days = max(0, (now - last.made_at).days)
    age = "less than a day" if days == 0 else "1 day" if days == 1 else f"{days} days"
    verified = "not verified" if last.verified_at is None else "verified"
    return f"the last one is {age} old, {verified}"


def backup_words(last: LastBackup | None, now: datetime) -> str:
    """Its age, its size and whether it was verified, with what to do."""
    if last is None:
        return f"none was made of this data folder; {MAKES_ONE}"
    size = "" if last.bytes is None else f", {last.bytes / 1e6:,.1f} MB"
    verified = (
        f"not verified yet (`flipbook verify {last.file}`)"
        if last.verified_at is None
        else f"verified at {utc_moment(last.verified_at)}"
    )
    told = f"the last one was made at {utc_moment(last.made_at)}{size}, {verified}"
    days = (now - last.made_at).days
    return f"{told}; it is {days} days old: {MAKES_ONE}" if is_old(last, now) else told
