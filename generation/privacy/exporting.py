"""A copy of everything that is kept of one member, as JSON for them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from generation.delivery.clip_links import ClipLinks
from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId
from generation.domain.refs import UserRef
from generation.domain.report import Report
from generation.ports import Store
from generation.protocol.clock import Clock
from generation.protocol.errors import ExportTooLarge
from generation.rules.ledger import Entry

_PAGE: Final = 200
_FORMAT: Final = 1
MAX_BYTES: Final = 8_000_000
"""What both chats take as a file from a bot."""


class Exporter:
    """Makes copies. ``links`` are None where the service has no public address: then clips are
    named, and can be had with the command that shows them again."""

    def __init__(self, store: Store, clock: Clock, links: ClipLinks | None = None) -> None:
        self._store = store
        self._clock = clock
        self._links = links

    async def export(self, user: UserRef, *, max_bytes: int | None = MAX_BYTES) -> bytes:
        """The copy, UTF-8, jobs of all servers, oldest first. Raises ExportTooLarge, StoreError."""
        now, size = self._clock.now(), 0
        jobs: list[str] = []
        after: JobId | None = None
        while page := await self._store.all_jobs_of(user, until=now, after=after, limit=_PAGE):
            after = page[-1].id
            for each in await self._page(page):
                jobs.append(json.dumps(each, ensure_ascii=False, indent=2))
                size += len(jobs[-1].encode())
            # judged as it grows: nobody's copy fills the memory
            if max_bytes is not None and size > max_bytes:
                raise ExportTooLarge
        head = json.dumps(await self._head(user, now), ensure_ascii=False, indent=2)
        return f'{head[:-2]},\n  "jobs": [{",".join(jobs)}]\n}}\n'.encode()

    async def _head(self, user: UserRef, now: datetime) -> dict[str, Any]:
        forgetting = await self._store.forgetting_of(user)
        return {
            "format": _FORMAT,
            "made_at": now.isoformat(),
            "member": str(user),
            "asked_to_be_forgotten_at": _moment(forgetting.asked_at if forgetting else None),
            "last_export_at": _moment(await self._store.exported_at(user)),
            "choices": {
                str(server): choices.model_dump(mode="json", exclude_none=True)
                for server, choices in (await self._store.every_choice_of(user)).items()
            },
            "reports": [_report(each) for each in await self._store.every_report_by(user)],
        }

    async def _page(self, page: Sequence[Job]) -> list[dict[str, Any]]:
        ids = [job.id for job in page]
        deliveries = await self._store.deliveries_of(ids)
        lines: dict[JobId, list[Entry]] = {}
        for line in await self._store.ledger_of_jobs(ids):
            lines.setdefault(line.job_id, []).append(line)
        return [
            _job(job, self._clip(job))
            | {"delivery": _delivery(deliveries.get(job.id)), "ledger": _lines(lines.get(job.id))}
            for job in page
        ]

    def _clip(self, job: Job) -> Mapping[str, Any] | None:
        if job.artifact is None:
            return None
        link = None if self._links is None else self._links.to(job.id)
        return {
            "bytes": job.artifact.size_bytes,
            "link": None if link is None else link.url,
            "link_expires_at": _moment(None if link is None else link.until),
        }


def _job(job: Job, clip: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": job.id,
        "number": job.number,
        "private": job.is_private,
        "server": str(job.channel.server),
        "channel": job.channel.id,
        "thread": job.channel.thread,
        "origin": job.origin,
        "rerolled_from": job.parent,
        "status": job.status.value,
        "asked_at": _moment(job.created_at),
        "began_at": _moment(job.started_at),
        "ended_at": _moment(job.finished_at),
        "request": job.request.model_dump(mode="json"),
        "style": None if job.style is None else job.style.model_dump(mode="json"),
        "prompt_removed_at": _moment(job.prompt_removed_at),
        "made_by": job.engine or job.backend,
        "failure": None if job.failure is None else job.failure.kind.value,
        "clip": clip,
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "clip": report.job_id,
        "server": str(report.server),
        "reason": report.reason.value,
        "words": report.words,
        "at": _moment(report.at),
        "decision": None if report.decision is None else report.decision.value,
    }


def _delivery(delivery: Delivery | None) -> dict[str, Any] | None:
    if delivery is None:
        return None
    message = delivery.message
    return {
        "status": delivery.status.value,
        "message": None if message is None else message.id,
        "message_channel": None if message is None else message.channel.id,
        "sent_at": _moment(delivery.sent_at),
        "why_not_as_usual": list(delivery.told),
    }


def _lines(lines: Sequence[Entry] | None) -> list[dict[str, Any]]:
    return [
        {
            "kind": line.kind.value,
            "clips": line.clips,
            "micros": line.amount,
            "day": line.day.isoformat(),
            "at": _moment(line.at),
        }
        for line in lines or ()
    ]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
