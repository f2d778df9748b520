"""What the pictures show: one clip from queued to done, and a refusal, as the core's own values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.slack.models import Identity
from adapters.slack.text.home.page import HomePage
from generation.domain.gallery import HistoryPage, ShownJob
from generation.domain.job import (
    Artifact,
    Failure,
    FailureKind,
    Job,
    JobId,
    JobStatus,
    RequestHandle,
)
from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.protocol.errors import LimitExceeded
from generation.protocol.progress import Phase, Progress, Steps
from generation.protocol.request import GenerationRequest, VideoSizePreset
from generation.rules.choices import MemberChoices, OwnChoices
from generation.rules.limits import LimitName, Limits, Usage, day_of
from generation.rules.policy import Policy
from generation.service import Quota
from generation.service.pages import MemberClips

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NAMES: Final = {"7001": "mia", "U0MIA": "mia"}
QUEUED: Final = Progress(Phase.QUEUED, position=2)
RENDERING: Final = Progress(Phase.RENDERING, steps=Steps(17, 25), eta_seconds=4)
RENDERING_ON: Final = tuple(
    Progress(Phase.RENDERING, steps=Steps(done, 25), eta_seconds=round((25 - done) / 2))
    for done in (3, 9, 15, 21)
)
"""The same clip at later and later looks."""
TOO_MANY: Final = LimitExceeded(
    LimitName.USER_CLIPS_PER_DAY, allowed="20", used="20", resets_at=NOW + timedelta(hours=12)
)
REQUEST: Final = GenerationRequest.model_validate(
    {
        "prompt": "a paper boat on a stormy sea",
        "seed": 2871436,
        "video_size": VideoSizePreset.LANDSCAPE_16_9,
    }
)
WELCOME: Final = Notice(
    key="welcome",
    server=ServerRef(Platform.DISCORD, "9001"),
    audience=Audience.INSTALLER,
    kind=NoticeKind.WELCOME,
    details={"limits": Limits().model_dump_json(), "standard": "$0.05", "turbo": "$0.01"},
    created_at=NOW,
)
_ASKERS: Final = {Platform.DISCORD: "7001", Platform.SLACK: "U0MIA"}


def job_on(platform: Platform, status: JobStatus) -> Job:
    """The clip that mia asks for, in that status; it takes nine seconds."""
    server = ServerRef(platform, "9001")
    job = Job(
        id=JobId("5f0c1d7e9a2b4c6d8e0f1a2b"),
        request=REQUEST,
        requested_by=UserRef(platform, _ASKERS[platform]),
        channel=ChannelRef(server, "5001"),
        origin="a picture",
        created_at=NOW,
        reserved=Micros(0),
    )
    return job if status is JobStatus.PENDING else _in_status(job, status)


def _in_status(job: Job, status: JobStatus) -> Job:
    handle = RequestHandle("worker", job.request.endpoint, "r1", 1)
    running = job.submitting("worker", NOW).queued(handle).running(NOW)
    if status is JobStatus.RUNNING:
        return running
    made = Artifact(f"{job.id}.mp4", 412_345)
    return running.succeeded(made, Micros(0), NOW + timedelta(seconds=9), engine="preview")


def failed_on(platform: Platform) -> Job:
    """The same clip, which could not be made."""
    running = job_on(platform, JobStatus.RUNNING)
    return running.failed(Failure(FailureKind.GENERATION), NOW + timedelta(seconds=9))


def home_page() -> HomePage:
    """mia's Home tab: one clip that renders, and two that have ended."""
    clip = replace(job_on(Platform.SLACK, JobStatus.SUCCEEDED), number=1042)
    failed = failed_on(Platform.SLACK)
    running = replace(
        job_on(Platform.SLACK, JobStatus.RUNNING),
        id=JobId("5f0c1d7e9a2b4c6d8e0f1a2c"),
        number=1043,
        request=REQUEST.model_copy(update={"prompt": "an old lighthouse at dusk"}),
    )
    lost = replace(
        failed,
        id=JobId("5f0c1d7e9a2b4c6d8e0f1a2d"),
        number=1041,
        request=REQUEST.model_copy(update={"prompt": "a red fox in snow"}),
    )
    used = Usage(
        user_clips_today=3,
        server_clips_today=11,
        user_active_jobs=1,
        server_active_jobs=4,
        server_spent_today=Micros(250_000),
        all_spent_today=Micros(250_000),
        day=day_of(NOW),
    )
    channel = ChannelRef(clip.channel.server, clip.channel.id)
    shown = (ShownJob(clip, MessageRef(channel, "1700000000.000100")), ShownJob(lost, None))
    return HomePage(
        MemberClips(((running, RENDERING),), HistoryPage(shown, older_than=lost.id)),
        Quota(Limits(), used),
        Identity("T1", "U1", "B1", frozenset(), url="https://home.slack.com/"),
        OwnChoices(MemberChoices(style="watercolor"), Policy(), Limits()),
    )
