"""`batch(write=…)` appends to a file of outcomes, and to nothing else of the user's."""

from __future__ import annotations

import gzip
import json

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.errors import OptionMistake
from tests.fake_session import replace_default


@pytest.fixture(autouse=True)
def ours(clean_environment, bench, monkeypatch):
    replace_default(monkeypatch, bench)


def write(file, *prompts):
    return qwave.batch(list(prompts), model="gpt-image-2", write=file, concurrency=1).results()


def read(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.ipynb", json.dumps(NOTEBOOK, indent=1)),
        ("mine.ipynb", json.dumps(NOTEBOOK)),
        ("rows.csv", "index,prompt,paths,error\n0,a cat,[],\n"),
        ("prompts.txt", "a cat\na dog\n"),
        ("x.py", "print(1)\n"),
        ("rows.json", '[{"prompt": "a cat"}]'),
        ("one.json", '{"prompt": "a cat", "seed": 1}'),
        ("rows.jsonl", '{"prompt": "a cat"}\n{"prompt": "a dog"}\n'),
        ("numbers.jsonl", "1\n2\n"),
        ("deep.json", "[" * 100_000),
        ("page.html", "<!doctype html><title>x</title>"),
        ("wide.jsonl", '{"index": 0}\n'.encode("utf-16")),
        ("packed.gz", gzip.compress(b'{"index": 0}', mtime=0)),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(99)),
    ],
)
def test_file_of_something_else_is_not_appended_to(server, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = file.read_bytes()
    with pytest.raises(OptionMistake) as no:
        write(file, "a cat")
    assert str(no.value).startswith(f"{file} is a file of another kind than outcomes of a batch")
    assert "\n" not in str(no.value)
    assert file.read_bytes() == before
    assert server.seen == []


@pytest.mark.parametrize("before", [None, "", "\n", " \n\n"])
def test_new_or_empty_file_is_written(tmp_path, before):
    file = tmp_path / "new" / "outcomes.jsonl"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    write(file, "a cat", "a dog")
    lines = [line for line in file.read_text().splitlines() if line.strip()]
    assert [json.loads(line)["prompt"] for line in lines] == ["a cat", "a dog"]


@pytest.mark.parametrize("end", ["\n", "", "\n\n", "\r\n"])
def test_outcomes_are_appended_to_outcomes(tmp_path, end):
    file = tmp_path / "mine"
    write(file, "a cat")
    write(file, {"prompt": ["no text"]})
    file.write_bytes(file.read_bytes().rstrip() + end.encode())
    write(file, "a dog")
    write(file, "a fox")
    found = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    assert [one["prompt"] for one in found] == ["a cat", None, "a dog", "a fox"]
    assert [one["index"] for one in found] == [0, 0, 0, 0]


@pytest.mark.parametrize("cut", [1, 30, 3])
def test_line_that_was_cut_off_spoils_no_other(tmp_path, cut):
    file = tmp_path / "outcomes.jsonl"
    write(file, "a cat", "a dog")
    content = file.read_bytes()
    file.write_bytes(content[:-cut])
    write(file, "a fox")
    lines = file.read_text().splitlines()
    assert len(lines) == 3
    assert [json.loads(lines[place])["prompt"] for place in (0, 2)] == ["a cat", "a fox"]


def test_more_keys_than_ours_are_ours_all_the_same(tmp_path):
    file = tmp_path / "outcomes.jsonl"
    write(file, "a cat")
    record = {**read(file)[0], "note": "best"}
    file.write_text(json.dumps(record, indent=None) + "\n", encoding="utf-8-sig")
    write(file, "a dog")
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 2


def test_refusal_in_chinese(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("a cat\n")
    i18n.use("zh")
    try:
        with pytest.raises(OptionMistake, match=r"prompts\.txt"):
            write(file, "a dog")
    finally:
        i18n.use(None)
