"""``/flipbook admin …``: a workspace's admins set its limits, channels and blocks; every change is
audited."""

from typing import Final

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.access import Access
from adapters.slack.handlers.admin.limits import SlackLimitCommands
from adapters.slack.handlers.admin.policy import SlackPolicyCommands
from adapters.slack.handlers.admin.styles import SlackStyleCommands
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref
from adapters.slack.text import asking, lists
from adapters.slack.text import help as help_text
from generation.service import Service

_OTHER_WORDS: Final = {"all": "everywhere", "user": "member", "word": "term"}
"""Verbs that people may type for those of the other chat and the terminal."""


class SlackAdminCommands:
    """Handles the words after ``/flipbook admin``; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, access: Access) -> None:
        self._service = service
        self._access = access
        self._verbs: AdminVerbs = {
            ("audit", ""): self._audit,
            **SlackLimitCommands(service).verbs,
            **SlackPolicyCommands(service).verbs,
            **SlackStyleCommands(service).verbs,
        }

    async def handle(self, act: Act, words: str) -> SlackContent:
        """Two words name the verb, the rest is its value."""
        if not await self._access.is_admin(act.user):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
        topic, _, rest = words.partition(" ")
        verb, _, value = rest.strip().partition(" ")
        verb = verb.lower()
        handle = self._verbs.get((topic.lower(), _OTHER_WORDS.get(verb, verb)))
        if handle is None:
            return asking.with_typed(help_text.admin_content(), act.typed if topic else "")
        return await handle(act, value.strip())

    async def _audit(self, act: Act, _: str) -> SlackContent:
        entries = await self._service.audit_of(server_ref(act), limit=lists.MOST_AUDITED)
        return lists.audit_content(entries)
