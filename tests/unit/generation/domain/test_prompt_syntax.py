"""Other programs' prompt syntax: what is taken out is named, all else stays as it was typed, and nothing breaks it."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.animate.command import _report
from bot.commands.animate.output import ClipOutput
from bot.commands.animate.terminal_job import ClipOutcome
from factories import PASTED, a_channel, a_job, a_request, a_user, moved
from generation.domain.job import JobStatus
from generation.domain.parsing import parse_request
from generation.domain.prompt_syntax import Syntax, plain_prompt, plain_request, taken_out_of
from generation.protocol.errors import InvalidRequest, PromptBlocked
from generation.protocol.request import DEFAULT_NEGATIVE_PROMPT
from generation.rules.policy import Asker, Policy
from generation.text.clips import settings_words

TAG, BREAK, CHOICE, CHANGE, OPTION = Syntax


@pytest.mark.parametrize(
    ("typed", "plain", "taken"),
    [
        ("a fox <lora:add_detail:0.8>", "a fox", {TAG}),
        ("a fox<LoRA:add_detail:0.8>, snow", "a fox, snow", {TAG}),
        ("<lyco:x:1:0.5> a fox <hypernet:y:1>", "a fox", {TAG}),
        ("a fox, <lora:a:1>, <lora:b:1>, snow", "a fox, snow", {TAG}),
        ("a fox, embedding:easynegative", "a fox", {TAG}),
        ("a fox BREAK snow", "a fox, snow", {BREAK}),
        ("a RAW photo, HD BREAK\nsnow", "a RAW photo, HD, snow", {BREAK}),
        ("a [red|blue] fox", "a red fox", {CHOICE}),
        ("a [|blue|green] fox", "a blue fox", {CHOICE}),
        ("a {red|blue} fox", "a red fox", {CHOICE}),
        ("a [[red|blue] fox|cat]", "a red fox", {CHOICE}),
        ("a [fox:cat:0.5]", "a fox", {CHANGE}),
        ("a [fox:cat:10] in snow", "a fox in snow", {CHANGE}),
        ("a [fox::0.5] in snow", "a fox in snow", {CHANGE}),
        ("a [:cat:0.5]", "a cat", {CHANGE}),
        ("a fox [in snow:0.5]", "a fox in snow", {CHANGE}),
        ("[(red:1.2):blue:0.5] car", "(red:1.2) car", {CHANGE}),
        ("[(red:1.2) car:0.5]", "(red:1.2) car", {CHANGE}),
        ("[🦊:🐺:0.5]", "🦊", {CHANGE}),
        ("a fox --ar 16:9 --v 6", "a fox", {OPTION}),
        ("a fox --tile --stylize 250, snow", "a fox --stylize 250, snow", {OPTION}),
        ("a <lora:x:1> [red|blue] BREAK [fox:cat:0.5] --q 2", "a red, fox", set(Syntax)),
    ],
)
def test_what_no_backend_can_do_is_taken_out_and_named(typed: str, plain: str, taken: set[Syntax]) -> None:
    found = plain_prompt(typed)
    assert (found.text, set(found.taken_out)) == (plain, taken)


@pytest.mark.parametrize(
    "typed",
    [
        DEFAULT_NEGATIVE_PROMPT,
        "a fox, in  snow",
        "(a fox:1.2), [snow], ((night))",
        r"a fox \(vulpes\) and \[brackets\] and [x\|y]",
        "TAKE A BREAK",
        "a tea break, breakfast",
        "at [12:30] and [10:20:30], 16:9",
        "<a:wave:123> <:fox:456> <3 < lora >",
        "a -- dash, 5 > 3 and 3 < 5 {curly}",
        "[a:b] [unclosed (and:1.1",
        "un zorro, 雪の中の狐, 🦊❄️",
    ],
)
def test_words_and_what_the_engine_reads_itself_stay_as_they_were_typed(typed: str) -> None:
    assert plain_prompt(typed).text is typed
    assert plain_prompt(typed).taken_out == frozenset()


@given(st.text(alphabet=string.ascii_letters + string.digits + " ,.;!?'()\n-", max_size=200))
def test_plain_prompts_come_out_unchanged(typed: str) -> None:
    if "BREAK" not in typed and "--" not in typed:
        assert plain_prompt(typed).text == typed


@given(st.lists(st.sampled_from([*"[]{}()|:\\<> ,a", "0.5", "BREAK", "<lora:x:1>", "--ar 1:1", "fox"]), max_size=60))
def test_no_input_breaks_it_and_nothing_grows(pieces: list[str]) -> None:
    typed = "".join(pieces)
    plain = plain_prompt(typed)
    assert len(plain.text) <= len(typed)
    assert (plain.text == typed) if not plain.taken_out else (plain.text != typed)


@pytest.mark.parametrize(
    "typed", ["[" * 2000, "[" * 1000 + "]" * 1000, ":" * 2000, "[" + "a:" * 990 + "]", "<lora:" * 330]
)
def test_the_longest_prompts_are_read_in_one_pass(typed: str) -> None:
    assert plain_prompt(typed).text


def test_the_backend_gets_the_plain_words_of_both_prompts_and_the_message_says_so() -> None:
    typed = a_request(prompt="a fox <lora:x:1>", negative_prompt="ugly, [bad|worse]")
    sent = plain_request(typed)
    assert (sent.prompt, sent.negative_prompt) == ("a fox", "ugly, bad")
    assert sent.to_input() | {"prompt": "", "negative_prompt": ""} == typed.to_input() | {
        "prompt": "",
        "negative_prompt": "",
    }
    assert taken_out_of(typed) == [TAG, CHOICE]
    words = settings_words(typed)
    assert words.endswith("seed 42 · left out of the prompt: LoRA and embedding tags, all but the first of [a|b]")
    assert settings_words(sent) == words.partition(" · left out")[0]


@pytest.mark.parametrize("prompt", ["<lora:x:1>", "BREAK <lora:x:1>", "--ar 16:9", "embedding:x, <lora:y:1>", "[|]"])
def test_a_prompt_of_nothing_else_is_refused_with_a_sentence(prompt: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_request({"prompt": prompt, "seed": 1})
    (violation,) = refused.value.violations
    assert (violation.field, violation.allowed) == ("prompt", "words that describe the clip")


@pytest.mark.parametrize("prompt", ["gore", "[gore|x]", "[g|x]ore", "go<lora:x:1>re gore", "[gore:x:0.5]"])
def test_a_blocked_word_is_found_inside_such_syntax(prompt: str) -> None:
    policy = Policy(blocked_terms=frozenset({"gore"}))
    with pytest.raises(PromptBlocked):
        policy.check(a_request(prompt=prompt), Asker(a_user(), a_channel()))


@pytest.mark.parametrize(("typed", "left_out"), PASTED.items())
def test_the_terminal_says_what_the_clip_is_made_without(
    typed: str, left_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job = moved(a_job(request=a_request(prompt=typed)), JobStatus.SUCCEEDED)
    _report(ClipOutcome(job, Path("a.mp4")), ClipOutput(Path("a.mp4")), prints_path=True)
    assert f"Left out of the prompt: {left_out}." in capsys.readouterr().err.splitlines()
