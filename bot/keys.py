"""Secrets that Flipbook makes for itself: kept in the data folder, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from filelock import FileLock


def own_secret_key(data_dir: Path) -> str:
    """The key that tokens are encrypted with in the database; made at the first call."""
    return _kept(data_dir / "secret.key", lambda: Fernet.generate_key().decode())


def own_worker_key(data_dir: Path) -> str:
    """The key between the bot and its embedded worker, of fal's form ``id:secret``."""
    return _kept(data_dir / "worker.key", lambda: f"flipbook:{secrets.token_urlsafe(32)}")


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What stands in the file; when nothing does it is written first, whole or not at all, by whoever comes first."""
    with FileLock(path.with_name("keys.lock")):
        kept = path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else ""
        return kept or _write(path, make())


def _write(path: Path, secret: str) -> str:
    unfinished = path.with_name(f"{path.name}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return secret
