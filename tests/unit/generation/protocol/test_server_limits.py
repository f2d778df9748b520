"""The limit of open files is raised where it is low, and never lowered."""

import resource

import pytest

from generation.protocol.http_server.limits import MAX_CONNECTIONS, connections_for_open_files, raise_file_limit

NO_LIMIT = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "most", "after", "connections"),
    [
        (1024, 4096, 4096, 3072),
        (1024, 1_048_576, 65_536, MAX_CONNECTIONS),
        (1024, NO_LIMIT, 65_536, MAX_CONNECTIONS),
        (65_536, 65_536, 65_536, MAX_CONNECTIONS),
        (1_048_576, 1_048_576, 1_048_576, MAX_CONNECTIONS),
        (100_000, NO_LIMIT, 100_000, MAX_CONNECTIONS),
        (NO_LIMIT, NO_LIMIT, NO_LIMIT, MAX_CONNECTIONS),
    ],
)
def test_a_process_may_open_as_many_files_as_before_or_more(
    soft: int, most: int, after: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = (soft, most)

    def change(_what: int, to: tuple[int, int]) -> None:
        nonlocal limits
        limits = to

    monkeypatch.setattr(resource, "getrlimit", lambda _what: limits)
    monkeypatch.setattr(resource, "setrlimit", change)
    raise_file_limit()
    assert (limits, connections_for_open_files()) == ((after, most), connections)
