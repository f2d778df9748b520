"""The scenarios of the chats' load benchmarks: the crowd, and the comparison with a minimal bot."""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from report import table

from chat_load.backend import LoadBackend
from chat_load.child import Child
from chat_load.measuring import at_rate, loads, probe_table, spread, until

STEPS = 25
FORMS_PER_SECOND = 50.0
"""Commands, of which some open a form."""
IDLE_SECONDS = 5.0
"""For so long a bot is measured before it has to do what is measured."""
WARM_UP = 3
"""Jobs before a comparison: what is loaded at a first clip is not the cost of the jobs."""
PROMPT = "a paper boat on a stormy sea"
FLIPBOOK = "chat_load.bot"


class Stage(Protocol):
    """A chat's double with a crowd of members, a backend, and a bot between them."""

    backend: LoadBackend
    bot: Child

    async def ask(self, number: int) -> Any:
        """The next of many members asks for a clip somewhere; the command."""
        ...

    def is_answered(self, command: Any) -> bool:
        """Whether a command has its first answer."""
        ...

    def answer_seconds(self, commands: Sequence[Any]) -> list[float]:
        """Seconds from each command to its first answer; commands without one are left out."""
        ...

    async def open_form(self, number: int) -> Any:
        """The next of many members types the command alone; the command."""
        ...

    def form_seconds(self, commands: Sequence[Any]) -> list[float]:
        """Seconds from each command to its form, ready to be filled in; commands without one are
        left out."""
        ...

    @property
    def requests(self) -> int:
        """How many requests the bot has sent to the chat."""
        ...

    @property
    def rate_limited(self) -> int:
        """How many of them were answered with 429."""
        ...

    @property
    def delivered(self) -> int:
        """How many clips are in a message."""
        ...

    @property
    def violations(self) -> Sequence[object]:
        """The chat's rules that the bot has broken."""
        ...


StageOpener = Callable[..., AbstractAsyncContextManager[Stage]]
"""``opener(module, backend, in_flight=…)``: a stage with the bot of that module, connected."""


@dataclass(frozen=True)
class ChatUnderLoad:
    """One chat: its name, how a stage is opened, and what differs in what is printed."""

    name: str
    open_stage: StageOpener
    minimal_bot: str
    crowd_per_second: float
    """How fast the jobs that are in flight are asked for."""
    answer_heads: tuple[str, str]
    form_every: int
    """Of so many commands one opens a form: Slack lets a workspace open a hundred a minute."""

    async def crowd(self, options: argparse.Namespace) -> None:
        """Many members at once while many jobs are under way."""
        backend = LoadBackend(at_once=options.in_flight, seconds=options.render, steps=STEPS)
        async with (
            backend.serving(),
            self.open_stage(FLIPBOOK, backend, in_flight=options.in_flight) as stage,
        ):
            before = loads()
            await at_rate(stage.ask, self.crowd_per_second, options.in_flight)
            with contextlib.suppress(TimeoutError):  # the table says how many there are
                enough = options.in_flight * 0.95
                await until(lambda: backend.under_way >= enough, 60, "jobs in flight")
            await self._measure_crowd(stage, options, before)

    async def _measure_crowd(self, stage: Stage, options: argparse.Namespace, before: str) -> None:
        requests, limited, asked = stage.requests, stage.rate_limited, list[Any]()

        async def ask(number: int) -> None:
            asked.append(await stage.ask(number))

        idle = await _cpu_per_second(stage.bot)
        await stage.bot.order("mark")
        late = await at_rate(ask, options.rate, round(options.rate * options.seconds))
        report = await stage.bot.order("report")
        under_way = stage.backend.under_way
        with contextlib.suppress(TimeoutError):  # a command without an answer by then has none
            await until(lambda: all(map(stage.is_answered, asked)), 5, "answer to every command")
        answers = stage.answer_seconds(asked)
        end = await stage.bot.stop()
        answered, first = self.answer_heads
        head = [answered, f"{first} p50", "p99", "most", "jobs in flight"]
        row = [f"{len(answers)} of {len(asked)}", *spread(answers or [0.0]), str(under_way)]
        facts = [
            f"{stage.requests - requests} requests to {self.name}",
            f"429s: {stage.rate_limited - limited}",
            f"violations of the double's rules: {len(stage.violations)} {stage.violations[:3]}",
            (
                f"exit {end['code']}, log lines {end['lines']}, errors {len(end['errors'])} "
                f"{end['errors'][:1]}"
            ),
            f"the load itself was late by {late:.1f} s",
        ]
        print(table(head, [row]))
        print(probe_table(report, len(asked), idle * options.seconds))
        print("; ".join([*facts, before, loads()]) + "\n")

    async def forms(self, options: argparse.Namespace) -> None:
        """Forms opened among commands with a prompt, while jobs are under way."""
        backend = LoadBackend(at_once=options.in_flight, seconds=options.render, steps=STEPS)
        async with (
            backend.serving(),
            self.open_stage(FLIPBOOK, backend, in_flight=options.in_flight) as stage,
        ):
            await at_rate(stage.ask, self.crowd_per_second, options.in_flight)
            with contextlib.suppress(TimeoutError):  # the table says how many there are
                enough = options.in_flight * 0.95
                await until(lambda: backend.under_way >= enough, 60, "jobs in flight")
            asked, opened = list[Any](), list[Any]()

            async def act(number: int) -> None:
                if number % self.form_every:
                    asked.append(await stage.ask(number))
                else:
                    opened.append(await stage.open_form(number))

            rate = min(FORMS_PER_SECOND, options.rate)
            await at_rate(act, rate, round(rate * options.seconds))
            with contextlib.suppress(TimeoutError):
                ready = lambda: len(stage.form_seconds(opened)) == len(opened)  # noqa: E731
                await until(lambda: all(map(stage.is_answered, asked)) and ready(), 5, "answers")
            plain, forms = stage.answer_seconds(asked), stage.form_seconds(opened)
            first = self.answer_heads[1]
            head = ["forms opened", "form p50", "p99", "most", f"{first} p50", "p99", "most"]
            row = [
                f"{len(forms)} of {len(opened)}",
                *spread(forms or [0.0]),
                *spread(plain or [0.0]),
            ]
            ratio = median(forms or [0.0]) / max(median(plain or [0.0]), 1e-9)
            print(table(head, [row]))
            print(
                f"a form takes {ratio:.1f} times as long as the {first} (p50), at {rate:g} "
                f"commands a second beside {stage.backend.under_way} jobs; "
                f"violations of the double's rules: {len(stage.violations)} "
                f"{stage.violations[:3]}; {loads()}\n"
            )

    async def compare(self, options: argparse.Namespace) -> None:
        """Flipbook and the minimal bot, one after the other, with the same jobs."""
        ours = await self._whole_jobs(FLIPBOOK, options)
        theirs = await self._whole_jobs(self.minimal_bot, options)
        rows = [
            [
                name,
                f"{run['chat']:.1f}",
                f"{run['backend']:.1f}",
                f"{run['cpu'] * 1000:.0f} ms",
                f"{run['limited']:.0f}",
            ]
            for name, run in (("Flipbook", ours), ("a bot that waits in its handler", theirs))
        ]
        title = f"{options.compare} jobs of {options.compare_render:g} s"
        head = [title, f"requests to {self.name}/job", "to the backend/job", "CPU/job", "429s"]
        print(table(head, rows))
        compared = (
            (f"requests to {self.name}", "chat"),
            ("requests to the backend", "backend"),
            ("CPU", "cpu"),
        )
        ratios = [f"{name} {ours[key] / theirs[key]:.2f}" for name, key in compared]
        print(f"ours to theirs: {', '.join(ratios)}; {loads()}\n")

    async def _whole_jobs(self, module: str, options: argparse.Namespace) -> dict[str, float]:
        """Run jobs from the command to the clip; requests and processor seconds per job."""
        backend = LoadBackend(at_once=1000, seconds=options.compare_render, steps=STEPS)
        async with backend.serving(), self.open_stage(module, backend) as stage:
            most_seconds = options.compare_render * 3 + 120
            await at_rate(stage.ask, options.compare_rate, WARM_UP)
            await until(lambda: stage.delivered >= WARM_UP, most_seconds, "first clips")
            idle = await _cpu_per_second(stage.bot)
            requests, backend_requests = stage.requests, backend.requests
            await stage.bot.order("mark")
            began = time.monotonic()
            await at_rate(stage.ask, options.compare_rate, options.compare)
            all_jobs = WARM_UP + options.compare
            await until(lambda: stage.delivered >= all_jobs, most_seconds, "clips")
            await asyncio.sleep(1.0)  # requests that follow the clip belong to the job too
            report = await stage.bot.order("report")
            cpu = report["cpu"] - idle * (time.monotonic() - began)
            return {
                "chat": (stage.requests - requests) / options.compare,
                "backend": (backend.requests - backend_requests) / options.compare,
                "cpu": cpu / options.compare,
                "limited": stage.rate_limited,
            }


async def _cpu_per_second(bot: Child) -> float:
    """What a bot takes now, while nothing is asked of it."""
    await bot.order("mark")
    await asyncio.sleep(IDLE_SECONDS)
    return float((await bot.order("report"))["cpu"]) / IDLE_SECONDS


def print_one_channel(
    late: Sequence[float], edits: int, limited: int, options: argparse.Namespace
) -> None:
    """The table of many jobs in one channel: seconds from each completion to its message."""
    head = ["jobs in one channel", "completed → posted p50", "p99", "most"]
    head += ["progress edits meanwhile", "429s"]
    print(table(head, [[str(len(late)), *spread(late), str(edits), str(limited)]]))
    print(f"one completed every {options.every:g} s; {loads()}\n")
