import re

import nbformat
import pytest
from nbconvert import MarkdownExporter

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.jobs.costs import CostTable, Section
from qwave_jupyter.jobs.journal.record import Costs
from qwave_jupyter.magics import output
from qwave_jupyter.views import job_card
from qwave_jupyter.views.models import ModelCard, ModelComparison, ModelTable
from qwave_jupyter.views.templating import STYLE, inline_style, render_template, trust, wrap_cards

CARDS = ["<div>a &amp; b</div>", '<i title="\'">猫</i>', ""]


@pytest.mark.parametrize("cards", CARDS)
def test_wrap_cards_leaves_html_as_it_is(cards):
    assert wrap_cards(cards) == f'{STYLE}<div class="qw">{cards}</div>'
    assert wrap_cards(cards, with_style=False) == f'<div class="qw">{cards}</div>'
    bundle = job_card.to_mimebundle(cards, "text")
    assert bundle == {"text/html": inline_style(wrap_cards(cards, with_style=False)), "text/plain": "text"}


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


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<b class="qw-t">a</b>', '<b class="qw-t" style="font-weight:600">a</b>'),
        (
            '<b class="qw-share" style="width:4%">',
            '<b class="qw-share" style="display:block;height:3px;background:var(--qb);width:4%">',
        ),
        ('<div class="qw-card qw-bad">', ';border-color:var(--qe)">'),
        ('<div class="other">', '<div class="other">'),
        ("<p>class=&#34;qw-t&#34;</p>", "<p>class=&#34;qw-t&#34;</p>"),
    ],
)
def test_style_of_classes_becomes_the_element_s(markup, expected):
    assert inline_style(markup).endswith(expected)


def bundles():
    error = OptionMistake("options.empty", option='<b class="qw-card">')
    states = {"demo": True, "bad": True}
    return [
        job_card.to_mimebundle(job_card.render_error(error), "x"),
        job_card.to_mimebundle(job_card.render_refusal(error, "m"), "x"),
        job_card.to_mimebundle(job_card.render_batch(title="t", line="l", right="r", share=0.4, **states), "x"),
        job_card.to_mimebundle(job_card.join([job_card.render_error(error)] * 2), "x"),
        output.bundle_text("a & b"),
        output.bundle_lines(["a", "b"]),
        output.bundle_manual(["a", "%qwave demo on --slow", "  b"]),
        output.bundle_findings([output.Finding("a", "b", ["c"], wrong=True), output.Finding("d", "e")]),
        *({"text/html": view._repr_html_(), "text/plain": "x"} for view in tables()),
    ]


def tables():
    models = [qwave.model(name) for name in ("gpt-image-2", "z-image-turbo")]
    costs = CostTable((Section("by model", (Costs("z-image-turbo", 1, 0.01, 0, 4000, 0),)),))
    return [ModelCard(models[0]), ModelTable(models, unusable=[models[1].id]), ModelComparison(models), costs]


@pytest.mark.parametrize("bundle", bundles())
def test_card_carries_no_style_sheet_into_markdown(bundle):
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", bundle)])
    text, _ = MarkdownExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert "<style" not in text
    assert "{" not in text.partition("```")[2].partition("```")[2]
    known = set(re.findall(r"\.(qw[\w-]*)", STYLE))
    for classes, style in re.findall(r'class="([^"]*)"(?: style="([^"]*)")?', text):
        assert set(classes.split()) <= known
        assert style
