"""The file ``.env``: sets variables in it and keeps everything else as it is."""

import io
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from generation.protocol.disk import put_in_place

_BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
_BYTE_ORDER_MARK: Final = "\ufeff"


class DotEnvFile:
    """The variables in a file. Raises OSError where it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def values(self) -> dict[str, str]:
        """The variables as the bot reads them; empty ones count as not set."""
        found = dotenv_values(stream=io.StringIO(self._text(), newline=""))
        return {name: value for name, value in found.items() if value and value.strip()}

    def set(self, values: Mapping[str, str]) -> None:
        """Set variables: whole or not at all, in a file that only its owner may read."""
        _replace(self.path, with_values(self._text(), values))

    def _text(self) -> str:
        try:
            return self.path.read_bytes().decode()  # as bytes: line ends stay as they are
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise OSError(f"{self.path} is not text in UTF-8") from None


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text of a ``.env`` with these values set: in place, or at the end where the variable is
    new."""
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    left = dict(values)
    kept = []
    for binding in parse_stream(io.StringIO(text.removeprefix(_BYTE_ORDER_MARK), newline="")):
        if binding.key is None or binding.key not in values:
            kept.append(binding.original.string)
        elif binding.key in left:
            kept.append(_changed(binding, left.pop(binding.key)))
        # a further line for the same variable is dropped: it would win over the first
    body = "".join(kept)
    newline = "\r\n" if "\r\n" in body else "\n"
    if left and body and not body.endswith("\n"):
        body += newline
    return mark + body + "".join(f"{name}={quoted(value)}{newline}" for name, value in left.items())


def quoted(value: str) -> str:
    """The value as written in the file, quoted where needed. Raises ValueError for a zero byte."""
    if "\x00" in value:
        raise ValueError("no setting can hold a zero byte")
    # readers expand variables even in quoted text; this one has no name, so its default is taken
    literal = value.replace("${", "${:-$}{")
    if _BARE.fullmatch(literal):
        return literal
    if _CONTROL.search(literal):
        return '"' + "".join(_ESCAPES.get(character, character) for character in literal) + '"'
    return "'" + literal.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _changed(binding: Binding, value: str) -> str:
    """The line with another value, and the same text before it, comment and line end."""
    original = binding.original.string
    lead = re.match(r"\s*(?:export[^\S\r\n]+)?", original)
    tail = _tail(original, binding.value)
    return f"{lead[0] if lead else ''}{binding.key}={quoted(value)}{tail}"


def _tail(original: str, value: str | None) -> str:
    """The comment and the line end. The comment begins at the first # that has the whole value
    before it: a # may be part of a value."""
    body = original.rstrip("\r\n")
    end = original[len(body) :]
    for found in re.finditer(r"[^\S\r\n]*#", body):
        before = next(parse_stream(io.StringIO(body[: found.start()], newline="")), None)
        if before is not None and before.key is not None and before.value == value:
            comment = body[found.start() :]
            return f"{'' if comment[0].isspace() else ' '}{comment}{end}"
    return end


def _replace(path: Path, text: str) -> None:
    """Write a new file beside the old one and rename it over it; a link stays a link."""
    target = path.resolve()
    before = target.stat() if target.exists() else None
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(f"{target} is not a file")
    # mkstemp makes a file that only its owner may read
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if before is not None:
                with suppress(PermissionError):  # only root may change the owner
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.write(text)
        put_in_place(Path(name), target)
    except BaseException:  # Ctrl-C too: the file beside it holds the secrets
        Path(name).unlink(missing_ok=True)
        raise
