"""The options of ``flipbook admin show|limits|policy|channels|preset``."""

from functools import partial
from typing import Annotated

import typer

from bot.commands.admin import limits as on_limits
from bot.commands.admin import policy as on_policy
from bot.commands.admin import presets as on_presets
from bot.commands.admin.acting import Acting, Server, act_on, last_changes
from bot.commands.options import DataDir
from bot.exit_codes import Exit, die
from generation.text.rules.pauses import pause_lines
from generation.text.rules.screen import rules_lines

limits = typer.Typer(help="What a server allows its members.", no_args_is_help=True)
policy = typer.Typer(help="Who may ask, where, and for what.", no_args_is_help=True)
channels = typer.Typer(help="Which channels the bot answers in.", no_args_is_help=True)

LimitChanges = Annotated[
    list[str], typer.Argument(help="name=value …; `none` for no limit", metavar="NAME=VALUE…")
]
PolicyChanges = Annotated[
    list[str], typer.Argument(help="name=value …; `none` for nothing", metavar="NAME=VALUE…")
]
Ids = Annotated[list[str], typer.Argument(help="channel ids", metavar="ID…")]
Field = Annotated[str, typer.Argument(help="a list, such as blocked_words or allowed_roles")]
Values = Annotated[list[str], typer.Argument(help="ids, or words", metavar="VALUE…")]
Role = Annotated[
    str | None, typer.Option("--role", metavar="ID", help="Of the members with this role.")
]
Ceiling = Annotated[
    bool,
    typer.Option(
        "--ceiling", help="What the server's admins cannot go beyond; SERVER may be `all`."
    ),
]


def show(server: Server, data_dir: DataDir = None) -> None:
    """Print all rules of a server on one screen: set, ceiling, in force."""

    async def lines(acting: Acting) -> list[str]:
        rules = await acting.service.rules_of(acting.server)
        paused = pause_lines([rules.pause], acting.d) if rules.pause else []
        return [*paused, *rules_lines(rules, acting.d), *await last_changes(acting)]

    act_on(data_dir, server, lines)


def preset(
    server: Server,
    name: Annotated[str | None, typer.Argument(help="small-community, company, open-house")] = None,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Set it, not only show it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Print what ready-made rules would change in a server, or set them."""

    async def lines(acting: Acting) -> list[str]:
        if name is None:
            return await on_presets.show_presets(acting)
        found = on_presets.preset_of(name)
        return await (on_presets.apply_preset if apply else on_presets.show_preset)(acting, found)

    if apply and name is None:
        die(Exit.INVALID, "Name the preset to set.")
    act_on(data_dir, server, lines)


@limits.command("show")
def show_limits(server: Server, *, ceiling: Ceiling = False, data_dir: DataDir = None) -> None:
    """Print a server's limits, what is used today, and who changed them last."""
    lines = on_limits.show_ceilings if ceiling else on_limits.show_limits
    act_on(data_dir, server, lines, all_servers=ceiling)


@limits.command("set")
def change_limits(
    server: Server,
    changes: LimitChanges,
    *,
    role: Role = None,
    ceiling: Ceiling = False,
    data_dir: DataDir = None,
) -> None:
    """Change a server's limits: `flipbook admin limits set discord:1 user_clips_per_day=5
    server_budget_per_day=2.50`."""
    _one_of(role, ceiling=ceiling)
    if ceiling:
        act = partial(on_limits.change_ceilings, changes=changes)
        act_on(data_dir, server, act, all_servers=True)
    elif role is not None:
        act_on(data_dir, server, partial(on_limits.change_role, role=role, changes=changes))
    else:
        act_on(data_dir, server, partial(on_limits.change_limits, changes=changes))


@limits.command("reset")
def reset_limits(
    server: Server, *, role: Role = None, ceiling: Ceiling = False, data_dir: DataDir = None
) -> None:
    """Go back to the defaults, to the settings' ceilings, or end a role's own limits."""
    _one_of(role, ceiling=ceiling)
    if ceiling:
        act_on(data_dir, server, on_limits.reset_ceilings, all_servers=True)
    elif role is not None:
        act_on(data_dir, server, partial(on_limits.reset_role, role=role))
    else:
        act_on(data_dir, server, on_limits.reset_limits)


@policy.command("show")
def show_policy(server: Server, data_dir: DataDir = None) -> None:
    """Print a server's policy, and who changed it last."""
    act_on(data_dir, server, on_policy.show_policy)


@policy.command("set")
def change_policy(server: Server, changes: PolicyChanges, data_dir: DataDir = None) -> None:
    """Change a server's policy: `flipbook admin policy set discord:1 time_zone=Europe/Berlin
    default_quality=turbo`."""
    act_on(data_dir, server, partial(on_policy.change_policy, changes=changes))


@policy.command("add")
def add_to_policy(server: Server, field: Field, values: Values, data_dir: DataDir = None) -> None:
    """Put more into a list: `flipbook admin policy add discord:1 exempt_roles 1234567890`."""
    act_on(data_dir, server, partial(on_policy.add_to_policy, field=field, values=values))


@policy.command("remove")
def remove_from_policy(
    server: Server, field: Field, values: Values, data_dir: DataDir = None
) -> None:
    """Take something out of a list."""
    act_on(data_dir, server, partial(on_policy.remove_from_policy, field=field, values=values))


@channels.command("show")
def show_channels(server: Server, data_dir: DataDir = None) -> None:
    """Print where the bot answers, what is blocked, and who changed it last."""
    act_on(data_dir, server, on_policy.show_channels)


@channels.command("add")
def add_channels(server: Server, ids: Ids, data_dir: DataDir = None) -> None:
    """Answer in these channels; in others only if they are added too."""
    act_on(data_dir, server, partial(on_policy.add_channels, ids=ids))


@channels.command("remove")
def remove_channels(server: Server, ids: Ids, data_dir: DataDir = None) -> None:
    """Answer in these channels no longer."""
    act_on(data_dir, server, partial(on_policy.remove_channels, ids=ids))


@channels.command("everywhere")
def open_channels(server: Server, data_dir: DataDir = None) -> None:
    """Answer in every channel."""
    act_on(data_dir, server, on_policy.answer_everywhere)


def _one_of(role: str | None, *, ceiling: bool) -> None:
    if role is not None and ceiling:
        die(Exit.INVALID, "Ceilings hold for every role; leave --role or --ceiling out.")
