"""The dashboard of a running bot: what its pages read, and who may see them."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from adapters.web.dashboard.app import Dashboard
from adapters.web.dashboard.entrance import Entrance, LinkEntrance, ProxyEntrance
from adapters.web.dashboard.guard import ROOT
from adapters.web.dashboard.shared_look import SharedLook
from adapters.web.dashboard.sources import (
    Explanation,
    Healthy,
    KnownServers,
    SettingShown,
    Sources,
)
from bot.commands.admin.effective_settings import effective_settings
from bot.commands.doctor.apart import examine_apart
from bot.composition import App
from bot.settings import (
    ENV_FILE,
    DashboardAccess,
    Settings,
    values_in_environment,
    variable_of,
)
from generation.ports import Logins
from generation.protocol.clock import Clock
from generation.protocol.hosts import host_name, is_loopback

_OPERATOR: Final = "operator"
"""Whom acts are audited under, where a link let them in: who has the machine."""


Examine = Callable[[], Awaitable[Sequence[Explanation]]]


def dashboard_of(app: App, health: Healthy, *, examine: Examine | None = None) -> Dashboard | None:
    """The pages, or None where they are switched off. ``examine`` is the doctor, by default in a
    process of its own."""
    settings = app.settings
    if settings.dashboard is DashboardAccess.OFF:
        return None
    sources = Sources(
        service=app.service,
        store=app.ports.store,
        servers=KnownServers(app.ports.store, app.clock),
        schedule=app.schedule,
        backends=app.ports.backends,
        breakers=app.breakers,
        rules=app.rules,
        health=health,
        clock=app.clock,
        artifacts=app.ports.artifacts,
        troubles=app.troubles,
        doctor=SharedLook(examine or partial(examine_apart, settings), app.clock),
        kept=SharedLook(app.ports.store.kept_by_server, app.clock),
        settings=partial(_settings_shown, settings),
    )
    public = host_name(urlsplit(settings.public_url).netloc) if settings.public_url else None
    by_proxy = settings.dashboard is DashboardAccess.PROXY

    def is_ours(name: str) -> bool:
        return is_loopback(name) or (by_proxy and name == public)

    return Dashboard(sources, _entrance(app, settings), is_ours=is_ours)


async def login_link(logins: Logins, clock: Clock, *, port: int) -> str:
    """A link that opens the dashboard in a browser on this machine, once. Raises StoreError."""
    code = await LinkEntrance(logins, clock).new_code(_OPERATOR)
    return f"http://127.0.0.1:{port}{ROOT}/login?code={code}"


async def show_login_link(app: App, *, port: int) -> None:
    """A link for the person at the terminal. Not in a log that is kept: it opens the dashboard to
    the first who reads it."""
    if app.settings.dashboard is DashboardAccess.LINK and sys.stderr.isatty():
        link = await login_link(app.ports.store, app.clock, port=port)
        print(f"The dashboard, once, within ten minutes: {link}", file=sys.stderr)


def _settings_shown(settings: Settings) -> list[SettingShown]:
    lines = (line.partition("=") for line in effective_settings(settings))
    values = {name: value for name, _, value in lines}
    in_environment = values_in_environment(values)
    given = {variable_of(field) for field in settings.model_fields_set}

    def source(name: str) -> str:
        if name in in_environment:
            return "environment"
        return ENV_FILE if name in given else "default"

    return [SettingShown(name, value, source(name)) for name, value in values.items()]


def _entrance(app: App, settings: Settings) -> Entrance:
    if settings.dashboard_secret is not None and settings.dashboard is DashboardAccess.PROXY:
        return ProxyEntrance(settings.dashboard_secret.get_secret_value)
    return LinkEntrance(app.ports.store, app.clock)
