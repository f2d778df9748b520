"""Everything that adapters call the core for, in one object."""

from generation.service.forms.forms import FormActs
from generation.service.notices import Notices
from generation.service.operating import OperatorActs
from generation.service.pages import Pages
from generation.service.privacy import PrivacyActs
from generation.service.rules import ChatPauses


class Service(OperatorActs, FormActs, Pages, Notices, PrivacyActs, ChatPauses):
    """Everything that adapters call the core for; they only translate."""
