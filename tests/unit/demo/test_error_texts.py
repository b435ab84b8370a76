"""What the server says of a wrong field: the field as it was sent, the edition's code, and no notebook's words."""

from __future__ import annotations

import json
import re

import pytest

from qwave_jupyter import catalog, i18n
from tests.contract.single_faults import faults_against, faults_in
from tests.contract.valid_requests import valid_requests
from tests.unit.demo.demo_app import Demo

#: What only somebody at a notebook or in Python has.
NOTEBOOK_WORDS = re.compile(r"%|(?<!\w)--\w|\bcell\b|\bnotebook\b|\bkernel\b|qwave|单元格|笔记本|内核")
EDITIONS = {"2026-04": "invalid_request", "2026-09": "capability_violation"}


@pytest.fixture
def chinese():
    i18n.use("zh")
    yield
    i18n.use(None)


def refusal(edition, body):
    status, told = Demo(edition).json("POST", "/v1/tasks", body)
    return status, told["error"]["code"], told["error"]["param"], told["error"]["message"]


def faults_of(model):
    asked = sorted(valid_requests(model), key=len)
    for options in (asked[0], asked[-1]):
        yield from faults_in(model, options)
    for rule in model.rules:
        if rule.severity == "reject":
            yield from faults_against(model, rule)


@pytest.mark.parametrize(
    ("edition", "body", "param", "said"),
    [
        ("2026-04", {"model": "gpt-4o-image", "size": "7:5"}, "size", "size can be 1:1"),
        ("2026-04", {"model": "gpt-image-2", "action": "edit"}, "image_urls", "action edit needs image_urls; add it."),
        (
            "2026-04",
            {"model": "gpt-image-2", "action": "inpaint", "image_urls": ["https://x.example/a.png"]},
            "mask_url",
            "action inpaint needs mask_url; add it.",
        ),
        ("2026-09", {"model": "gpt-image-2", "aspect_ratio": "7:5"}, "aspect_ratio", "aspect_ratio can be"),
        ("2026-09", {"model": "gpt-image-2", "extra": {"a": 1}}, "extra", "extra is not a documented field"),
    ],
)
def test_refusal_names_the_field_that_was_sent(edition, body, param, said):
    status, code, named, message = refusal(edition, {"prompt": "a cat", **body})
    assert (status, code, named) == (400, EDITIONS[edition], param)
    assert said in message


@pytest.mark.parametrize("prompt", ["", " ", "\n\t"])
@pytest.mark.parametrize("edition", EDITIONS)
def test_refusal_of_a_blank_prompt(edition, prompt):
    told = refusal(edition, {"model": "gpt-image-2", "prompt": prompt})
    assert told == (400, EDITIONS[edition], "prompt", "prompt is required and must not be blank.")


@pytest.mark.usefixtures("chinese")
def test_refusal_of_a_blank_prompt_in_chinese():
    assert refusal("2026-09", {"model": "gpt-image-2"})[3] == "prompt 为必填项，且不能为空。"


@pytest.mark.slow
@pytest.mark.parametrize("edition", EDITIONS)
def test_every_refusal_has_wire_names_and_no_notebook_words(edition):
    demo, missed = Demo(edition), []
    for model in catalog.load(edition):
        renamed = {name: ".".join(one.wire_path) for name, one in model.parameters.items() if one.wire_path != (name,)}
        paths = {".".join(one.wire_path[:depth]) for one in model.parameters.values() for depth in (1, 2)}
        # "the mask" and "reference images" are English.
        user_names = re.compile(rf"(?<![\w.])(?<!the )(?<!reference )({'|'.join(renamed) or '(?!)'})(?![\w.])")
        for fault in faults_of(model):
            if fault.body is None:
                continue
            told = demo.json("POST", "/v1/tasks", fault.body)[1].get("error", {})
            param, message = told.get("param", "?"), told.get("message", "%")
            # What the client sent is repeated as it is.
            ours = message.replace(json.dumps(fault.body.get(param.partition(".")[0])), "")
            in_body = param.partition(".")[0] in fault.body
            if NOTEBOOK_WORDS.search(ours) or user_names.search(ours) or not (param in paths or in_body):
                missed.append((model.id, fault.what, param, message))
    assert not missed, "\n".join(map(str, missed[:20]))
