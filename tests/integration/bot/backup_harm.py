"""What can be wrong with the file of a backup, each done to one that was sound."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

from bot.commands.backup.archive import DATABASE, MANIFEST


def flipped(path: Path) -> None:
    text = bytearray(path.read_bytes())
    at = text.index(b"ftyp")  # inside a clip
    text[at] ^= 1
    path.write_bytes(text)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def without_manifest(path: Path) -> None:
    rewrite(path, lambda tar, member, data: None if member.name == MANIFEST else add(tar, member.name, data))


def with_a_way_out(path: Path) -> None:
    rewrite(path, lambda tar, member, data: add(tar, "../out" if member.name == DATABASE else member.name, data))


def not_a_tar(path: Path) -> None:
    path.write_bytes(b"nothing of the kind" * 1000)


def a_link(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo(DATABASE)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)


def a_foreign_manifest(path: Path) -> None:
    rewrite(path, lambda tar, member, data: add(tar, member.name, b"[1]" if member.name == MANIFEST else data))


Act = Callable[[tarfile.TarFile, tarfile.TarInfo, bytes], None]


def rewrite(path: Path, act: Act) -> None:
    with tarfile.open(path) as tar:
        found = [(member, tar.extractfile(member)) for member in tar]
        read = [(member, file.read()) for member, file in found if file is not None]
    with tarfile.open(path, "w") as tar:
        for member, data in read:
            act(tar, member, data)


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
