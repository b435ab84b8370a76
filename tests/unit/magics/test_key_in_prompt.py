"""A path of an address is no key; a key elsewhere is refused."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import OptionMistake
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
