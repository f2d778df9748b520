"""``/flipbook admin members …``: who may make clips."""

from adapters.slack.handlers.admin.policy import PolicyChanges, users_in
from adapters.slack.handlers.admin.verbs import AdminVerbs
from adapters.slack.models import Act, SlackContent
from generation.rules.allow_lists import EVERY_MEMBER, with_members, without_members


class SlackAllowedMemberCommands(PolicyChanges):
    """Shows and changes which members may ask; Slack's groups would need another scope."""

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        return {
            ("members", ""): self.show_policy,
            ("members", "show"): self.show_policy,
            ("members", "allow"): self._allow,
            ("members", "add"): self._allow,
            ("members", "remove"): self._remove,
            ("members", "everyone"): self._everyone,
        }

    async def _allow(self, act: Act, words: str) -> SlackContent:
        members = users_in(words)
        return await self.change_policy(act, lambda policy: with_members(policy, members))

    async def _remove(self, act: Act, words: str) -> SlackContent:
        members = users_in(words)
        return await self.change_policy(act, lambda policy: without_members(policy, members))

    async def _everyone(self, act: Act, _: str) -> SlackContent:
        return await self.change_policy(act, lambda _policy: EVERY_MEMBER)
