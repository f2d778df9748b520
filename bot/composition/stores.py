"""What is kept: the database, the clips, and links to them."""

from contextlib import AsyncExitStack
from datetime import timedelta

from bot.key_files import own_secret_key
from bot.settings import Settings, SettingsError
from db.encryption import FernetCipher
from db.queries.ledger_members import MembersKey
from db.store import SqlStore
from generation.artifacts import ObjectArtifacts
from generation.delivery.clip_links import ClipLinks
from generation.ports import Observer
from generation.protocol.clock import Clock
from generation.protocol.errors import ArtifactError, StoreError


def secret_key(settings: Settings) -> str:
    return (
        settings.secret_key.get_secret_value()
        if settings.secret_key
        else own_secret_key(settings.data_dir)
    )


def clip_links(settings: Settings, clock: Clock) -> ClipLinks | None:
    """Links to clips, where the service has a public address."""
    # signed with the key that is kept: links stay valid after a restart
    return (
        ClipLinks(settings.public_url, secret_key(settings), clock) if settings.public_url else None
    )


async def open_store(settings: Settings, stack: AsyncExitStack, observer: Observer) -> SqlStore:
    key = secret_key(settings)
    try:
        cipher = FernetCipher(key)
    except ValueError as error:
        where = (
            "FLIPBOOK_SECRET_KEY" if settings.secret_key else f"{settings.data_dir / 'secret.key'}"
        )
        raise SettingsError(f"{where}: {error}") from None  # its cause may hold the key

    def report(job_id: str, error: StoreError) -> None:
        observer.trouble("reading a stored job", error, job_id=job_id)

    store = await SqlStore.open(settings.database, cipher, on_unreadable=report)
    stack.push_async_callback(store.close)
    if await store.hide_members() is MembersKey.ANOTHER:
        changed = "the secret key is another than before: members' quotas of today start anew"
        observer.trouble("reading the ledger", StoreError(changed))
    return store


def open_artifacts(settings: Settings, *, patience: timedelta | None = None) -> ObjectArtifacts:
    """Where clips are kept. Raises SettingsError."""
    try:
        return ObjectArtifacts(settings.clips, patience=patience)
    except ArtifactError as error:
        where = "FLIPBOOK_ARTIFACTS_URL" if settings.artifacts_url else "FLIPBOOK_DATA_DIR"
        raise SettingsError(f"{where}: clips cannot be kept there: {error}") from None
