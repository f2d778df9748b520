"""``/flipbook admin allow|disallow|terms|reports …``: words as lists and phrases, and what members
report."""

from dataclasses import replace

from adapters.slack.errors import AdminProblem, AdminRefused
from adapters.slack.handlers.admin.verbs import AdminVerb, AdminVerbs
from adapters.slack.handlers.clips.context import actor_of
from adapters.slack.models import Act, SlackContent
from adapters.slack.refs import server_ref, user_ref
from adapters.slack.text import clips
from adapters.slack.text.markup import SLACK, plain
from generation.domain.report import Decision
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.visible import is_blank
from generation.rules.policy import PolicyName
from generation.service import Service, words
from generation.text.rules.screen import changed_rule_lines


class SlackModerationCommands:
    """Changes words, and shows and decides reports."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def verbs(self) -> AdminVerbs:
        """What may be typed."""
        decisions: dict[tuple[str, str], AdminVerb] = {
            ("reports", decision.value): self._deciding(decision) for decision in Decision
        }
        return {
            ("allow", "term"): self._allow,
            ("disallow", "term"): self._disallow,
            ("terms", "import"): self._import,
            ("reports", ""): self._reports,
            ("reports", "show"): self._reports,
            **decisions,
        }

    async def _allow(self, act: Act, typed: str) -> SlackContent:
        phrase = _phrase(typed)
        return await self._change(
            act, PolicyName.ALLOWED_TERMS, lambda policy: words.allowed(policy, phrase)
        )

    async def _disallow(self, act: Act, typed: str) -> SlackContent:
        phrase = _phrase(typed)
        return await self._change(
            act, PolicyName.ALLOWED_TERMS, lambda policy: words.disallowed(policy, phrase)
        )

    async def _import(self, act: Act, typed: str) -> SlackContent:
        """One term a line: Slack keeps the lines of what is pasted into a command."""
        text = plain(typed)
        if is_blank(text):
            raise InvalidRequest((Violation("list", "one word or phrase a line", "nothing"),))
        return await self._change(
            act, PolicyName.BLOCKED_TERMS, lambda policy: words.with_list(policy, text)
        )

    async def _reports(self, act: Act, _: str) -> SlackContent:
        return clips.reports_content(await self._service.open_reports(server_ref(act)))

    def _deciding(self, decision: Decision) -> AdminVerb:
        async def decide(act: Act, typed: str) -> SlackContent:
            admin = replace(actor_of(act), is_moderator=True)
            job = await self._service.with_named(
                typed,
                admin.server,
                lambda job_id: self._service.decide(job_id, decision, admin),
            )
            return clips.decided_content(job, decision, admin.user)

        return decide

    async def _change(self, act: Act, name: PolicyName, change: words.Change) -> SlackContent:
        done = await self._service.change_policy(server_ref(act), change, by=user_ref(act))
        return SlackContent("\n".join(changed_rule_lines(done.before, done.after, [name], SLACK)))


def _phrase(typed: str) -> str:
    phrase = " ".join(plain(typed).strip().strip('"').split())
    if is_blank(phrase):
        raise AdminRefused(AdminProblem.NO_WORD, phrase)
    return phrase
