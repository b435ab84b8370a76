"""The panel's kernel side, in this process: what it sends, what it leaves behind, and that nothing breaks it."""

from __future__ import annotations

import json
import sys

import comm
import pytest
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets import widget as registry
from PIL import Image
from traitlets.config import Config

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.catalog import load
from qwave_jupyter.client import polling
from qwave_jupyter.errors import UnknownTask
from qwave_jupyter.magics import cell_options
from qwave_jupyter.widgets.panel import panel as panel_module
from tests.waiting import wait_until

STROKE = {"kind": "paint", "size": 60, "points": [[60, 60], [140, 60]]}
WEIGHT_OF_A_SWITCH = 60_000


class Wire:
    """Every comm that is open, and every byte that goes out."""

    def __init__(self):
        self.open = set()
        self.sent = 0

    def made(self, *given, **named):
        wire = self

        class Recorded(comm.base_comm.BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                wire.sent += len(json.dumps(data, default=str)) + sum(map(len, buffers or ()))
                (wire.open.discard if msg_type == "comm_close" else wire.open.add)(self.comm_id)

        return Recorded(*given, **named)


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    monkeypatch.setattr(comm, "create_comm", wire.made)
    return wire


@pytest.fixture
def open_panel(clean_environment, monkeypatch):
    opened = []
    monkeypatch.chdir(clean_environment)
    # Without a history the first question would come after four seconds.
    monkeypatch.setattr(polling, "MIN_DELAY", 0.1)
    monkeypatch.setattr(polling, "MAX_DELAY", 0.1)
    qwave.use_demo(latency=0.05)

    def start(*given, variables=None, edition=None, **named):
        if edition:
            qwave.configure(edition=edition)
        monkeypatch.setattr(panel_module, "find_variables", lambda: variables or {})
        opened.append(qwave.panel(*given, **named))
        return opened[-1]

    yield start
    for panel in opened:
        panel.close()
    qwave.use_demo(on=False)
    qwave.configure(edition=None, demo=None)


@pytest.fixture
def photo(clean_environment):
    file = clean_environment / "photo.png"
    Image.effect_noise((200, 120), 60).convert("RGB").save(file)
    return str(file)


def body_of(panel, variables=()):
    """What the magic would send for the cell that the panel shows."""
    line, _, body = panel.cell().removeprefix("%%qwave ").partition("\n")
    line, prompt = cell_options.split_cell(line, body)
    model = api.model(cell_options.find_model_id(line))
    parsed = cell_options.parse_line(line, model, dict(variables))
    return api.build(prompt, model=model.id, variables=dict(variables), **parsed.values).body


def turn(panel, tool):
    """Press the button of a tool."""
    button = panel.tools.buttons[tool]
    button.value = not button.value


def receive(control, message):
    """What a frontend sends to a control of ours."""
    control.comm.handle_msg({"content": {"data": {"method": "custom", "content": message}}, "buffers": []})


def plain(panel, name):
    """A parameter's plain control."""
    return panel.view.plain.controls[name][1]


def finished(panel, count=1):
    """Wait for runs to end, and for their views to have drawn it."""
    for run in panel.runs[:count]:
        run.job.wait(30)
        wait_until(lambda run=run: run._actions.layout.display == "", "the actions below the images")
    return panel.runs[:count]


@pytest.mark.slow
def test_panel_model_changes_leak_nothing(wire, open_panel, photo):
    panel = open_panel("a cat", images=[photo])
    ids = [one.id for one in qwave.models()]
    for name in ids:
        panel.choose_model(name)
    widgets, comms = len(registry._instances), len(wire.open)
    heaviest = 0
    for place in range(200):
        before = wire.sent
        panel.choose_model(ids[place % len(ids)])
        heaviest = max(heaviest, wire.sent - before)
    assert len(registry._instances) == widgets
    assert len(wire.open) == comms
    assert 0 < heaviest < WEIGHT_OF_A_SWITCH


def test_panel_close_leaves_no_widget(wire, open_panel, photo):
    widgets = set(registry._instances)
    panel = open_panel("a cat", images=[photo], mask=None, action="inpaint")
    panel.press("find_model")
    panel.press("about_model")
    panel.set("action", None)
    panel.generate()
    finished(panel)
    panel.choose_model("wan2.7-image")
    turn(panel, "palette")
    panel.close()
    assert set(registry._instances) == widgets
    assert not wire.open


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_panel_change_is_cheap(open_panel, edition):
    biggest = max(
        load(edition), key=lambda one: sum(len(each.choices) or 1 for each in one.parameters.values()) + len(one.rules)
    )
    panel = open_panel("a cat", edition=edition, model=biggest.id)

    def calls(work):
        """How many Python functions it calls, whatever the machine's speed."""
        count = 0

        def note(frame, event, argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(None)
        return count

    name, parameter = next((name, one) for name, one in biggest.parameters.items() if len(one.choices) > 1)
    counts = []
    for place in range(6):
        choice = parameter.choices[place % 2]
        counts.append(calls(lambda choice=choice: panel.set(name, choice)))
        assert panel.state.values[name] == choice
    # The first change may import what the others need.
    assert 1_000 < max(counts[1:]) < 30_000, (biggest.id, name, counts)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://", "https://"),
        ("nowhere.png", "nowhere.png"),
        ("notes.txt", "notes.txt"),
        ("broken.png", "broken.png"),
        ("\0", ""),
        ("x" * 5000, "x"),
    ],
)
def test_panel_reports_bad_reference(open_panel, clean_environment, given, said):
    (clean_environment / "notes.txt").write_text("no image")
    (clean_environment / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    panel = open_panel("a cat")
    panel.change_images("images", "add", given)
    assert panel.validation.tone == "wrong"
    assert said in panel.validation.lines[0]
    panel.change_images("images", "remove", 0)
    assert panel.validation.tone == "ready"


def test_panel_reports_bad_upload(open_panel):
    panel = open_panel("a cat")
    panel.change_images("images", "upload", b"no image", "../../evil<b>.png")
    (note,) = panel.view.references.notes
    assert "evil<b>.png in images is no image that can be read: it is text." in note
    assert "<b>" not in panel.view.line.value
    assert not panel.state.selected


def test_panel_reports_mask_of_other_size(open_panel, photo, clean_environment):
    Image.new("RGBA", (90, 90)).save(clean_environment / "mask.png")
    panel = open_panel("a cat", model="gpt-4o-image", images=[photo], mask=str(clean_environment / "mask.png"))
    assert panel.validation.tone == "wrong"
    assert "90×90" in " ".join(panel.validation.lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{no_such}}", "\ud800"]
)
def test_panel_escapes_hostile_prompt(open_panel, hostile):
    panel = open_panel()
    panel.set_prompt(hostile)
    panel.generate()
    for run in finished(panel, len(panel.runs)):
        assert "<script" not in run.card.value
        assert "<img src=x" not in run.card.value
    assert "<script" not in panel.view.line.value
    assert "<img" not in panel.view.line.value
    panel.set_prompt("a cat")
    assert panel.validation.tone == "ready"


def test_panel_survives_any_message(open_panel):
    panel = open_panel("a cat")
    for message in (
        {},
        {"set": 3},
        {"set": "no_such", "value": []},
        {"set": "n", "value": {"a": 1}},
        {"set": "n", "value": None},
    ):
        receive(panel.view.fields, message)
    for message in ({"add": 3}, {"remove": 99}, {"move": 5, "by": "x"}, {"earlier": -1}, {"upload": "x"}):
        receive(panel.view.references, message)
    panel.set("no_such", None)
    panel.set("n", None)
    assert panel.validation.tone == "ready"


@pytest.mark.slow
def test_panel_shows_several_runs(open_panel):
    panel = open_panel("a cat", resolution="1k", n=2)
    panel.generate()
    panel.set("aspect_ratio", "16:9")
    panel.generate()
    newest, oldest = finished(panel, 2)
    assert [len(one.gallery) for one in (newest, oldest)] == [2, 2]
    assert newest.gallery[0].width > newest.gallery[0].height
    assert oldest.gallery[0].width == oldest.gallery[0].height
    assert panel.view.runs.children == (newest.box, oldest.box)
    assert [bool(item["src"]) for item in newest.results.items] == [True, True]
    assert [len(one) for one in panel.results] == [2, 2]


def test_panel_vary_changes_only_the_seed(open_panel):
    panel = open_panel("a cat", resolution="1k", seed=7)
    panel.generate()
    (first,) = finished(panel)
    panel.set_prompt("a dog")
    first.buttons["vary"].click()
    again = finished(panel)[0]
    assert again.job.request.prompt == "a cat"
    assert {**again.job.request.body, "seed": 7} == first.job.request.body
    assert again.job.request.body["seed"] != 7
    assert again.gallery[0].path.read_bytes() != first.gallery[0].path.read_bytes()


def test_panel_result_buttons(open_panel, clean_environment):
    panel = open_panel("a cat", resolution="1k")
    panel.generate()
    panel.generate()
    newer, older = finished(panel, 2)
    assert len(panel.view.references.earlier) == 2
    newer.buttons["edit"].click()
    assert panel.state.values["action"] == "edit"
    assert len(panel.request().values["images"]) == 1
    older.buttons["use"].click()
    assert len(panel.request().values["images"]) == 2
    newer.buttons["compare"].click()
    older.buttons["compare"].click()
    assert len(panel.view.comparison.images) == 2
    newer.buttons["copy_cell"].click()
    assert newer.copy.text.startswith("%%qwave -m gpt-image-2")
    newer.buttons["save_here"].click()
    assert len(list((clean_environment / "best").glob("*.png"))) == 1
    newer.buttons["dismiss"].click()
    assert panel.runs == [older]
    assert newer.job.gallery[0].path.is_file()


def test_panel_model_without_references(open_panel):
    panel = open_panel("a cat", resolution="1k")
    panel.generate()
    (run,) = finished(panel)
    panel.choose_model("z-image-turbo")
    run.buttons["use"].click()
    assert "z-image-turbo takes no reference images" in run.note.value
    assert not panel.state.images


def test_panel_sends_painted_mask(open_panel, photo):
    panel = open_panel("a moon", images=[photo], action="inpaint")
    assert panel.validation.tone == "waiting"
    brush = panel.tools.brush
    brush.value = [STROKE]
    assert panel.validation.tone == "ready"
    body = panel.request().body
    assert body["mask_url"].startswith("data:image/png;base64,")
    assert body_of(panel) == body
    panel.change_images("mask", "remove", 0)
    assert brush.value == []
    assert "mask_url" not in json.dumps(panel.state.to_options(), default=str)


def test_panel_keeps_given_mask(open_panel, photo):
    given = "https://images.example/mask.png"
    panel = open_panel("a moon", images=[photo], mask=given)
    assert not panel.tools.buttons["mask"].value
    turn(panel, "mask")
    assert panel.request().body["mask_url"] == given
    panel.tools.brush.value = [STROKE]
    assert panel.request().body["mask_url"].startswith("data:")
    turn(panel, "mask")
    assert "mask_url" not in panel.request().body
    turn(panel, "mask")
    assert panel.request().body["mask_url"].startswith("data:")


def test_panel_mask_for_url_only_model(open_panel, photo):
    panel = open_panel("a moon", edition="2026-09", model="gpt-image-2", images=[photo])
    turn(panel, "mask")
    panel.tools.brush.value = [STROKE]
    said = panel.tools.notes["mask"].value
    assert "public URL" in said
    assert str(panel.state.mask.expression) in said
    with Image.open(panel.state.mask.expression) as mask:
        assert mask.size == (200, 120)


def test_panel_boxes_per_reference(open_panel):
    panel = open_panel("a cat", resolution="1k")
    panel.generate()
    (run,) = finished(panel)
    panel.choose_model("wan2.7-image")
    run.buttons["use"].click()
    address = "https://images.example/b.png"
    panel.change_images("images", "add", address)
    panel.set("action", "interactive_edit")
    next(iter(panel.tools.editors.values())).value = [[10, 20, 300, 400]]
    body = panel.request().body
    assert body["bbox_list"] == [[[10, 20, 300, 400]], []]
    assert body_of(panel) == body
    panel.change_images("images", "move", 0, 1)
    assert panel.request().body["bbox_list"] == [[], [[10, 20, 300, 400]]]


@pytest.mark.parametrize(("model", "tool"), [("gpt-image-2", "mask"), ("wan2.7-image", "boxes")])
def test_panel_tool_on_unreadable_image(open_panel, clean_environment, model, tool):
    (clean_environment / "broken.png").write_bytes(b"no image")
    action = "inpaint" if tool == "mask" else "interactive_edit"
    panel = open_panel("a cat", model=model, images=[str(clean_environment / "broken.png")], action=action)
    assert not panel.tools.buttons[tool].value
    assert "broken.png" in panel.tools.notes[tool].value
    turn(panel, tool)
    assert not panel.tools.buttons[tool].value
    assert panel.validation.tone == "wrong"


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_panel_palette_on_and_off(open_panel, edition):
    panel = open_panel("a lake", edition=edition, model="wan2.7-image")
    turn(panel, "palette")
    panel.tools.palette.value = ["#112233", "#445566", "#778899"]
    body = panel.request().body
    assert [one["hex"] for one in body["color_palette"]] == ["#112233", "#445566", "#778899"]
    assert sum(one["ratio"] for one in body["color_palette"]) == pytest.approx(100)
    assert body_of(panel) == body
    again = open_panel(model="wan2.7-image", color_palette=body["color_palette"])
    assert again.tools.palette.palette == panel.tools.palette.palette
    turn(panel, "palette")
    assert "color_palette" not in panel.request().body
    turn(panel, "palette")
    assert panel.request().body == body


def test_panel_unreadable_palette(open_panel):
    panel = open_panel("a lake", model="wan2.7-image", color_palette="{not json")
    assert panel.validation.tone == "wrong"
    assert "color_palette" in [field["name"] for field in panel.view.fields.fields]


@pytest.mark.slow
def test_panel_opens_from_earlier_jobs(open_panel, photo):
    with pytest.raises(UnknownTask):
        open_panel(task="no-such-task")
    asked = {"variables": {"word": "cat"}, "resolution": "2k", "aspect_ratio": "16:9", "images": [photo]}
    # An ended job has let go of the bytes of its reference images.
    body = qwave.build("a {{word}}", **asked).body
    first = qwave.submit("a {{word}}", **asked)
    first.result()
    assert open_panel(last=True).request().body == body
    qwave.generate("another", resolution="1k")
    assert open_panel(task=first.task_id).request().body == body
    assert panel_module.panel_from_line(["--from", first.task_id[-6:]]).request().body == body
    assert panel_module.panel_from_line(["--from-last"]).request().body["prompt"] == "another"
    line = panel_module.panel_from_line(["-m", "wan2.7-image", "--resolution", "2k", "-n", "2"])
    assert line.state.values == {"resolution": "2K", "n": 2}


def test_panel_command_in_a_shell(open_panel):
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns["mood"] = "calm"
    qwave.load_ipython_extension(shell)
    try:
        panel = shell.run_line_magic("qwave", "panel -m wan2.7-image --resolution 2k --no-watermark")
        assert panel.state.values == {"resolution": "2K", "watermark": False}
        panel.close()
    finally:
        qwave.unload_ipython_extension(shell)


@pytest.mark.slow
def test_panel_offers_its_own_tasks(open_panel):
    panel = open_panel("a cat", edition="2026-09", model="midjourney")
    panel.generate()
    (run,) = finished(panel)
    panel.set("action", "upscale")
    (field,) = [one for one in panel.view.fields.fields if one.get("offers")]
    assert field["offers"] == (run.job.task_id,)
    assert panel.validation.tone == "waiting"
    panel.set(field["name"], run.job.task_id)
    panel.set("index", 1)
    assert panel.validation.tone == "ready", panel.validation.lines


def test_panel_with_plain_controls(open_panel):
    panel = open_panel("a cat", plain=True)
    ratio = plain(panel, "aspect_ratio")
    resolution = plain(panel, "resolution")
    resolution.value = "4k"
    assert "needs aspect_ratio" in " ".join(panel.validation.lines)
    assert any("1:1" in label and "not now" in label for label, _ in ratio.options)
    ratio.value = "16:9"
    assert panel.request().body["aspect_ratio"] == "16:9"
    panel.choose_model("wan2.7-image")
    assert panel.request().body["aspect_ratio"] == "16:9"
    plain(panel, "color_palette").value = "{not json"
    assert panel.validation.tone == "wrong"


def test_panel_without_widget_shows_cell(open_panel):
    panel = open_panel("a <b>cat</b>", n=2)
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "%%qwave -m gpt-image-2 -n 2" in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
    assert "Ready: $0.0128 for 2 images" in bundle["text/plain"]


def test_panel_finder_sets_the_model(open_panel):
    panel = open_panel("a cat")
    panel.press("find_model")
    panel.finder.action.value = "interactive_edit"
    panel.finder.use.click()
    assert panel.state.model.id == "wan2.7-image"
    panel.press("about_model")
    assert "wan2.7-image" in panel.view.card.value
