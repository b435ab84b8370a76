"""Values that the browser sends at once: set in their control, not sent back, and before the button that follows."""

from __future__ import annotations

import itertools

import ipywidgets
import pytest
from PIL import Image

from qwave_jupyter.jobs.presets import Preset, list_presets, save_preset
from qwave_jupyter.session import default
from qwave_jupyter.widgets.panel.models import ModelFinder
from qwave_jupyter.widgets.panel.panel import Panel
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import PanelState
from tests.fake_clock import FakeClock
from tests.waiting import wait_until

OPTIONS = ["a", "b", "c"]


def name_of(widget):
    (name,) = (one.removeprefix("qwp-sent-") for one in widget._dom_classes if one.startswith("qwp-sent-"))
    return name


@pytest.fixture
def panel(clean_environment):
    made = Panel(PanelState(default().catalog.model("gpt-image-2"), "a cat"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("control", "value", "trait"),
    [
        (ipywidgets.Dropdown(options=OPTIONS), 2, "index"),
        (ipywidgets.ToggleButtons(options=OPTIONS), 1, "index"),
        (ipywidgets.Checkbox(), True, "value"),
        (ipywidgets.ToggleButton(), True, "value"),
        (ipywidgets.Text(), "灯塔", "value"),
        (ipywidgets.Textarea(), "one\ntwo", "value"),
        (ipywidgets.Combobox(options=OPTIONS), "b", "value"),
    ],
)
def test_value_is_set_and_not_sent_back(monkeypatch, control, value, trait):
    values, heard, sent = SentValues(), [], []
    values.add(ipywidgets.VBox([ipywidgets.Box([control])]))
    control.observe(lambda change: heard.append(change["new"]), trait)
    monkeypatch.setattr(control, "send_state", lambda key=None: sent.append(key))
    values.set(name_of(control), value)
    assert (getattr(control, trait), heard) == (value, [value])
    assert trait not in str(sent)
    for wrong in (None, 7.5, [], {}, 99 if trait == "index" else 3, -1, "x" if trait == "index" else b"x"):
        values.set(name_of(control), wrong)
    assert (getattr(control, trait), heard) == (value, [value])
    control.value = control.value


def test_number_stays_and_is_unique():
    values = SentValues()
    controls = [ipywidgets.Text(), ipywidgets.Checkbox(), ipywidgets.Dropdown(options=OPTIONS)]
    box = ipywidgets.Box([*controls, ipywidgets.HTML(), ipywidgets.Button()])
    values.add(box)
    names = [name_of(control) for control in controls]
    values.add(box, *controls)
    assert [name_of(control) for control in controls] == names
    assert len(set(names)) == 3
    values.set("unknown", "x")


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_delete_means_the_preset_that_is_seen(panel, chosen):
    home = default().settings.home
    for name in ("one", "three", "two"):
        save_preset(home, name, Preset("gpt-image-2", {"aspect_ratio": "16:9"}))
    panel.press("presets")
    names = list(panel.presets.chosen.options)
    panel.view.prompt_controls._receive(None, {"sent": name_of(panel.presets.chosen), "value": chosen}, [])
    panel.presets.buttons["delete_preset"].click()
    assert sorted(list_presets(home)) == sorted(set(names) - {names[chosen]})


@pytest.mark.parametrize("typed", ["wide", "a b", "灯塔"])
def test_save_takes_the_name_that_is_seen(panel, typed):
    panel.press("presets")
    panel.presets.name.value = typed[:1]
    panel.view.prompt_controls._receive(None, {"sent": name_of(panel.presets.name), "value": typed}, [])
    panel.presets.buttons["save_preset"].click()
    assert len(list_presets(default().settings.home)) == 1
    assert typed.replace(" ", "-") in list_presets(default().settings.home)


def test_every_control_of_a_panel_has_a_number(panel):
    panel.press("find_model")
    panel.press("presets")
    finder = panel.finder
    assert isinstance(finder, ModelFinder)
    controls = [finder.words, finder.action, finder.ratio, finder.references, finder.price, finder.mask]
    controls += [panel.presets.chosen, panel.presets.name, *panel.tools.controls]
    assert len({name_of(control) for control in controls}) == len(controls)
    panel.press("plain_controls")
    plain = [control for _, control in panel.view.plain.controls.values()]
    assert len({name_of(control) for control in plain}) == len(plain) > 4
    combobox = panel.view.plain_controls[0]
    panel.view.prompt_controls._receive(None, {"sent": name_of(combobox), "value": "imagen-4.0"}, [])
    assert panel.state.model.id == "imagen-4.0"


def note(sent, *numbers):
    for number in numbers:
        sent.note(None, {"number": number}, [])


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_button_waits_for_what_was_sent_before(order):
    sent, done = SentValues(), []
    note(sent, order[0])
    sent.run_after([1, 2, 3], lambda: done.append("generated"))
    for number in order[1:]:
        assert done == []
        note(sent, number)
    assert done == ["generated"]
    note(sent, *order)
    assert done == ["generated"]


@pytest.mark.parametrize("numbers", [[], None, "12", [4]])
def test_button_waits_for_nothing_else(numbers):
    sent, done = SentValues(), []
    note(sent, 4, "5", None)
    sent.run_after(numbers, lambda: done.append("generated"))
    assert done == ["generated"]


@pytest.mark.parametrize("button", ["use_preset", "rename_preset", "delete_preset"])
def test_preset_button_waits_for_its_preset(panel, button):
    """The message of the list may be handled after that of the button."""
    home = default().settings.home
    for name, ratio in (("one", "16:9"), ("three", "1:1"), ("two", "9:16")):
        save_preset(home, name, Preset("gpt-image-2", {"aspect_ratio": ratio}))
    panel.press("presets")
    panel.presets.name.value = "four"
    receive = panel.view.prompt_controls._receive
    receive(None, {"press": name_of(panel.presets.buttons[button]), "before": [11]}, [])
    assert sorted(list_presets(home)) == ["one", "three", "two"]
    chosen = {"sent": name_of(panel.presets.chosen), "value": 2, "number": 11}
    panel.view.prompt_controls._handle_custom_msg(chosen, [])
    left = {"use_preset": ["one", "three", "two"], "rename_preset": ["four", "one", "three"]}
    assert sorted(list_presets(home)) == left.get(button, ["one", "three"])
    assert panel.state.values.get("aspect_ratio") == ("9:16" if button == "use_preset" else None)


def test_buttons_wait_each_for_themselves():
    sent, done = SentValues(), []
    sent.run_after([1], lambda: done.append("generated"))
    sent.run_after([2], lambda: done.append("deleted"), button="7")
    note(sent, 2)
    assert done == ["deleted"]
    note(sent, 1)
    assert done == ["deleted", "generated"]


@pytest.mark.parametrize("name", ["99", "", "generate"])
def test_unknown_button_is_ignored(panel, name):
    panel.view.prompt_controls._receive(None, {"press": name, "before": []}, [])
    assert not panel.runs


def test_later_press_takes_the_place_of_one_that_waits():
    """A message that never arrives must not keep the button from working, nor pay later."""
    sent, done = SentValues(), []
    sent.run_after([1], lambda: done.append("first"))
    sent.run_after([2], lambda: done.append("second"))
    note(sent, 2)
    assert done == ["second"]
    note(sent, 1)
    assert done == ["second"]


@pytest.mark.parametrize(
    ("times", "runs"),
    [
        ((0.0, 0.3, 0.9), [False, False, False]),
        ((0.0, 2.5), [False, True]),
        ((0.0, 1.5, 3.0), [False, False, True]),
    ],
)
def test_message_that_is_lost_keeps_no_button_waiting(times, runs):
    """A double click waits as one click does; who presses again because nothing happens is heard."""
    clock = FakeClock()
    sent, done, found = SentValues(clock), [], []
    note(sent, 1)
    for at in times:
        clock.advance(at - clock.monotonic())
        sent.run_after([1, 2], lambda: done.append("generated"))
        found.append(bool(done))
    assert found == runs
    done.clear()
    sent.run_after([1, 2], lambda: done.append("generated"), button="7")
    assert bool(done) == runs[-1]


@pytest.mark.parametrize("later", ["a pier and later", "", "灯塔"])
def test_generated_is_the_text_of_the_press_and_later_text_stays(panel, monkeypatch, later):
    requests, sent, prompt = [], [], panel.view.prompt
    monkeypatch.setattr(panel, "_run", lambda request, _: requests.append(request))
    prompt.receive(later)
    monkeypatch.setattr(prompt, "send_state", lambda key=None: sent.append(key))
    panel.view.prompt_controls._receive(None, {"generate": "a pier", "before": []}, [])
    assert [request.prompt for request in requests] == ["a pier"]
    assert (prompt.value, sent) == (later, [])


@pytest.mark.parametrize(("before", "late"), [("a pier", ""), ("", "  "), ("a mill", "\n")])
def test_refusal_outlives_the_late_message_of_its_text(panel, before, late):
    prompt = panel.view.prompt
    prompt.value = before
    panel.view.prompt_controls._receive(None, {"generate": late, "before": []}, [])
    refused = panel.view.line.value
    assert "Nothing was sent" in refused
    prompt.value = late
    assert (panel.view.line.value, panel.state.prompt) == (refused, late)
    prompt.value = "a pier at noon"
    assert "Ready" in panel.view.line.value
    # Typed anew it is as before the button was pressed.
    prompt.value = late
    assert "Nothing was sent" not in panel.view.line.value


@pytest.mark.parametrize("chosen", [1, 2, 0])
def test_run_uses_the_image_that_is_chosen(quick_demo, panel, chosen):
    panel.set("n", 3)
    run = panel.generate()
    (which,) = [one for one in run.box.children[2].children if isinstance(one, ipywidgets.ToggleButtons)]
    wait_until(lambda: len(which.options) == 3)
    receive = panel.view.prompt_controls._handle_custom_msg
    receive({"press": name_of(run.buttons["use"]), "before": [11]}, [])
    assert panel.state.selected == ()
    receive({"sent": name_of(which), "value": chosen, "number": 11}, [])
    assert [image.source for image in panel.state.selected] == [run.gallery[chosen]]


STROKES = [{"kind": "paint", "size": 4.0, "points": [[x, 5.0], [x + 3.0, 5.0]]} for x in (2.0, 9.0)]


@pytest.fixture
def inpainting(panel):
    """The panel with an image below its brush."""
    panel.variables["photo"] = Image.new("RGB", (20, 20), "white")
    panel.change_images("images", "add", "photo")
    panel.set("action", "inpaint")
    return panel


@pytest.mark.parametrize("late", [STROKES[:1], STROKES, []])
def test_strokes_come_before_the_button(inpainting, monkeypatch, late):
    """The brush's own message, that ipywidgets has held back, comes later and changes nothing."""
    requests, sent, brush = [], [], inpainting.tools.brush
    monkeypatch.setattr(inpainting, "_run", lambda request, _: requests.append(request))
    brush.set_state({"value": STROKES[:1]})
    monkeypatch.setattr(brush, "send_state", lambda key=None: sent.append(key))
    inpainting.view.prompt_controls._receive(None, {"generate": "a cat", "before": [7]}, [])
    assert requests == []
    drawn = {"sent": name_of(brush), "value": late, "number": 7}
    inpainting.view.prompt_controls._handle_custom_msg(drawn, [])
    assert brush.value == late
    assert "value" not in str(sent)
    (body,) = [request.body for request in requests] or [None]
    assert (body is None) == (late == [])


@pytest.mark.parametrize("control", ["images", "mask", "brush"])
def test_button_waits_for_images_that_are_given_anywhere(inpainting, monkeypatch, control):
    sent = []
    monkeypatch.setattr(inpainting, "_run_with_seed", lambda state: sent.append(len(state.selected)))
    inpainting.view.prompt_controls._receive(None, {"generate": "a cat", "before": [9]}, [])
    assert sent == []
    receiver = inpainting.tools.brush if control == "brush" else inpainting.view.strips[control]
    receiver._handle_custom_msg({"pasted": "", "number": 9}, [])
    assert sent == [1]


@pytest.mark.parametrize("boxes", [[[1, 2, 9, 9]], [], "no boxes"])
def test_editor_that_is_gone_keeps_no_button_waiting(clean_environment, monkeypatch, boxes):
    model = next(one for one in default().catalog if "bbox_list" in one.parameters)
    photos = {name: Image.new("RGB", (400, 400), name) for name in ("red", "blue")}
    made = Panel(PanelState(model, "a cat"), photos)
    sent = []
    monkeypatch.setattr(made, "_run_with_seed", lambda state: sent.append(state.values.get("bbox_list")))
    for name in photos:
        made.change_images("images", "add", name)
    made.set("action", "interactive_edit")
    first, _ = made.tools.editors.values()
    made.change_images("images", "remove", 0)
    made.view.prompt_controls._handle_custom_msg({"sent": name_of(first), "value": boxes, "number": 7}, [])
    made.view.prompt_controls._receive(None, {"generate": "a cat", "before": [7]}, [])
    assert sent == [None]
    made.change_images("images", "add", "red")
    (editor,) = [one for image, one in made.tools.editors.items() if image == made.state.images[0]]
    made.view.prompt_controls._handle_custom_msg({"sent": name_of(editor), "value": [[1, 2, 9, 9]], "number": 8}, [])
    made.view.prompt_controls._receive(None, {"generate": "a cat", "before": [7, 8]}, [])
    assert sent == [None, ([[1, 2, 9, 9]], [])]
    made.close()
