"""What members and admins can do, the same on every platform: submit, re-roll, cancel, list, set
limits."""

from generation.service.administration import Quota
from generation.service.members import SubmitContext
from generation.service.service import Service

__all__ = ["Quota", "Service", "SubmitContext"]
