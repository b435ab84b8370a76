"""Every request that a page describes, as a user writes it: what leaves, what doesn't, and what is said."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.errors import RequestRefused
from qwave_jupyter.generation import request
from tests.unit.catalog import (
    april_gpt_image,
    april_others,
    april_qwen_image,
    april_seedream,
    september_alibaba,
    september_google,
    september_gpt_image,
    september_others,
    september_seedream,
)
from tests.unit.catalog.expectations import Page

MODULES = (
    april_gpt_image,
    april_others,
    april_qwen_image,
    april_seedream,
    september_alibaba,
    september_google,
    september_gpt_image,
    september_others,
    september_seedream,
)
PAGES = [page for module in MODULES for page in vars(module).values() if isinstance(page, Page)]


def rows(kind):
    found = []
    for page in PAGES:
        for options, told, *words in getattr(page, kind):
            expected = (told, words) if kind == "refused" else (told,)
            found.append(pytest.param(page, options, *expected, id=f"{page}-{json.dumps(options)[:60]}"))
    return found


def built(page, options):
    plain = {name: value for name, value in options.items() if name != "prompt"}
    return request.build(load(page.edition), options.get("prompt", "a cat"), plain, model=page.model)


@pytest.mark.parametrize(("page", "options", "body"), rows("sent"))
def test_exactly_this_json_is_sent(page, options, body):
    made = built(page, options)
    whole = {"model": page.model, "prompt": "a cat", **body}
    assert made.body == {name: value for name, value in whole.items() if value is not None}
    assert json.loads(json.dumps(made.body)) == made.body
    assert not [str(one) for one in made.warnings]


@pytest.mark.parametrize(("page", "options", "parameter", "words"), rows("refused"))
def test_this_is_refused_by_the_parameters_name(page, options, parameter, words):
    with pytest.raises(RequestRefused) as refused:
        built(page, options)
    found = [one for one in refused.value.fields["violations"] if one.parameter == parameter]
    assert found, [str(one) for one in refused.value.fields["violations"]]
    text = " ".join(map(str, found))
    for part in (parameter, *words):
        assert part in text
        assert part in str(refused.value)
    assert all("\n" not in str(one) for one in refused.value.fields["violations"])


@pytest.mark.parametrize(("page", "options", "parameter"), rows("advised"))
def test_this_is_sent_with_a_word_of_warning(page, options, parameter):
    assert parameter in [one.parameter for one in built(page, options).warnings]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_has_enough_to_go_by(page):
    assert min(len(page.sent), len(page.refused)) >= 8
