"""What members and admins can do, the same on every platform: submit, re-roll, cancel, list, set
limits."""

from generation.service.administration import MoneyNow, Quota
from generation.service.service import Service
from generation.service.submit_context import SubmitContext

__all__ = ["MoneyNow", "Quota", "Service", "SubmitContext"]
