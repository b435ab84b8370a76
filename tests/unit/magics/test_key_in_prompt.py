"""A path of an address is no key; a key elsewhere is refused."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.magics import cell_options

KEY = "sk-0123456789abcdefghij"


@pytest.mark.parametrize(
    "prompt", [f"as in https://x.example/{KEY}", f"http://x.example/a/{KEY}/b.png", "a sk-8 board"]
)
def test_key_in_prompt_is_no_path(prompt):
    cell_options.refuse_key(prompt)


@pytest.mark.parametrize("prompt", [f"a fox {KEY}", f"https://x.example/a?key={KEY}", f"https://{KEY}@x.example/"])
def test_key_in_prompt_is_refused(prompt):
    with pytest.raises(OptionMistake):
        cell_options.refuse_key(prompt)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("prompt", ["a fox, {{note}}", f"a fox, {KEY}"])
def test_key_in_a_prompt_of_python_is_refused(clean_environment, prompt, force):
    with pytest.raises(RequestRefused, match="looks like an API key") as refused:
        qwave.build(prompt, model="gpt-image-2", force=force, variables={"note": KEY})
    assert KEY not in str(refused.value)


def test_path_that_looks_like_a_key_is_filled_in(clean_environment):
    request = qwave.build("as in {{note}}", model="gpt-image-2", variables={"note": f"https://x.example/{KEY}"})
    assert request.body["prompt"].endswith(KEY)
