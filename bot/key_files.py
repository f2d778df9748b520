"""Secrets that Flipbook makes for itself: kept in the data folder, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from filelock import FileLock


def own_secret_key(data_dir: Path) -> str:
    """The key that tokens are encrypted with in the database; made at the first call."""
    return _read_or_make(data_dir / "secret.key", lambda: Fernet.generate_key().decode())


def own_worker_key(data_dir: Path) -> str:
    """The key between the bot and its embedded worker, of fal's form ``id:secret``."""
    return _read_or_make(data_dir / "worker.key", lambda: f"flipbook:{secrets.token_urlsafe(32)}")


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The key in the file; a missing or empty file is written first, whole or not at all."""
    # under a lock: two processes that start together have to get the same key
    with FileLock(path.with_name("keys.lock")):
        key = path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else ""
        return key or _write(path, make())


def _write(path: Path, secret: str) -> str:
    unfinished = path.with_name(f"{path.name}.part")
    # the mode is given at creation: a later chmod would leave a moment in which others can read it
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())  # tokens are stored under this key: it has to survive a power cut
    unfinished.replace(path)
    return secret
