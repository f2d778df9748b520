"""From a render's frames to its clip on disk; what takes time there is done while it renders."""

import asyncio

import structlog

from generation.mp4 import encode
from generation.mp4.encode import Playing
from generation.protocol.errors import StorageFull
from generation.protocol.extensions.loops import shown_order
from generation.protocol.request import GenerationRequest
from worker.engine import Engine, Frames, engine_label
from worker.records import StoredClip
from worker.render.clip_storage import ClipStorage

log = structlog.get_logger("flipbook.worker.render")


class ClipFiles:
    """A prepared file for each render, and the clips that come into them."""

    def __init__(self, storage: ClipStorage, engine: Engine) -> None:
        self._storage = storage
        self._engine = engine
        self._prepared: dict[str, asyncio.Task[str | None]] = {}

    def expect(self, request_id: str, group: asyncio.TaskGroup) -> None:
        """A render begins: prepare its file."""
        self._prepared[request_id] = group.create_task(
            self._prepare(), name=f"preparing {request_id}"
        )

    async def make(
        self, request_id: str, frames: Frames, generation: GenerationRequest
    ) -> StoredClip:
        """Encode and save the clip. Raises StorageFull."""
        # forgotten once it holds the clip: until then `drop` removes it
        name = await self._prepared[request_id]
        clip = await asyncio.to_thread(self._make, name, frames, generation)
        del self._prepared[request_id]
        return clip

    async def drop(self, request_id: str) -> None:
        """There will be no clip: remove its file."""
        prepared = self._prepared.pop(request_id, None)
        name = None if prepared is None else await prepared
        if name is not None:
            await asyncio.to_thread(self._storage.remove, [name])

    async def remove(self, clip: StoredClip) -> None:
        """Delete a clip that nothing refers to."""
        await asyncio.to_thread(self._storage.remove, [clip.file_name])

    async def _prepare(self) -> str | None:
        """The file's name; None where that is not possible now, and is tried again with the
        clip."""
        try:
            return await asyncio.to_thread(self._storage.prepare)
        except (StorageFull, OSError) as error:
            log.warning("no file for a clip yet", reason=str(error))
            return None

    def _make(self, name: str | None, frames: Frames, generation: GenerationRequest) -> StoredClip:
        # in the file, so that a clip can be reproduced without its message
        comment = f"Made with Flipbook's {self._engine.name} engine from seed {generation.seed}"
        loop = generation.loop
        order = shown_order(len(frames), loop)
        playing = Playing(order, generation.smooth_fps, goes_round=loop is not None)
        video = encode(frames, generation.fps, metadata={"comment": comment}, playing=playing)
        name = name or self._storage.prepare()
        self._storage.save(name, video)
        return StoredClip(name, len(video), generation.seed, engine_label(self._engine))
