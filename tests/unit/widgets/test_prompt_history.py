"""Earlier prompts: this notebook's and all, newest first, each once, bounded in number and bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qwave_jupyter.jobs.journal.record import Entry
from qwave_jupyter.widgets.panel.prompt import EarlierPrompt, EarlierPrompts, list_earlier


@pytest.fixture
def context(bench):
    return replace(bench, notebook="/home/ann/one.ipynb")


@pytest.fixture
def record(context):
    numbers = iter(range(10_000))

    def write(prompt, *, notebook="/home/ann/one.ipynb", state="done", pid=1):
        number = next(numbers)
        context.journal.begin(
            Entry(
                job_id=f"job-{number}",
                created=1000.0 + number,
                state=state,
                prompt=prompt,
                model="gpt-image-2",
                notebook=notebook,
                pid=pid,
            )
        )

    return write


def test_newest_come_first_and_once(context, record):
    for prompt in ("a cat", "a dog", "a cat", "灯塔", "a dog"):
        record(prompt)
    record("elsewhere", notebook="/home/bob/two.ipynb")
    assert list_earlier(context).prompts == (
        EarlierPrompt("elsewhere", here=False),
        EarlierPrompt("a dog", here=True),
        EarlierPrompt("灯塔", here=True),
        EarlierPrompt("a cat", here=True),
    )


@pytest.mark.parametrize("state", ["intent", "failed", "cancelled", "done"])
def test_every_ending_counts(context, record, state):
    record("a cat", state=state)
    assert list_earlier(context).prompts == (EarlierPrompt("a cat", here=True),)


@pytest.mark.parametrize("prompt", ["", "   ", "\n"])
def test_empty_prompts_are_left_out(context, record, prompt):
    record(prompt)
    assert list_earlier(context) == EarlierPrompts()


@pytest.mark.parametrize(("prompt", "shown"), [("{{x}}", r"\{{x}}"), ("a {b}", "a {b}"), ("<b>&", "<b>&")])
def test_prompts_make_the_same_request(context, record, prompt, shown):
    record(prompt)
    assert [one.text for one in list_earlier(context).prompts] == [shown]


def test_notebook_without_a_name_is_its_process(context, record, monkeypatch):
    monkeypatch.setattr("os.getpid", lambda: 7)
    record("mine", notebook=None, pid=7)
    record("other", notebook=None, pid=8)
    found = list_earlier(replace(context, notebook=None)).prompts
    assert found == (EarlierPrompt("other", here=False), EarlierPrompt("mine", here=True))


def test_number_is_bounded_and_own_come_first(context, record):
    record("the oldest, and mine")
    for number in range(300):
        record(f"elsewhere {number}", notebook="/home/bob/two.ipynb")
    found = list_earlier(context)
    assert found.cut
    assert len(found.prompts) == 200
    assert found.prompts[0].text == "elsewhere 299"
    assert found.prompts[-1] == EarlierPrompt("the oldest, and mine", here=True)


@pytest.mark.parametrize("letter", ["a", "é", "灯"])
def test_bytes_are_bounded(context, record, letter):
    for number in range(60):
        record(f"{number} " + letter * 3000)
    record(letter * 40_000)
    found = list_earlier(context)
    weight = sum(len(one.text.encode()) for one in found.prompts)
    assert found.cut
    assert 80_000 < weight <= 100_000
    assert found.prompts[0].text.startswith("59 ")


@pytest.mark.parametrize("length", [32_001, 40_000, 200_000])
def test_long_prompts_are_cut(context, record, length):
    record("a" * 32_000)
    assert not list_earlier(context).cut
    record("a" * length)
    found = list_earlier(context)
    assert (len(found.prompts), found.cut) == (1, True)


def test_nothing_is_cut_where_all_fit(context, record):
    for number in range(50):
        record(f"prompt {number}")
    found = list_earlier(context)
    assert (len(found.prompts), found.cut) == (50, False)
