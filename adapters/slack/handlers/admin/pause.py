"""``/flipbook admin pause`` and ``resume``: for admins of the workspace, and for the bot's
operators."""

from typing import Final

from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin
from adapters.slack.text.markup import plain
from generation.protocol.clock import Clock
from generation.service import Service
from generation.text.rules.moments import moment_from

PAUSE, RESUME = "pause", "resume"
_EVERYWHERE: Final = "everywhere"
_UNTIL: Final = "until"


class SlackPauseCommands:
    """Pauses new clips, and takes them again."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed: everything after the first word."""
        return {(PAUSE, ""): self._pause, (RESUME, ""): self._resume}

    async def _pause(self, act: Act, words: str) -> SlackContent:
        """``everywhere`` first, the reason, and last ``until`` with a moment."""
        reason, everywhere = _without_everywhere(plain(words))
        head, separator, until = reason.rpartition(f"{_UNTIL} ")
        moment = None
        # "until" may be a word of the reason: only one word can be a moment
        if separator and " " not in until.strip():
            zone = (await self._service.policy_of(server_ref(act))).time_zone
            moment = moment_from(until, self._clock.now(), zone)
            reason = head
        pause = await self._service.pause_from_chat(
            server_ref(act),
            reason.strip().strip('"'),
            by=user_ref(act),
            until=moment,
            everywhere=everywhere,
        )
        return admin.paused_content(pause)

    async def _resume(self, act: Act, words: str) -> SlackContent:
        _, everywhere = _without_everywhere(plain(words))
        ended = await self._service.resume_from_chat(
            server_ref(act), by=user_ref(act), everywhere=everywhere
        )
        return admin.resumed_content(ended)


def _without_everywhere(words: str) -> tuple[str, bool]:
    first, _, rest = words.strip().partition(" ")
    return (rest, True) if first.lower() == _EVERYWHERE else (words, False)
