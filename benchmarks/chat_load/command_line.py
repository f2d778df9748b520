"""The command line of the chats' load benchmarks."""

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence

from report import machine


def parse_options(
    title: str, scenarios: Sequence[str], *, rate: float, jobs: int
) -> argparse.Namespace:
    """The options; their defaults are those of the run that is reported."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--only", choices=scenarios)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--in-flight", type=int, default=1000)
    parser.add_argument("--render", type=float, default=120.0)
    parser.add_argument("--compare", type=int, default=jobs)
    parser.add_argument("--compare-rate", type=float, default=4.0)
    parser.add_argument("--compare-render", type=float, default=10.0)
    parser.add_argument("--one-channel", type=int, default=60)
    parser.add_argument("--every", type=float, default=1.5)
    return parser.parse_args()


async def run_scenarios(
    title: str,
    scenarios: Mapping[str, Callable[[argparse.Namespace], Awaitable[None]]],
    *,
    rate: float,
    jobs: int,
) -> None:
    """Run the scenarios that the command line names. ``rate``: commands per second of the crowd;
    ``jobs``: jobs of the comparison."""
    options = parse_options(title, list(scenarios), rate=rate, jobs=jobs)
    print(machine())
    for name, scenario in scenarios.items():
        if options.only in {None, name}:
            await scenario(options)
