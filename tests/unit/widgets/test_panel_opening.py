"""How a panel is opened: with the variables of the place, and with all that it is given or with words about it."""

from __future__ import annotations

import io
import types

import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.widgets.panel import panel as panels

GPT = "gpt-image-2"
LINE = "get_ipython().run_line_magic('qwave', 'panel -m gpt-image-2')"


@pytest.fixture
def shell(shell):
    shell.user_ns.update(qwave=qwave, M=GPT, place="GLOBAL", photo=sheet("red"))
    return shell


def sheet(colour, size=(80, 60)):
    return Image.new("RGB", size, colour)


def run(shell, *cells):
    for cell in cells:
        shell.run_cell(cell).raise_error()
    return shell.user_ns["p"]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["p = qwave.panel('A {{place}}', model=M)"], "A GLOBAL"),
        (["def f():\n    place = 'LOCAL'\n    return qwave.panel('A {{place}}', model=M)\np = f()"], "A LOCAL"),
        (["def f(place):\n    return qwave.panel('A {{place}}', model=M)\np = f('OTHER')"], "A OTHER"),
        (["f = lambda place: qwave.panel('A {{place}}', model=M)", "p = f('X')"], "A X"),
        (["class A:\n    place = 'IN'\n    p = qwave.panel('A {{place}}', model=M)\np = A.p"], "A IN"),
        (["def f():\n    return qwave.panel('A {{place}}', model=M)\np = f()", "place = 'LATER'"], "A LATER"),
        (
            [f"def f(place):\n    p = {LINE}\n    p.set_prompt('A {{{{place}}}}')\n    return p\np = f('LINE')"],
            "A LINE",
        ),
    ],
)
def test_panel_sees_the_variables_of_its_place(shell, cells, wanted):
    panel = run(shell, *cells)
    assert panel.request().prompt == wanted
    panel.close()


@pytest.mark.parametrize("given", ["images='photo'", "images=['photo']", "images=photo", "image='photo'"])
def test_local_image_goes_before_a_global_one(shell, given):
    shell.user_ns["blue"] = sheet("blue", (40, 90))
    panel = run(shell, f"def f(photo):\n    return qwave.panel('x', model=M, {given})\np = f(blue)")
    assert [one.size for one in panel.request().references] == [(40, 90)]
    panel.close()


@pytest.mark.parametrize(
    ("own", "module", "wanted"),
    [({"place": "A"}, {"place": "B"}, "A"), ({}, {"place": "B"}, "B"), ({"x": 1}, {"place": "C"}, "C")],
)
def test_embedded_shell_sees_its_module_at_any_time(own, module, wanted):
    found = extension_variables(own, module)
    assert found["place"] == wanted
    module["later"] = "seen"
    own["place"] = "NEW"
    assert (found["place"], found["later"]) == ("NEW", "seen")


def extension_variables(own, module):
    from qwave_jupyter.magics.caller_scope import find_shell_variables

    return find_shell_variables(types.SimpleNamespace(user_ns=own, user_global_ns=module))


@pytest.fixture
def here(quick_demo, monkeypatch):
    monkeypatch.setattr(panels, "find_variables", dict)
    return quick_demo


@pytest.mark.parametrize(
    "parameters",
    [
        {"image": sheet("red"), "images": [sheet("blue")]},
        {"images": sheet("red"), "image_urls": "https://images.example/a.png"},
        {"image": [sheet("red"), sheet("lime")], "images": sheet("blue"), "image_urls": None},
    ],
)
def test_images_under_two_names_are_all_sent(here, parameters):
    panel = qwave.panel("x", model=GPT, **parameters)
    wanted = qwave.build("x", model=GPT, **parameters)
    assert [one.content_id for one in panel.request().references] == [one.content_id for one in wanted.references]
    panel.close()


@pytest.mark.parametrize(
    "parameters",
    [
        {"mask": [sheet("red"), sheet("blue")]},
        {"mask": sheet("red"), "mask_url": "https://images.example/m.png"},
        {"mask": ("https://images.example/m.png",) * 3},
        {"size": "16:9", "aspect_ratio": "1:1"},
        {"no_such": 1, "wetness": 2},
    ],
)
def test_what_build_refuses_is_refused(here, parameters):
    options = {"images": [sheet("red")], "model": GPT, **parameters}
    with pytest.raises(RequestRefused) as built:
        qwave.build("x", **options)
    with pytest.raises(RequestRefused) as opened:
        qwave.panel("x", **options)
    assert str(opened.value).splitlines()[0] in str(built.value)


def animated(frame):
    frames = [sheet(colour, (20, 20)) for colour in ("red", "lime", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    image = Image.open(file)
    image.seek(frame)
    return image


def unturned():
    facts = Image.Exif()
    facts[274] = 6
    sheet("red").save("e.jpg", exif=facts)
    return Image.open("e.jpg").convert("L")


def deep():
    return Image.new("I;16", (20, 20), 40_000)


@pytest.mark.parametrize("make", [lambda: animated(1), lambda: animated(2), unturned, deep])
def test_notices_of_images_are_kept(here, make):
    image = make()
    wanted = qwave.build("x", model=GPT, images=[image])
    panel = qwave.panel("x", model=GPT, images=[image])
    assert [str(one) for one in panel.request().warnings] == [str(one) for one in wanted.warnings]
    assert list(panel.validation.advice) == [str(one) for one in wanted.warnings]
    assert panel.validation.advice or make is deep
    panel.change_images("images", "remove", 0)
    assert not panel.validation.advice
    panel.close()


@pytest.mark.parametrize(
    ("line", "named", "setting"),
    [
        ("--max-cost 0.001", "--max-cost", "QWave.max_cost"),
        ("--save keep", "--save", "QWave.save_dir"),
        ("--reuse", "--reuse", "QWave.reuse"),
        ("--timeout 5", "--timeout", "QWave.timeout"),
        ("--embed link", "--embed", "QWave.embed"),
        ("--dry-run", "--dry-run", ""),
        ("-o city", "--out", ""),
        ("--sweep seed=1..3", "--sweep", ""),
        ("--no-wait --force --live", "--no-wait, --force, --live", ""),
    ],
)
def test_line_refuses_options_of_a_cell(here, line, named, setting):
    with pytest.raises(OptionMistake, match=f"a panel has no {named}") as refused:
        panels.panel_from_line(["-m", "z-image-turbo", *line.split()])
    assert setting in str(refused.value)
    assert ("%config" in str(refused.value)) == bool(setting)
    panel = panels.panel_from_line(["-m", "z-image-turbo"])
    assert panel.state.model.id == "z-image-turbo"
    panel.close()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"prompt": "A NEW prompt"}, "prompt"),
        ({"seed": 4}, "seed"),
        ({"model": GPT, "preset": "wide"}, "model, preset"),
        ({"prompt": "x", "images": "a.png"}, "prompt, images"),
    ],
)
def test_earlier_request_is_taken_whole(here, given, named):
    qwave.generate("the first", model=GPT)
    for earlier in ({"last": True}, {"task": "1"}):
        with pytest.raises(OptionMistake, match=f"and {named} would be left out"):
            qwave.panel(**earlier, **given)
    with pytest.raises(OptionMistake, match="and task would be left out"):
        qwave.panel(last=True, task="1")
    with pytest.raises(OptionMistake, match="and -m x would be left out"):
        panels.panel_from_line(["--from-last", "-m", "x"])
    panel = qwave.panel(last=True, seed=None)
    assert panel.request().prompt == "the first"
    panel.close()
