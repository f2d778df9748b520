"""Servers: what is set, what the operator allows at most, what is in force; and changing it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources, operator
from generation.domain.pricing import Micros, money
from generation.domain.refs import ServerRef, UserRef
from generation.rules.limits import LimitName
from generation.rules.limits.presets import PRESETS, preset_named
from generation.rules.policy import PolicyName
from generation.rules.server_rules import ServerRules
from generation.text.audit import audit_words
from generation.text.dialect import Dialect, plain_for
from generation.text.limits import (
    limit_label,
    limit_range_words,
    limit_value,
    limit_words,
)
from generation.text.rules.pauses import paused_words, resumed_words
from generation.text.rules.policy import (
    policy_label,
    policy_range_words,
    policy_value,
    policy_words,
)
from generation.text.rules.screen import (
    changed_rule_lines,
    has_ceiling,
    preset_lines,
    role_lines,
    rule_notes,
)

_CHANGES_SHOWN: Final = 10
_SERVER: Final = "/servers/{server}"
_LONGEST_ID: Final = 64
"""Characters of a server; no chat has longer ids."""
Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in its three layers, in words; ``allowed`` says what may be written."""

    name: LimitName
    label: str
    set: str
    ceiling: str
    in_force: str
    is_capped: bool
    allowed: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """Any other rule, in words."""

    name: PolicyName
    label: str
    value: str
    allowed: str


class ServersPage:
    """A list of servers, and a page for each."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The pages, and what can be done there."""
        acts = {
            "limit": self._set_limit,
            "ceiling": self._set_ceiling,
            "rule": self._set_rule,
            "preset": self._apply_preset,
            "pause": self._pause,
            "resume": self._resume,
        }
        return [
            Route("/servers", self._list),
            Route(_SERVER, self._one),
            *(act_route(f"{_SERVER}/{word}", act, self._templates) for word, act in acts.items()),
        ]

    async def _list(self, request: Request) -> Response:
        store, service = self._sources.store, self._sources.service
        today = self._sources.clock.now().date()
        servers = await self._sources.servers.latest()
        totals = {
            scope: used
            for scope, _, used in await store.daily_totals(list(map(str, servers)), today, today)
        }
        paused = {pause.server: pause for pause in await service.pauses()}
        return self._templates.page(
            request,
            "servers",
            servers=[(each, totals.get(str(each)), paused.get(each)) for each in servers],
            money=lambda amount: money(Micros(amount)),
        )

    async def _one(self, request: Request) -> Response:
        server = _server_of(request)
        if server is None:
            return PlainTextResponse("There is no such server.", 404)
        service, d = self._sources.service, self._templates.naming.words(server)
        rules = await service.rules_of(server)
        quota = await service.quota(UserRef(server.platform, ""), server)
        return self._templates.page(
            request,
            "servers",
            template="server",
            server=server,
            limits=[_limit_row(rules, name, d) for name in LimitName],
            policy=[
                PolicyRow(
                    name,
                    policy_label(name, d),
                    policy_words(rules.policy, name, d),
                    policy_range_words(name, d),
                )
                for name in PolicyName
            ],
            roles=role_lines(rules, d),
            notes=rule_notes(rules, d),
            presets=[preset.name for preset in PRESETS],
            pause=rules.pause,
            usage=quota.usage,
            audit=[
                audit_words(entry, d)
                for entry in await service.audit_of(server, limit=_CHANGES_SHOWN)
            ],
        )

    async def _set_limit(self, request: Request, form: Form, visitor: Visitor) -> str:
        server, name, d = _named(request, form)
        value = limit_value(name, form.get("value", ""), d)
        change = await self._sources.service.change_rules(
            server, {name.value: value}, by=operator(visitor.name)
        )
        return "\n".join(changed_rule_lines(change.before, change.after, [name], d))

    async def _set_ceiling(self, request: Request, form: Form, visitor: Visitor) -> str:
        server, name, d = _named(request, form)
        value = limit_value(name, form.get("value", ""), d)
        by = operator(visitor.name)
        await self._sources.service.set_ceilings(server, {name.value: value}, by=by)
        ceiling = limit_words((await self._sources.service.rules_of(server)).ceiling, name, d)
        return f"The ceiling of {limit_label(name, d)} is now {ceiling}."

    async def _set_rule(self, request: Request, form: Form, visitor: Visitor) -> str:
        server = _known(request)
        d, name = plain_for(server.platform), _chosen(PolicyName, form)
        value = policy_value(name, form.get("value", ""), d)
        change = await self._sources.service.change_rules(
            server, {name.value: value}, by=operator(visitor.name)
        )
        return "\n".join(changed_rule_lines(change.before, change.after, [name], d))

    async def _apply_preset(self, request: Request, form: Form, visitor: Visitor) -> str:
        server, preset = _known(request), preset_named(form.get("preset", ""))
        if preset is None:
            raise ValueError("There is no such preset.")
        by = operator(visitor.name)
        change = await self._sources.service.apply_preset(server, preset, by=by)
        d = plain_for(server.platform)
        return "\n".join(preset_lines(preset, change.before, change.after, d))

    async def _pause(self, request: Request, form: Form, visitor: Visitor) -> str:
        server, by = _known(request), operator(visitor.name)
        pause = await self._sources.service.pause(server, form.get("reason", ""), by=by)
        return paused_words(pause, plain_for(server.platform))

    async def _resume(self, request: Request, _form: Form, visitor: Visitor) -> str:
        server = _known(request)
        pause = await self._sources.service.resume(server, by=operator(visitor.name))
        return resumed_words(pause, plain_for(server.platform))


def _server_of(request: Request) -> ServerRef | None:
    try:
        server = ServerRef.parse(request.path_params["server"])
    except ValueError:
        return None
    return server if server.id.isprintable() and len(server.id) <= _LONGEST_ID else None


def _known(request: Request) -> ServerRef:
    """The server of an act. Raises ValueError."""
    server = _server_of(request)
    if server is None:
        raise ValueError("There is no such server.")
    return server


def _named(request: Request, form: Form) -> tuple[ServerRef, LimitName, Dialect]:
    server = _known(request)
    return server, _chosen(LimitName, form), plain_for(server.platform)


def _chosen(names: type[Name], form: Form) -> Name:
    """The rule that a form is about. Raises ValueError for a form that is not ours."""
    given = form.get("name", "")
    if given not in set(names):
        raise ValueError("There is no such rule.")
    return names(given)


def _limit_row(rules: ServerRules, name: LimitName, d: Dialect) -> LimitRow:
    return LimitRow(
        name,
        limit_label(name, d),
        limit_words(rules.limits, name, d),
        limit_words(rules.ceiling, name, d) if has_ceiling(rules, name) else "",
        limit_words(rules.in_force, name, d),
        rules.is_capped(name),
        limit_range_words(name, d),
    )
