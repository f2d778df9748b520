"""What must not be readable in a copy of the database: answer tokens are encrypted, and the ledger
has pseudonyms of members."""

from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from generation.protocol.errors import StoreError
from generation.rules.pseudonyms import Pseudonyms


class Cipher(Protocol):
    """Encrypts short secrets to text for the database, and decrypts them; names members by
    pseudonyms."""

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Made with the key that encrypts."""
        ...

    def encrypt(self, secret: str) -> str:
        """The text to store."""
        ...

    def decrypt(self, stored: str) -> str:
        """The secret. Raises StoreError when it was encrypted with a key that we do not have, or
        was changed."""
        ...


class FernetCipher:
    """Fernet: AES-128-CBC with an HMAC. Keys are 32 bytes as URL-safe base64.

    The first key encrypts, all of them decrypt: to change keys, put the new one before the old.
    """

    def __init__(self, key: str, *older_keys: str) -> None:
        """Raises ValueError when a key is not a Fernet key."""
        self.pseudonyms = Pseudonyms(key)
        self._fernet = MultiFernet([_fernet(k) for k in (key, *older_keys)])

    @staticmethod
    def new_key() -> str:
        """A new random key."""
        return Fernet.generate_key().decode()

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, stored: str) -> str:
        try:
            return self._fernet.decrypt(stored).decode()
        except (InvalidToken, ValueError):
            raise StoreError("a stored secret was encrypted with another key") from None


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise ValueError("not an encryption key: 32 bytes as URL-safe base64 are needed") from None
