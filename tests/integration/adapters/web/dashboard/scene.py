"""A bot with some history: two servers, clips, a queue, reports, changes and troubles."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.composition import App
from clips import clip
from factories import a_delivery, a_job, a_request
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.domain.report import Report, ReportReason
from generation.protocol.errors import DeliveryDelayed
from generation.protocol.progress import Steps
from generation.rules import ledger

GUILD = ServerRef(Platform.DISCORD, "112233445566778899")
WORKSPACE = ServerRef(Platform.SLACK, "T0PAPERTOWN")
PROMPTS = (
    "a paper boat on a stormy sea, oil painting",
    "a red fox running through fresh snow at dawn",
    "<script>alert('prompt')</script> & friends",
    "an astronaut watering tomatoes on the moon, film grain, soft light, wide lens, gentle drift of the camera",
    "koi in a pond, drawn in ink",
    "lighthouse in fog",
)


EVERY_PAGE = (
    "",
    "queue/now",
    "gallery",
    f"jobs/{1:024x}",
    "servers",
    f"servers/{GUILD}",
    "spend",
    "health",
    "reports",
    "audit",
    "settings",
    "troubles",
)


async def furnish(app: App, folder: Path, *, clips: int = 30) -> None:
    """Fill the bot's database, its clips and its line."""
    draw = random.Random(3)
    video = folder / "clip.mp4"
    video.write_bytes(clip(count=4, height=64, width=64))
    now = app.clock.now()
    made = []
    for number in range(clips):
        job = _job(number, draw, now - timedelta(hours=5 * number + 1))
        cost = Micros(draw.choice([10_000, 50_000, 120_000]))
        done = replace(
            job,
            status=JobStatus.SUCCEEDED,
            reserved=cost,
            cost=cost,
            backend="worker",
            started_at=job.created_at + timedelta(seconds=2),
            finished_at=job.created_at + timedelta(seconds=9),
            artifact=await app.ports.artifacts.save(job.id, video),
            hidden_at=now if number == 4 else None,
        )
        made.append(done)
        await _add(app, done)
    for number in range(clips, clips + 7):
        job = _job(number, draw, now - timedelta(seconds=10 * (clips + 10 - number)))
        await _add(app, job)
        app.schedule.line.job_moved(job)
        if number < clips + 2:
            running = replace(job, status=JobStatus.RUNNING, backend="worker", started_at=now)
            app.schedule.line.job_moved(running)
            app.schedule.note_rest(running, 12.0 + number, Steps(9 + number - clips, 25))
    await _rules(app)
    async with app.ports.store.transaction() as tx:
        for job, words in zip(made[:2], ("it is of my sister", ""), strict=True):
            server = job.channel.server
            by = UserRef(server.platform, "99")
            await tx.add_report(Report(job.id, server, by, ReportReason.PERSON, words, now))
    for _ in range(3):
        app.observer.trouble("delivery put off", DeliveryDelayed("Discord answers 503"), job_id=made[0].id)
    app.observer.trouble("running a job", ValueError("list index out of range"), job_id=made[1].id)


async def _rules(app: App) -> None:
    by = UserRef(Platform.DISCORD, "7001")
    await app.service.set_ceilings(GUILD, {"user_clips_per_day": 20}, by=UserRef(Platform.TERMINAL, "operator"))
    await app.service.change_rules(GUILD, {"user_clips_per_day": 50, "max_frames": 24}, by=by)
    await app.service.pause(WORKSPACE, "back at 18:00 <b>sharp</b>", by=UserRef(Platform.TERMINAL, "operator"))


def _job(number: int, draw: random.Random, at: datetime) -> Job:
    server = GUILD if number % 3 else WORKSPACE
    return a_job(
        id=JobId(f"{number + 1:024x}"),
        origin=f"origin {number}",
        request=a_request(prompt=PROMPTS[number % len(PROMPTS)], seed=draw.getrandbits(32)),
        channel=ChannelRef(server, "5001"),
        requested_by=UserRef(server.platform, str(7001 + number % 4)),
        created_at=at,
    )


async def _add(app: App, job: Job) -> None:
    async with app.ports.store.transaction() as tx:
        await tx.standing(job.channel.server, job.requested_by, job.created_at)
        await tx.append(ledger.reserve(replace(job, status=JobStatus.PENDING), job.created_at))
        await tx.add_job(job, a_delivery(job), None)
