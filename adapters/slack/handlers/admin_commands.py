"""``/flipbook admin …``: a workspace's admins set its limits, channels and blocks; every change is
audited."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.access import Access
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import asking, lists
from adapters.slack.text import help as help_text
from adapters.slack.text.markup import SLACK, ids_in, plain
from generation.domain.policy import MAX_TERM, Policy
from generation.protocol.visible import is_blank
from generation.service import Service
from generation.text.limits import limit_named, limit_value

_OTHER_WORDS: Final = {"all": "everywhere", "user": "member", "word": "term"}
"""Verbs that people may type for those of the other chat and the terminal."""
AdminVerb = Callable[[Act, str], Awaitable[SlackContent]]
"""Handles the words after two known ones, such as ``limits set``."""


class SlackAdminCommands:
    """Handles the words after ``/flipbook admin``; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, access: Access) -> None:
        self._service = service
        self._access = access
        self._verbs: Mapping[tuple[str, str], AdminVerb] = {
            ("limits", ""): self._show_limits,
            ("limits", "show"): self._show_limits,
            ("limits", "set"): self._set_limit,
            ("limits", "reset"): self._reset_limits,
            ("channels", ""): self._show_policy,
            ("channels", "show"): self._show_policy,
            ("channels", "only"): self._only_channels,
            ("channels", "add"): self._add_channels,
            ("channels", "remove"): self._remove_channels,
            ("channels", "everywhere"): self._all_channels,
            ("block", ""): self._show_policy,
            ("block", "show"): self._show_policy,
            ("block", "member"): self._block_user,
            ("block", "term"): self._block_word,
            ("unblock", "member"): self._unblock_user,
            ("unblock", "term"): self._unblock_word,
            ("audit", ""): self._audit,
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

    async def _show_limits(self, act: Act, _: str) -> SlackContent:
        return lists.limits_content(await self._service.limits_of(server_ref(act)))

    async def _set_limit(self, act: Act, words: str) -> SlackContent:
        # max_frames=8 is as good as max_frames 8
        given, _, value = plain(words).replace("=", " ", 1).partition(" ")
        try:
            name = limit_named(given)
        except ValueError:
            raise AdminRefused(AdminProblem.UNKNOWN_LIMIT, given) from None
        changes = {name.value: limit_value(name, value, SLACK)}
        before = await self._service.limits_of(server_ref(act))
        limits = await self._service.set_limits(server_ref(act), changes, by=user_ref(act))
        return lists.limits_content(limits, changed=name, before=before)

    async def _reset_limits(self, act: Act, _: str) -> SlackContent:
        return lists.limits_content(
            await self._service.reset_limits(server_ref(act), by=user_ref(act))
        )

    async def _show_policy(self, act: Act, _: str) -> SlackContent:
        return lists.policy_content(await self._service.policy_of(server_ref(act)))

    async def _only_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self._change(act, lambda _: {"channels": channels})

    async def _add_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self._change(act, lambda policy: {"channels": policy.channels | channels})

    async def _remove_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self._change(
            act, lambda policy: {"channels": policy.without_channels(channels)}
        )

    async def _all_channels(self, act: Act, _: str) -> SlackContent:
        return await self._change(act, lambda _: {"channels": frozenset()})

    async def _block_user(self, act: Act, words: str) -> SlackContent:
        users = _users(words)
        return await self._change(
            act, lambda policy: {"blocked_users": policy.blocked_users | users}
        )

    async def _unblock_user(self, act: Act, words: str) -> SlackContent:
        users = _users(words)
        return await self._change(
            act, lambda policy: {"blocked_users": policy.blocked_users - users}
        )

    async def _block_word(self, act: Act, words: str) -> SlackContent:
        term = _term(words)
        return await self._change(act, lambda policy: {"blocked_terms": policy.with_term(term)})

    async def _unblock_word(self, act: Act, words: str) -> SlackContent:
        term = _term(words)
        return await self._change(act, lambda policy: {"blocked_terms": policy.without_term(term)})

    async def _audit(self, act: Act, _: str) -> SlackContent:
        entries = await self._service.audit_of(server_ref(act), limit=lists.MOST_AUDITED)
        return lists.audit_content(entries)

    async def _change(
        self, act: Act, change: Callable[[Policy], dict[str, frozenset[str]]]
    ) -> SlackContent:
        server = server_ref(act)
        policy = await self._service.policy_of(server)
        # model_copy would not validate what an admin wrote
        changed = Policy.model_validate(policy.model_dump() | change(policy))
        saved = await self._service.set_policy(server, changed, by=user_ref(act))
        return lists.policy_content(saved, before=policy)


def _channels(words: str) -> frozenset[str]:
    channels = frozenset(ids_in(words, "#"))
    if not channels:
        raise AdminRefused(AdminProblem.NAMELESS_CHANNEL, plain(words))
    return channels


def _users(words: str) -> frozenset[str]:
    users = frozenset(ids_in(words, "@"))
    if not users:
        raise AdminRefused(AdminProblem.NAMELESS_MEMBER, plain(words))
    return users


def _term(words: str) -> str:
    # the quotes around a term of several words do not belong to it
    term = " ".join(plain(words).strip().strip('"').split())
    if is_blank(term) or len(term) > MAX_TERM:
        raise AdminRefused(AdminProblem.NO_WORD, term)
    return term
