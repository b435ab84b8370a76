"""axe-core finds nothing in what is ours, in both themes; focus, zoom and motion suit whoever needs it otherwise."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import pairwise

import pytest

from tests.browser.driver import await_steady, expect
from tests.browser.test_canvas import open_tool
from tests.browser.test_panel import STICKING_OUT, open_panel

__all__ = ["open_panel", "open_tool"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Rules about whole pages, which are JupyterLab's.
PAGE_RULES = ("region", "landmark-one-main", "page-has-heading-one", "bypass", "document-title", "html-has-lang")
RUN_AXE = """async ([selector, rules]) => {
  const nodes = [...document.querySelectorAll(selector)];
  if (!nodes.length) throw new Error(`nothing is ${selector}`);
  const { violations } = await axe.run({ include: nodes }, { resultTypes: ['violations'], rules });
  const why = (node) => node.any.concat(node.all).map((one) => one.message).join('; ').slice(0, 240);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html.slice(0, 160), why(node)]));
}"""


def find_violations(page, selector):
    """What axe-core finds in the elements of a selector."""
    if page.evaluate("() => typeof window.axe") == "undefined":
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    rules = {rule: {"enabled": False} for rule in PAGE_RULES}
    return page.evaluate(RUN_AXE, [selector, rules])


def check(notebook, selector, *, widths=(1200,)):
    """Find nothing in both themes."""
    for width in widths:
        notebook.page.set_viewport_size({"width": width, "height": 1000})
        for theme in ("Light", "Dark"):
            notebook.set_theme(theme)
            found = find_violations(notebook.page, selector)
            assert not found, json.dumps([theme, width, *found], indent=1)


#: What cells of ours show; the image beside a card is drawn by JupyterLab, without the text that goes with it.
OUTPUTS = ".jp-OutputArea-output .jp-RenderedHTMLCommon, .jp-OutputArea-output.jp-RenderedHTMLCommon, .jupyter-widgets"
TABLES = (
    "%qwave",
    "%qwave models --action inpaint",
    "%qwave history",
    "%qwave model gpt-image-2",
    "%qwave compare gpt-image-2 wan2.7-image",
    "%qwave cost",
    "%qwave doctor",
)


def test_running_card(open_notebook, demo, demo_clock):
    demo.change(latency=600)
    notebook = open_notebook("%load_ext qwave_jupyter", "%%qwave\na lighthouse")
    notebook.run(0, 1)
    notebook.expect_submitted(1)
    notebook.expect_cancel_button(1)
    notebook.page.emulate_media(reduced_motion="reduce")
    assert notebook.cell(1).evaluate(ANIMATIONS) == []
    check(notebook, OUTPUTS)
    demo_clock.skip(3600)
    notebook.wait(1)


ANIMATIONS = "element => element.getAnimations({ subtree: true }).map((one) => one.effect.target.className)"


def test_cards_sheets_and_tables(open_notebook, demo):
    sweep = "%%qwave --sweep what=cat,robot --sweep seed=1..2 -o grid\nA {{what}}"
    cells = (
        sweep,
        "grid[0].compare(grid[1])",
        "%%qwave\na lighthouse",
        *TABLES,
        "%%qwave --resolution 9k\na lighthouse",
    )
    notebook = open_notebook("%load_ext qwave_jupyter", *cells, "%%qwave --sead 7\na city", "%%qwave\na city")
    places = range(len(cells) + 1)
    notebook.run(*places)
    notebook.wait(*places)
    demo.change(fail="upstream_bad_request:1")
    for place in (len(cells) + 1, len(cells) + 2):
        notebook.run(place)
        notebook.wait(place)
        expect(notebook.cell(place).locator(".qw-bad")).to_have_count(1)
    expect(notebook.cell(2).locator("img")).to_have_count(2)
    notebook.collapse_sidebar()
    # As many columns as there are don't fit into the smaller one.
    check(notebook, OUTPUTS, widths=(1200, 480))
    notebook.screenshot("tables-narrow")


def test_panel_and_what_it_opens(open_panel):
    panel = open_panel("qwave.panel('a boat', images='photo.png', action='inpaint')")
    panel.drag(panel.sheet("brush"), (0.3, 0.3), (0.5, 0.3))
    for _ in range(2):
        panel.generate()
    panel.unfold()
    panel.root.locator("input[type=file]").first.set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hi"}
    )
    panel.expect_text("it is text")
    for run in (0, 1):
        panel.runs.nth(run).locator(".qwp-pick").click()
    panel.root.get_by_role("slider", name="Move to compare").wait_for()
    panel.button("Copy as cell").click()
    tools = {"Find a model that can…": "table.qw-table", "About this model": ".qw-t", "Presets": "button"}
    for name, content in tools.items():
        panel.button(name).click()
        panel.root.locator(f".qwp-lookup {content}").first.wait_for()
        check(panel.notebook, ".qwp-panel")
    panel.model.click()
    check(panel.notebook, ".qwp-panel")
    panel.runs.first.locator(".qwp-enlarge").first.click()
    expect(panel.page.locator(".qwl img")).to_have_attribute("data-full", "whole")
    assert not find_violations(panel.page, ".qwl")


def test_boxes_and_palette(open_tool):
    notebook = open_tool('qwave.draw_boxes("photo.png")', "PaletteEditor()")
    for name, cell in ((".qwc-boxes", 1), (".qwc-palette", 2)):
        expect(notebook.cell(cell).locator(name)).to_be_visible()
    notebook.cell(1).get_by_role("button", name="Add box").click()
    expect(notebook.cell(1).locator(".qwc-box")).to_have_count(1)
    check(notebook, ".qwc", widths=(1200, 480))


#: The element with the focus, as the box that a person sees.
FOCUSED = """root => {
  const element = document.activeElement;
  if (!root.contains(element)) return null;
  // What stands on the line of a field's label belongs to the field, and comes after it.
  const bar = element.closest('.qwp-bar');
  const place = bar ? bar.closest('.qwp-order-2').querySelector('textarea') : element;
  const { top, bottom, left } = place.getBoundingClientRect();
  const offset = root.getBoundingClientRect();
  const column = element.closest('.qwp-left') ? 0 : 1;
  return { name: element.ariaLabel || element.textContent.slice(0, 30) || element.tagName, column,
    top: top - offset.top, bottom: bottom - offset.top, left: left - offset.left };
}"""


@pytest.mark.parametrize("width", [1300, 480])
def test_focus_follows_the_order_on_screen(open_panel, width):
    panel = open_panel("qwave.panel('a boat', images='photo.png', action='inpaint')", size=(width, 1000))
    panel.notebook.collapse_sidebar()
    panel.sheet("brush")
    panel.unfold()
    panel.model.focus()
    stops = []
    while (stop := panel.root.evaluate(FOCUSED)) and len(stops) < 100:
        stops.append(stop)
        panel.page.keyboard.press("Tab")
    assert len(stops) > 25
    assert {"Model", "Upload", "Generate"} <= {stop["name"] for stop in stops}
    for before, after in pairwise(stops):
        if width < 680 or before["column"] == after["column"]:
            # Never upwards; side by side, from the left.
            assert after["bottom"] > before["top"], (before, after)
            beside = after["top"] < before["bottom"] and before["top"] < after["bottom"]
            assert not beside or after["left"] >= before["left"], (before, after)
        else:
            assert before["column"] < after["column"], (before, after)


def test_zoom_of_200_percent_cuts_nothing_off(open_panel):
    # A browser at 200 % has half as many pixels of its own across the same window.
    panel = open_panel("qwave.panel('a boat', images='photo.png', action='inpaint')", size=(640, 500))
    panel.notebook.collapse_sidebar()
    panel.drag(panel.sheet("brush"), (0.3, 0.3), (0.5, 0.3))
    panel.generate()
    panel.unfold()
    await_steady(panel.root)
    assert not panel.root.evaluate(STICKING_OUT)
    assert panel.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
    panel.page.emulate_media(reduced_motion="reduce")
    assert panel.root.evaluate(ANIMATIONS) == []
    panel.screenshot("zoomed")
