"""Everything that adapters call the core for, in one object."""

from generation.service.administration import Administration
from generation.service.notices import Notices
from generation.service.reports import Reports
from generation.service.styles import StyleActs


class Service(Reports, Administration, StyleActs, Notices):
    """Everything that adapters call the core for; they only translate."""
