"""Counts, for each owner, the requests that have ended without a clip: they cost their owner
nothing, and could fill the disk."""

from collections import Counter
from collections.abc import Iterable

from worker.records import Request, StoredClip
from worker.store import DeletedRequest, RequestStore


class CliplessRequests:
    """What the store holds of them, counted along; :meth:`count` sets a count right that was
    wrong."""

    def __init__(self, store: RequestStore) -> None:
        self._store = store
        self._of_owner: Counter[str] = Counter()

    async def count(self) -> None:
        """Count anew, in the store."""
        self._of_owner = Counter(await self._store.clipless_by_owner())

    def surplus(self, most: int) -> dict[str, int]:
        """How many more than that the owners have who have more."""
        return {owner: count - most for owner, count in self._of_owner.items() if count > most}

    def ended(self, request: Request) -> None:
        """A request has ended."""
        if not isinstance(request.outcome, StoredClip):
            self._of_owner[request.owner] += 1

    def forget(self, deleted: Iterable[DeletedRequest]) -> None:
        """These were deleted from the store, some of them with clips."""
        self._of_owner.subtract(old.owner for old in deleted if old.file_name is None)
