"""``/flipbook admin …``: limits, channels and blocked members of a workspace, by its admins; every change is kept."""

from collections.abc import Awaitable, Callable, Mapping

from adapters.slack import render_admin
from adapters.slack.admin_errors import AdminProblem, AdminRefused
from adapters.slack.payloads import Act
from adapters.slack.places import Places
from adapters.slack.text import ids_in, plain
from adapters.slack.values import Content
from adapters.slack.wishes import server_of, user_of
from generation.limit_words import limit_value
from generation.limits import LimitName
from generation.policy import Policy
from generation.service import Service

Change = Callable[[Act, str], Awaitable[Content]]


class Admin:
    """Serves the words after ``/flipbook admin``; raises FlipbookError when the answer is no."""

    def __init__(self, service: Service, places: Places) -> None:
        self._service = service
        self._places = places
        self._verbs: Mapping[tuple[str, str], Change] = {
            ("limits", ""): self._show_limits,
            ("limits", "show"): self._show_limits,
            ("limits", "set"): self._set_limit,
            ("limits", "reset"): self._reset_limits,
            ("channels", ""): self._show_policy,
            ("channels", "show"): self._show_policy,
            ("channels", "only"): self._only_channels,
            ("channels", "all"): self._all_channels,
            ("block", ""): self._show_policy,
            ("block", "show"): self._show_policy,
            ("block", "user"): self._block_user,
            ("block", "word"): self._block_word,
            ("unblock", "user"): self._unblock_user,
            ("unblock", "word"): self._unblock_word,
            ("audit", ""): self._audit,
        }

    async def serve(self, act: Act, words: str) -> Content:
        """Two words say what is wanted, the rest is its value."""
        if not await self._places.is_admin(act.user):
            raise AdminRefused(AdminProblem.NOT_ADMIN)
        topic, _, rest = words.partition(" ")
        verb, _, value = rest.strip().partition(" ")
        change = self._verbs.get((topic.lower(), verb.lower()))
        if change is None:
            return render_admin.help_content()
        return await change(act, value.strip())

    async def _show_limits(self, act: Act, _: str) -> Content:
        return render_admin.limits_content(await self._service.limits_of(server_of(act)))

    async def _set_limit(self, act: Act, words: str) -> Content:
        given, _, value = plain(words).replace("=", " ", 1).partition(" ")
        try:
            name = LimitName(given.lower().replace("-", "_"))
        except ValueError:
            raise AdminRefused(AdminProblem.UNKNOWN_LIMIT, given) from None
        changes = {name.value: limit_value(name, value)}
        limits = await self._service.set_limits(server_of(act), changes, by=user_of(act))
        return render_admin.limits_content(limits, changed=name)

    async def _reset_limits(self, act: Act, _: str) -> Content:
        return render_admin.limits_content(await self._service.reset_limits(server_of(act), by=user_of(act)))

    async def _show_policy(self, act: Act, _: str) -> Content:
        return render_admin.policy_content(await self._service.policy_of(server_of(act)))

    async def _only_channels(self, act: Act, words: str) -> Content:
        channels = ids_in(words, "#")
        if not channels:
            raise AdminRefused(AdminProblem.NAMELESS_CHANNEL, plain(words))
        return await self._change(act, lambda _: {"channels": frozenset(channels)})

    async def _all_channels(self, act: Act, _: str) -> Content:
        return await self._change(act, lambda _: {"channels": frozenset()})

    async def _block_user(self, act: Act, words: str) -> Content:
        users = _users(words)
        return await self._change(act, lambda policy: {"blocked_users": policy.blocked_users | users})

    async def _unblock_user(self, act: Act, words: str) -> Content:
        users = _users(words)
        return await self._change(act, lambda policy: {"blocked_users": policy.blocked_users - users})

    async def _block_word(self, act: Act, words: str) -> Content:
        term = _term(words)
        return await self._change(act, lambda policy: {"blocked_terms": policy.blocked_terms | {term}})

    async def _unblock_word(self, act: Act, words: str) -> Content:
        term = _term(words)
        return await self._change(act, lambda policy: {"blocked_terms": policy.blocked_terms - {term}})

    async def _audit(self, act: Act, _: str) -> Content:
        entries = await self._service.audit_of(server_of(act), limit=render_admin.MOST_AUDITED)
        return render_admin.audit_content(entries)

    async def _change(self, act: Act, change: Callable[[Policy], dict[str, frozenset[str]]]) -> Content:
        server = server_of(act)
        policy = await self._service.policy_of(server)
        changed = Policy.model_validate(policy.model_dump() | change(policy))
        return render_admin.policy_content(await self._service.set_policy(server, changed, by=user_of(act)))


def _users(words: str) -> frozenset[str]:
    users = frozenset(ids_in(words, "@"))
    if not users:
        raise AdminRefused(AdminProblem.NAMELESS_MEMBER, plain(words))
    return users


def _term(words: str) -> str:
    term = " ".join(plain(words).strip().strip('"').split())
    if not 1 <= len(term) <= 100:
        raise AdminRefused(AdminProblem.NO_WORD, term)
    return term
