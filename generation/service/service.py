"""Everything that adapters call the core for, in one object."""

from generation.service.administration import Administration
from generation.service.members import MemberActs


class Service(MemberActs, Administration):
    """Everything that adapters call the core for; they only translate."""
