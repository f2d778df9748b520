"""Secrets that Flipbook makes for itself: kept in the data folder, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def own_secret_key(data_dir: Path) -> str:
    """The key that tokens are encrypted with in the database; made at the first call."""
    return _kept(data_dir / "secret.key", lambda: Fernet.generate_key().decode())


def own_worker_key(data_dir: Path) -> str:
    """The key between the bot and its embedded worker, of fal's form ``id:secret``."""
    return _kept(data_dir / "worker.key", lambda: f"flipbook:{secrets.token_urlsafe(32)}")


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What stands in the file; when there is none it is written first, by whoever comes first."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    return path.read_text(encoding="ascii").strip()
