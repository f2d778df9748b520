"""Whose job goes next."""

from collections.abc import Iterable

from generation.job import Job


def in_fair_order(waiting: Iterable[Job]) -> list[Job]:
    """The jobs in the order in which they are to be submitted: by age."""
    return sorted(waiting, key=lambda job: (job.created_at, job.id))
