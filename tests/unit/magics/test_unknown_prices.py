"""A price that no page publishes is said in whole sentences, in both languages; never put in the place of an amount."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from qwave_jupyter import i18n
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import TooExpensive
from qwave_jupyter.magics.cell_magic import CellMagic
from qwave_jupyter.session import Session, default
from qwave_jupyter.views import job_card
from qwave_jupyter.widgets.panel.panel import panel
from tests.fake_session import replace_default
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE

#: A model billed by tokens, two without a price, and one whose price stands for other values only.
BY_TOKENS = ("2026-09", "-m gpt-image-2")
WITHOUT = ("2026-04", "-m gpt-4o-image")
OTHERWISE = ("2026-04", "-m gpt-image-2 --official-fallback true")
ALSO_WITHOUT = ("2026-04", "-m seedream-5.0")
UNPRICED = pytest.mark.parametrize(
    ("edition", "line"), [BY_TOKENS, WITHOUT, ALSO_WITHOUT, OTHERWISE], ids=["tokens", "none", "neither", "otherwise"]
)
LANGUAGES = pytest.mark.parametrize("language", i18n.LANGUAGES)


@pytest.fixture
def cell(clean_environment, monkeypatch):
    """Run a cell; returns what is shown."""
    session = replace_default(monkeypatch)
    session.use_demo(latency=0.1)

    def run(line, **settings):
        session.configure(**settings)
        console = RecordingConsole()
        CellMagic(console).run_blocking(line, "a cat")
        return "\n".join(one["text/plain"] for one in console.shown).splitlines()

    yield run
    session.stop_demo()
    i18n.use(None)


@UNPRICED
def test_budget_refuses_an_unknown_price_in_a_sentence(cell, edition, line):
    with pytest.raises(TooExpensive) as refused:
        cell(line, edition=edition, budget=2.5)
    assert str(refused.value) == (
        "this kernel's budget is $2.50, and $0.00 of it is spent; the price of this isn't published, so the budget "
        "can't be held. Nothing was sent. Choose a model with a price (%qwave models), or take the budget away with "
        "qwave_jupyter.configure(budget=None)."
    )
    assert default().spent_usd == 0.0


@UNPRICED
def test_budget_refuses_an_unknown_price_in_chinese(cell, edition, line):
    with pytest.raises(TooExpensive) as refused:
        cell(line, edition=edition, budget=2.5, language="zh")
    assert str(refused.value) == (
        "本内核的预算是 $2.50，已花 $0.00；这次请求没有公布价格，因此无法保证预算。未发送任何内容。"
        "请选择有价格的模型（%qwave models），或用 qwave_jupyter.configure(budget=None) 取消预算。"
    )


def test_sweep_limit_refuses_an_unknown_price_in_a_sentence():
    with pytest.raises(TooExpensive) as refused:
        Budget(1.5, refusal="generation.over_sweep_limit").reserve(None)
    assert str(refused.value).startswith(
        "this sweep may cost $1.50, and $0.00 of it is used; the price of one more request isn't published"
    )


@UNPRICED
@LANGUAGES
def test_dry_run_says_an_unknown_price_in_a_sentence(cell, edition, line, language):
    shown = cell(f"{line} --dry-run", edition=edition, language=language)
    expected = {
        ("en", True): "It is billed by tokens, so its price is known only once it is made.",
        ("en", False): "Its price isn't published.",
        ("zh", True): "按 token 计费，完成后才知道价格。",
        ("zh", False): "价格未公布。",
    }
    assert expected[language, (edition, line) == BY_TOKENS] in shown


@pytest.mark.parametrize(
    ("edition", "line", "said"),
    [
        (*BY_TOKENS, "Dry run: 2 requests would be sent; not every price is published, so the sum isn't known."),
        (*WITHOUT, "Dry run: 2 requests would be sent; not every price is published, so the sum isn't known."),
        (
            "2026-04",
            "-m gpt-image-2 --sweep official_fallback=true,false",
            "Dry run: 4 requests would be sent; not every price is published, so the sum isn't known.",
        ),
    ],
)
def test_dry_run_of_a_sweep_says_an_unknown_sum_in_a_sentence(cell, edition, line, said):
    assert said in cell(f"{line} --sweep aspect_ratio=1:1,3:2 --dry-run", edition=edition)


def test_dry_run_of_one_request_says_its_unknown_price(cell):
    shown = cell("-m gpt-4o-image --sweep aspect_ratio=1:1 --dry-run")
    assert "Dry run: 1 request would be sent; its price isn't published." in shown
    assert shown[-1].endswith("  price not published")


@LANGUAGES
def test_live_estimate_without_an_amount_is_said_in_a_sentence(cell, monkeypatch, language):
    monkeypatch.setattr(Session, "live_estimate", lambda *_: None)
    shown = cell("-m gpt-image-2 --dry-run --live", language=language)
    assert {"en": "The server names no price.", "zh": "服务器没有给出价格。"}[language] in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edition", "options", "said"),
    [
        ("2026-09", {"model": "gpt-image-2"}, "by tokens"),
        ("2026-04", {"model": "gpt-4o-image"}, "price not published"),
        ("2026-04", {"model": "gpt-image-2", "official_fallback": True}, "price not published"),
    ],
)
def test_card_names_an_unknown_price(cell, edition, options, said):
    default().configure(edition=edition)
    job = default().submit("a cat", **options)
    job.result(PATIENCE)
    ended = replace(job.snapshot, cost_usd=None)
    assert job_card.format_text(ended, 0.0).endswith(f" · {said}")
    assert said in job_card.render_ended(ended)


@LANGUAGES
@UNPRICED
def test_panel_says_that_the_budget_refuses(cell, edition, line, language):
    default().configure(edition=edition, budget=2.5, language=language)
    options = {"official_fallback": True} if (edition, line) == OTHERWISE else {}
    shown = panel(prompt="a cat", model=line.split()[1], **options)
    text = html.unescape(re.sub(r"<[^>]*>", "", shown.view.line.value))
    shown.close()
    assert {
        "en": "Budget: $2.50 left of $2.50. The price of this isn't published, so the budget refuses it.",
        "zh": "预算：$2.50 中还剩 $2.50。这次请求没有公布价格，因此会被预算拒绝。",
    }[language] in text
