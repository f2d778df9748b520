"""Secrets that Flipbook makes for itself: kept in the data folder, readable by their owner only."""

import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from filelock import FileLock

from generation.protocol.disk import make_folder, write_private


def own_secret_key(data_dir: Path) -> str:
    """The key that tokens are encrypted with in the database; made at the first call."""
    return _read_or_make(data_dir / "secret.key", lambda: Fernet.generate_key().decode())


def own_worker_key(data_dir: Path) -> str:
    """The key between the bot and its embedded worker, of fal's form ``id:secret``."""
    return _read_or_make(data_dir / "worker.key", lambda: f"flipbook:{secrets.token_urlsafe(32)}")


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The key in the file; a missing or empty file is written first, whole or not at all."""
    # under a lock: two processes that start together have to get the same key
    make_folder(path.parent, 0o700)
    with FileLock(path.with_name("keys.lock")):
        key = path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else ""
        if not key:
            key = make()
            # tokens are stored under this key: it has to outlive a power cut
            write_private(path, key.encode("ascii"))
        return key
