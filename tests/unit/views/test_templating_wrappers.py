import pytest

from qwave_jupyter.views import job_card
from qwave_jupyter.views.templating import STYLE, render_template, trust, wrap_cards

CARDS = ["<div>a &amp; b</div>", '<i title="\'">猫</i>', ""]


@pytest.mark.parametrize("cards", CARDS)
def test_wrap_cards_leaves_html_as_it_is(cards):
    assert wrap_cards(cards) == f'{STYLE}<div class="qw">{cards}</div>'
    assert wrap_cards(cards, with_style=False) == f'<div class="qw">{cards}</div>'
    assert job_card.to_mimebundle(cards, "text") == {"text/html": wrap_cards(cards), "text/plain": "text"}


LOOKUP = '<div class="qwp-lookup" tabindex="0" role="group" aria-label="About this model">'


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (trust("<b>z-image</b>"), f"{LOOKUP}<b>z-image</b></div>"),
        ("<b>z-image</b>", f"{LOOKUP}&lt;b&gt;z-image&lt;/b&gt;</div>"),
        (trust(""), ""),
    ],
)
def test_only_trusted_html_is_not_escaped(card, expected):
    assert render_template("panel_lookup.html", card=card) == expected


def test_style_is_one_element():
    assert STYLE.startswith("<style>\n.qw{")
    assert STYLE.endswith("</style>")
    assert STYLE.count("<style>") == STYLE.count("</style>") == 1
    css = '.a > .b { content: "\'&" }'
    assert render_template("panel_style.html", css=trust(css)) == f"<style>{css}</style>"
