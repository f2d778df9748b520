"""Encryption of what must not be readable in a copy of the database: the tokens behind a first answer."""

from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from generation.errors import StoreError


class Cipher(Protocol):
    """Turns short secrets into text for the database and back."""

    def encrypt(self, secret: str) -> str:
        """The text to store."""
        ...

    def decrypt(self, stored: str) -> str:
        """The secret again. Raises StoreError when it was stored under a key that we do not have."""
        ...


class FernetCipher:
    """Fernet: AES-128-CBC with an HMAC, so a changed text is noticed. Keys are 32 bytes as URL-safe base64.

    The first key encrypts, all of them decrypt: to change keys, put the new one in front of the old.
    """

    def __init__(self, key: str, *older_keys: str) -> None:
        """Raises ValueError when a key is not a Fernet key."""
        self._fernet = MultiFernet([_fernet(k) for k in (key, *older_keys)])

    @staticmethod
    def new_key() -> str:
        """A fresh key from the system's randomness."""
        return Fernet.generate_key().decode()

    def encrypt(self, secret: str) -> str:
        """The text to store; different each time."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """The secret again. Raises StoreError for another key's text, and for one that was tampered with."""
        try:
            return self._fernet.decrypt(stored).decode()
        except (InvalidToken, ValueError):
            raise StoreError("a stored secret was encrypted with another key") from None


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise ValueError("not an encryption key: 32 bytes as URL-safe base64 are needed") from None
