"""Everything that adapters call the core for, in one object."""

from generation.service.forms.forms import FormActs
from generation.service.notices import Notices
from generation.service.privacy import PrivacyActs
from generation.service.reports import Reports
from generation.service.rules import ChatPauses


class Service(Reports, FormActs, Notices, PrivacyActs, ChatPauses):
    """Everything that adapters call the core for; they only translate."""
