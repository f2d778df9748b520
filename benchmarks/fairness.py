"""What a flood by one member costs everybody else: the real bot and worker against first in, first
out, in one run.

One member asks for 200 clips at once; twenty others, in four servers, for one each while those
render; the engine renders four clips at a time and only sleeps, so that the processor is free.
Waits are until the render begins. Targets: the others' p95 at most 1/20 of first in, first out;
throughput at least 0.98 of it.

``--simulate`` plays the order alone in discrete events, in variants of it.
"""

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fairness_parts import real, simulated
from report import machine, quiet, table


def seconds(values: Sequence[float]) -> tuple[str, str]:
    """Median and p95."""
    return f"{statistics.median(values):.2f} s", f"{p95(values):.2f} s"


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def measure(scene: real.Scene) -> None:
    """Both orders, one after the other, and how they compare."""
    with tempfile.TemporaryDirectory() as folder:
        queue = asyncio.run(real.run(scene, Path(folder, "queue"), is_fair=False))
        fair = asyncio.run(real.run(scene, Path(folder, "fair"), is_fair=True))
    clips = scene.flood + scene.others
    rows = [
        [
            name,
            *seconds(outcome.others),
            seconds(outcome.flood)[0],
            f"{outcome.took:.1f} s",
            f"{clips / outcome.took * 60:.0f}",
        ]
        for name, outcome in (("first in, first out", queue), ("fair", fair))
    ]
    print(
        f"{scene.flood} clips of one member, {scene.others} of others; {scene.places} at a time,"
        f" {scene.seconds:g} s each\n"
    )
    head = ["order", "others wait: median", "p95", "the flood: median", "all took", "clips/min"]
    print(table(head, rows))
    ratio = p95(queue.others) / p95(fair.others)
    print(f"\nothers' p95: 1/{ratio:.0f} of first in, first out (target: 1/20)")
    print(f"throughput: {queue.took / fair.took:.3f} of first in, first out (target: 0.98)")


def simulate() -> None:
    """The table of variants, for one place and for four."""
    for places, clip in ((1, 2.2), (4, 7.3)):
        print(f"\n{places} at a time, {clip} s each\n")
        rows = []
        for variant in simulated.VARIANTS:
            found = simulated.measure(variant, places, clip)
            rows.append(
                [
                    variant.name,
                    *(
                        f"{value:.1f}"
                        for value in (statistics.median(found.others), p95(found.others))
                    ),
                    f"{found.clips_per_minute:.1f}",
                    f"{statistics.median(found.flood):.0f}",
                ]
            )
        head = ["order", "others: p50 s", "p95 s", "clips/min", "the flood: p50 s"]
        print(table(head, rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--flood", type=int, default=200)
    parser.add_argument("--others", type=int, default=20)
    parser.add_argument("--places", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    quiet()
    print(machine())
    if given.simulate:
        simulate()
    else:
        measure(real.Scene(given.flood, given.others, given.places, given.seconds))


if __name__ == "__main__":
    main()
