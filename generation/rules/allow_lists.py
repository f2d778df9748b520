"""Changes of who may ask: members by name, roles, and what roles may. Each returns the fields of a
policy that change."""

from collections.abc import Mapping
from typing import Final

from generation.protocol.errors import LastAllowed
from generation.rules.policy import Policy

Changes = Mapping[str, object]

EVERY_MEMBER: Final[Changes] = {"allowed_users": frozenset()}
EVERY_ROLE: Final[Changes] = {
    "allowed_roles": frozenset(),
    "exempt_roles": frozenset(),
    "role_limits": {},
}


def with_members(policy: Policy, members: frozenset[str]) -> Changes:
    """Only those on the list may ask, and these are on it."""
    return {"allowed_users": policy.allowed_users | members}


def without_members(policy: Policy, members: frozenset[str]) -> Changes:
    """These are on the list no longer. Raises LastAllowed where none would be left: an empty list
    lets everyone ask, which has to be asked for by itself."""
    left = policy.allowed_users - members
    if policy.allowed_users and not left:
        raise LastAllowed("members")
    return {"allowed_users": left}


def with_role(policy: Policy, role: str) -> Changes:
    """Only members with a role on the list may ask, and this one is on it."""
    return {"allowed_roles": policy.allowed_roles | {role}}


def with_exempt_role(policy: Policy, role: str) -> Changes:
    """Members with this role are not counted."""
    return {"exempt_roles": policy.exempt_roles | {role}}


def with_role_quota(policy: Policy, role: str, quota: Mapping[str, object]) -> Changes:
    """Members with this role have some limits of their own."""
    return {"role_limits": policy.with_role_limits(role, quota)}


def without_role(policy: Policy, role: str) -> Changes:
    """No rule names this role any longer. Raises LastAllowed as :func:`without_members`."""
    left = policy.allowed_roles - {role}
    if policy.allowed_roles and not left:
        raise LastAllowed("roles")
    return {
        "allowed_roles": left,
        "exempt_roles": policy.exempt_roles - {role},
        "role_limits": policy.without_role_limits(role),
    }


def with_denied_channels(policy: Policy, channels: frozenset[str]) -> Changes:
    """The bot answers in these channels no longer."""
    return {"denied_channels": policy.denied_channels | channels}


def without_denied_channels(policy: Policy, channels: frozenset[str]) -> Changes:
    """The bot may answer in these channels again."""
    return {"denied_channels": policy.denied_channels - channels}
