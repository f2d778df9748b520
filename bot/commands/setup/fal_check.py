"""The check of a key at fal, for ``flipbook setup fal``. It buys nothing."""

from bot.commands.fal_client import fal_client
from bot.settings import BackendName, Settings
from generation.diagnostics import Checkup, Finding, Grade
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    AccountLocked,
    BackendError,
    BackendUnavailable,
    CredentialsRejected,
)
from generation.text.errors import sentence

VARIABLE = "FAL_KEY"


async def fal_checkup(settings: Settings, clock: Clock) -> Checkup:
    """Ask fal about a request that never was, with the key of the settings."""
    try:
        async with fal_client(settings, clock) as client:
            await client.check()
    except CredentialsRejected as error:
        why = f"fal does not accept it ({error.detail}); copy the whole key, or make a new one"
        return Checkup((_bad(why),), refused=frozenset({VARIABLE}))
    except AccountLocked as error:
        why = f"fal accepts it, but not the account: {error.detail}"
        return Checkup((_bad(why),), still_to_do="Look at https://fal.ai/dashboard/billing.")
    except BackendUnavailable as error:
        why = f"{settings.fal_queue_url} cannot be asked at the moment ({error.detail})"
        return Checkup((_bad(why),), is_reached=False)
    except BackendError as error:
        return Checkup((_bad(f"{sentence(error)} ({error.detail})"),), is_reached=False)
    return Checkup((Finding(Grade.GOOD, "fal", "accepts the key"), *_unused(settings)))


def _bad(why: str) -> Finding:
    return Finding(Grade.BAD, f"fal {VARIABLE}", why)


def _unused(settings: Settings) -> list[Finding]:
    if BackendName.FAL in settings.preferred_backends:
        return []
    detail = "does not name fal, so nothing is made there: add it, or remove the line"
    return [Finding(Grade.NOTE, "FLIPBOOK_BACKENDS", detail)]
