"""``/flipbook admin channels|block|unblock …``: where the bot answers, and whom."""

from collections.abc import Callable

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import admin
from adapters.slack.text.markup import ids_in, plain
from generation.protocol.visible import is_blank
from generation.rules.allow_lists import (
    Changes,
    with_denied_channels,
    without_denied_channels,
)
from generation.rules.policy import MAX_TERM, Policy
from generation.service import Service


class PolicyChanges:
    """What commands about a workspace's policy share."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def show_policy(self, act: Act, _: str) -> SlackContent:
        """The whole policy."""
        return admin.policy_content(await self._service.policy_of(server_ref(act)))

    async def change_policy(self, act: Act, change: Callable[[Policy], Changes]) -> SlackContent:
        """Replace the fields of the policy that ``change`` returns, and show it whole."""
        changed = await self._service.change_policy(server_ref(act), change, by=user_ref(act))
        return admin.policy_content(changed.after.policy, before=changed.before.policy)


class SlackPolicyCommands(PolicyChanges):
    """Shows and changes where the bot answers, and whom."""

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("channels", ""): self.show_policy,
            ("channels", "show"): self.show_policy,
            ("channels", "only"): self._only_channels,
            ("channels", "add"): self._add_channels,
            ("channels", "remove"): self._remove_channels,
            ("channels", "everywhere"): self._all_channels,
            ("channels", "deny"): self._deny_channels,
            ("channels", "allow"): self._allow_channels,
            ("block", ""): self.show_policy,
            ("block", "show"): self.show_policy,
            ("block", "member"): self._block_user,
            ("block", "term"): self._block_word,
            ("unblock", "member"): self._unblock_user,
            ("unblock", "term"): self._unblock_word,
        }

    async def _only_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self.change_policy(act, lambda _: {"channels": channels})

    async def _add_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self.change_policy(
            act, lambda policy: {"channels": policy.channels | channels}
        )

    async def _remove_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self.change_policy(
            act, lambda policy: {"channels": policy.without_channels(channels)}
        )

    async def _all_channels(self, act: Act, _: str) -> SlackContent:
        return await self.change_policy(act, lambda _: {"channels": frozenset()})

    async def _deny_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self.change_policy(act, lambda policy: with_denied_channels(policy, channels))

    async def _allow_channels(self, act: Act, words: str) -> SlackContent:
        channels = _channels(words)
        return await self.change_policy(
            act, lambda policy: without_denied_channels(policy, channels)
        )

    async def _block_user(self, act: Act, words: str) -> SlackContent:
        users = users_in(words)
        return await self.change_policy(
            act, lambda policy: {"blocked_users": policy.blocked_users | users}
        )

    async def _unblock_user(self, act: Act, words: str) -> SlackContent:
        unblocked = self._service.names_of(server_ref(act), *users_in(words))
        return await self.change_policy(
            act, lambda policy: {"blocked_users": policy.blocked_users - unblocked}
        )

    async def _block_word(self, act: Act, words: str) -> SlackContent:
        term = _term(words)
        return await self.change_policy(
            act, lambda policy: {"blocked_terms": policy.with_term(term)}
        )

    async def _unblock_word(self, act: Act, words: str) -> SlackContent:
        term = _term(words)
        return await self.change_policy(
            act, lambda policy: {"blocked_terms": policy.without_term(term)}
        )


def _channels(words: str) -> frozenset[str]:
    channels = frozenset(ids_in(words, "#"))
    if not channels:
        raise AdminRefused(AdminProblem.NAMELESS_CHANNEL, plain(words))
    return channels


def users_in(words: str) -> frozenset[str]:
    """The members that an admin has mentioned. Raises AdminRefused for none."""
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
