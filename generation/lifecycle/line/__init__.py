"""The line of this process's jobs: who is next, who is ahead of whom, and when each is done."""

from generation.lifecycle.line.jobs import JobLine
from generation.lifecycle.line.offers import Offers
from generation.lifecycle.line.places import Places
from generation.lifecycle.line.schedule import Schedule

__all__ = ["JobLine", "Offers", "Places", "Schedule"]
