"""Who was forgotten, by pseudonym: kept in the data folder and beside the backups, which may still
hold what was forgotten since. A restore forgets it again."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.commands.backup.note import backup_folder
from bot.exit_codes import OperatorFault
from generation.protocol.disk import disk_errors, in_thread, write_private
from generation.protocol.errors import ArtifactError
from generation.rules.pseudonyms import Pseudonym

FORGOTTEN: Final = "forgotten.jsonl"
_MAX_BYTES: Final = 64 * 1024 * 1024
"""Half a million members."""

Forgotten = Mapping[str, datetime]
"""Pseudonyms as ``platform:~id``, and until when what they made is forgotten."""


class ForgottenFile:
    """The list in the data folder, and a copy of it where the last backup was written."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    async def add(self, members: Sequence[Pseudonym], until: datetime) -> None:
        """As :class:`generation.privacy.forgetting.ForgottenList` has it."""
        try:
            await in_thread(self._add, {str(member): until for member in members})
        except OperatorFault as error:
            # nobody is forgotten until it is mended, but everything else goes on
            raise ArtifactError(str(error)) from error

    def _add(self, forgotten: Forgotten) -> None:
        with disk_errors():
            remember(self._data_dir, forgotten)
        backups = backup_folder(self._data_dir)
        # a disk that is not there now gets it with the next backup
        if backups is not None and backups.is_dir():
            with suppress(OSError):
                remember(backups, forgotten)


def remember(folder: Path, forgotten: Forgotten) -> None:
    """Add to the list in a folder, whole or not at all. Raises as :func:`read`."""
    known = dict(read(folder / FORGOTTEN))
    merged = known | {
        member: max(until, known.get(member, until)) for member, until in forgotten.items()
    }
    if merged != known:
        lines = [
            json.dumps({"member": member, "until": until.isoformat()}) + "\n"
            for member, until in sorted(merged.items())
        ]
        write_private(folder / FORGOTTEN, "".join(lines).encode())


def read(path: Path) -> Forgotten:
    """The list in a file; an empty one where there is none. Raises OSError, and OperatorFault for
    what is no such list: nobody in it may be missed."""
    if not path.exists():
        return {}
    if path.stat().st_size > _MAX_BYTES:
        raise OperatorFault(f"{path} is no list of forgotten members: it is too large.")
    found: dict[str, datetime] = {}
    # bytes: a line that is no text is damaged like one that is no JSON
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            entry = json.loads(line)
            found[str(entry["member"])] = datetime.fromisoformat(entry["until"]).astimezone(UTC)
        except (ValueError, TypeError, KeyError):
            raise OperatorFault(
                f"{path} is damaged in line {number}: it says who is to be forgotten again. Put a "
                "copy of it back, or move it away."
            ) from None
    return found
