"""An exit code tells a fault that stays from one that may pass, and one sentence says which fault it is."""

import re
from pathlib import Path

import pytest
import typer

from bot.exit_codes import Exit, OperatorFault, exit_on_error
from bot.settings import SettingsError
from generation.protocol.errors import (
    BackendUnavailable,
    DatabaseUnusable,
    InvalidRequest,
    LimitExceeded,
    StoreBusy,
    StoreError,
    Violation,
)
from generation.rules.limits import LimitName

ROOT = Path(__file__).resolve().parents[3]
FAULTS = {
    Exit.INVALID: [
        SettingsError("FLIPBOOK_WEB_PORT is no port."),
        InvalidRequest([Violation("num_frames", "must be at most 32", "64")]),
    ],
    Exit.REFUSED: [LimitExceeded(LimitName.MAX_FRAMES, allowed="8", used="16")],
    Exit.UNUSABLE: [
        OperatorFault("The web address cannot be used: another program has it."),
        DatabaseUnusable("/srv/flipbook.db is damaged. Put a backup back."),
    ],
    Exit.FAILED: [
        StoreBusy("database is locked"),
        StoreError("disk I/O error"),
        BackendUnavailable("worker", "is away"),
        PermissionError(13, "Permission denied", "/srv/clips"),
        OSError(28, "No space left on device"),
    ],
}
EACH = [(code, error) for code, errors in FAULTS.items() for error in errors]


@pytest.mark.parametrize(("code", "error"), EACH, ids=lambda each: getattr(each, "name", type(each).__name__))
def test_a_fault_is_one_sentence_and_its_code(code: Exit, error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, exit_on_error():
        raise error
    assert ended.value.exit_code == code
    (said,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"([A-Z]|/srv/|num_frames).*[.)]", said)
    assert "errno" not in said.casefold()
    assert type(error).__name__ not in said


@pytest.mark.parametrize("unit", ["flipbook.service", "flipbook-worker.service"])
@pytest.mark.parametrize(
    ("code", "tried_again"), [(Exit.OK, True), (Exit.FAILED, True), (Exit.INVALID, False), (Exit.UNUSABLE, False)]
)
def test_systemd_tries_again_what_may_pass_and_nothing_else(unit: str, code: Exit, tried_again: bool) -> None:
    text = (ROOT / "deploy" / "systemd" / unit).read_text(encoding="utf-8")
    (final,) = re.findall(r"^RestartPreventExitStatus=(.+)$", text, re.MULTILINE)
    assert (str(int(code)) not in final.split()) is tried_again
