"""Posts notices on Slack: into the log channel, to a member, or to the admins that are known."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Final

from adapters.slack.delivery.posts import SlackPosts
from adapters.slack.errors import SlackRefused
from adapters.slack.models import MessageMetadata, PostTarget
from adapters.slack.text.notices import notice_content
from adapters.slack.web_api import SlackApi
from generation.domain.notice import Audience, Notice
from generation.ports import NoticePayload, SaveNote
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryDelayed, DeliveryStepFailed

CANNOT_POST: Final = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "cannot_dm_bot",
        "user_not_found",
        "user_disabled",
        "user_not_visible",
        "messages_tab_disabled",
        "thread_not_found",
    }
)
"""Slack's codes for a place that takes no message of the bot; those for a restricted action end in
its kind."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """Where a notice may have been posted already, and when (seconds since the epoch)."""

    channel: str
    at: float


class SlackNotices:
    """Posts each notice in the first place that takes it. ``admins`` are ids of members. Raises
    DeliveryError."""

    def __init__(
        self, api: SlackApi, posts: SlackPosts, clock: Clock, admins: frozenset[str]
    ) -> None:
        self._api = api
        self._posts = posts
        self._clock = clock
        self._admins = admins

    async def post(self, payload: NoticePayload, note: SaveNote) -> None:
        """Post it once: an attempt whose answer was lost is looked for first."""
        tried = None if payload.note is None else _Tried(**json.loads(payload.note))
        refusal: SlackRefused | None = None
        async for target in self._places(payload):
            before = tried if tried is not None and tried.channel == target.channel else None
            try:
                await self._post_in(target, payload.notice, note, before)
            except SlackRefused as error:
                if not _takes_no_message(error):
                    # the message itself, perhaps: no place is to blame
                    raise DeliveryDelayed(error.reason) from error
                refusal = error
            else:
                return
        if refusal is None:
            raise DeliveryStepFailed("there is no place where Flipbook may write")
        raise DeliveryStepFailed(refusal.reason) from refusal

    async def _post_in(
        self, target: PostTarget, notice: Notice, note: SaveNote, tried: _Tried | None
    ) -> None:
        # saved first: after a crash, this is where it may be
        await note(json.dumps(asdict(_Tried(target.channel, self._clock.now().timestamp()))))
        await self._posts.post(
            target,
            notice_content(notice),
            MessageMetadata(hashlib.sha256(notice.key.encode()).hexdigest()[:24], "notice"),
            tried_at=() if tried is None else (tried.at,),
        )

    async def _places(self, payload: NoticePayload) -> AsyncIterator[PostTarget]:
        """The conversations and threads to try, best first."""
        notice = payload.notice
        match notice.audience:
            case Audience.LOG_CHANNEL if payload.log_channel is not None:
                yield PostTarget(payload.log_channel.id)
            case Audience.ASKER if payload.clip is not None:
                clip = payload.clip
                yield PostTarget(clip.channel.id, clip.channel.thread or clip.id)
            case Audience.MEMBER if notice.member is not None:
                yield PostTarget(await self._api.open_direct(notice.member.id))
            case _:
                # Slack does not say who has installed the app
                for admin in sorted(self._admins):
                    try:
                        yield PostTarget(await self._api.open_direct(admin))
                    except SlackRefused as error:
                        if not _takes_no_message(error):
                            raise
                if channel := notice.details.get("channel"):
                    yield PostTarget(channel)


def _takes_no_message(error: SlackRefused) -> bool:
    return error.code in CANNOT_POST or error.code.startswith("restricted_action")
