"""Stops all calls to Slack once the app is removed or its token is revoked, and cancels what nobody
would see."""

import contextlib
from typing import Final

from adapters.slack.errors import AppRemoved, TokenDead
from adapters.slack.handlers.payloads import Removal
from adapters.slack.web_api import SlackApi
from generation.domain.job import JobStatus
from generation.domain.refs import Platform, ServerRef
from generation.protocol.errors import FlipbookError
from generation.service import Service

MOST_CANCELLED: Final = 1000


class SlackRemoval:
    """Handles the events of a removal."""

    def __init__(self, api: SlackApi, service: Service) -> None:
        self._api = api
        self._service = service

    async def stop(self, team: str, removal: Removal | None) -> None:
        """Send nothing more if the bot's own workspace removed it. Without the app, jobs that still
        wait are cancelled: a revoked token may be replaced, a removed app has nobody to show a clip
        to. Raises DeliveryError or StoreError."""
        if removal is None or team != (await self._api.identity()).team:
            return
        is_removed = removal is Removal.APP
        self._api.token.silence(AppRemoved() if is_removed else TokenDead("token_revoked"))
        if is_removed:
            server = ServerRef(Platform.SLACK, team)
            await self._service.server_left(server)
            await self._cancel_waiting(server)

    async def _cancel_waiting(self, server: ServerRef) -> None:
        for job in await self._service.queue_of(server, limit=MOST_CANCELLED):
            # what is rendered is paid for: after a new installation "show" brings it
            if job.status is not JobStatus.RUNNING:
                with contextlib.suppress(FlipbookError):
                    await self._service.cancel(job.id, by=job.requested_by, server=server)
