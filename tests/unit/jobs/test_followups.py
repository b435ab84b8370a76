from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from qwave_jupyter.errors import OptionMistake, RequestRefused
from qwave_jupyter.jobs import request as requests_of
from qwave_jupyter.magics.cell_options import find_model_id, parse_line, split_cell
from tests.fake_session import replace_default
from tests.image_factory import plain


@pytest.fixture
def image(bench, submit, monkeypatch):
    replace_default(monkeypatch, bench)

    def make(prompt="a cat", **options):
        return submit(prompt, **options).result()[0]

    return make


def test_edit_uses_the_live_link(image, server):
    cat = image(aspect_ratio="16:9", quality="high", seed=4)
    night = cat.edit("make it night")[0]
    body = server.bodies[-1]
    assert body["image_urls"] == [cat.url]
    assert body["prompt"] == "make it night"
    assert body["action"] in {"edit", "image2image"}
    assert (body["aspect_ratio"], body["quality"]) == ("16:9", "high")
    assert "seed" not in body
    assert night.parameters["images"] == [cat.url]


def test_edit_sends_bytes_for_a_dead_link(image, server, clock):
    cat = image()
    clock.advance(2 * 86_400)
    cat.edit("make it night")
    assert server.bodies[-1]["image_urls"][0].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("made_in_demo", "demo", "as_link"), [(1, 0, False), (0, 1, False), (0, 0, True), (1, 1, True)]
)
def test_link_goes_only_to_the_server_that_made_it(image, bench, made_in_demo, demo, as_link):
    cat = replace(image(), demo=bool(made_in_demo))
    request = requests_of.build(
        bench.catalog, "x", {"images": cat}, model="gpt-image-2", now=bench.clock.now(), demo=bool(demo)
    )
    (sent,) = request.body["image_urls"]
    assert (sent == cat.url) == as_link
    assert as_link or sent.startswith("data:image/png;base64,")


def test_edit_names_models_that_take_bytes(image, clock, bench):
    links_only = next(
        one
        for one in bench.catalog
        if one.references.maximum and "images" in one.parameters and not one.references.takes_bytes
    )
    cat = image(model=links_only.id)
    clock.advance(2 * 86_400)
    with pytest.raises(RequestRefused, match="by URL only"):
        cat.edit("make it night")


def test_edit_passes_a_mask_on(image, server):
    cat = image()
    cat.inpaint("https://example.com/mask.png", "a red hat")
    body = server.bodies[-1]
    assert body["action"] == "inpaint"
    assert (body["mask_url"], body["image_urls"]) == ("https://example.com/mask.png", [cat.url])


def test_again_changes_only_what_is_given(image, server):
    cat = image("a cat", aspect_ratio="4:3", seed=4)
    first = server.bodies[-1]
    cat.again(seed=7)
    assert server.bodies[-1] == {**first, "seed": 7}
    cat.again("a dog")
    assert server.bodies[-1] == {**first, "prompt": "a dog"}


def test_vary_keeps_the_prompt(image, server):
    cat = image("a cat", aspect_ratio="4:3", seed=4)
    cat.vary(n=3)
    sent = server.bodies[1:]
    assert sum(body.get("n", 1) for body in sent) == 3
    assert {body["prompt"] for body in sent} == {"a cat"}
    assert all(body.get("seed") != 4 for body in sent)


def test_edit_with_another_model(image, server, bench):
    cat = image(aspect_ratio="16:9", moderation="low")
    other = next(one for one in bench.catalog if "images" in one.parameters and "moderation" not in one.parameters)
    cat.edit("make it night", model=other.id)
    body = server.bodies[-1]
    assert body["model"] == other.id
    assert "moderation" not in body


def test_again_needs_uploaded_images_anew(image, server, tmp_path):
    path = tmp_path / "reference.png"
    path.write_bytes(plain(300, 300))
    cat = image("a cat", images=[str(path)])
    with pytest.raises(OptionMistake, match="images"):
        cat.again(seed=3)
    for name in ("images", "image", "image_urls"):
        cat.again(seed=3, **{name: [str(path)]})
        assert server.bodies[-1]["image_urls"][0].startswith("data:")
        assert len(server.bodies[-1]["image_urls"]) == 1


def test_edit_refusal_sends_nothing(image, server):
    cat = image()
    sent = len(server.bodies)
    with pytest.raises(RequestRefused, match="aspect_ratio"):
        cat.edit("make it night", aspect_ratio="99:1")
    assert len(server.bodies) == sent


def test_edit_without_waiting_is_a_job(image):
    job = image().edit("make it night", wait=False)
    assert job.result()[0].prompt == "make it night"


def test_image_cell_text_makes_it_again(image, bench):
    cat = image("a cat\n-m is not an option here", aspect_ratio="4:3", seed=4)
    line, _, body = cat.cell().partition("\n")
    assert line.startswith("%%qwave -m gpt-image-2 ")
    line, prompt = split_cell(line.removeprefix("%%qwave"), body)
    options = parse_line(line, bench.catalog.model(find_model_id(line)), {}).values
    request = requests_of.build(bench.catalog, prompt, options, model=find_model_id(line))
    assert request.prompt == cat.prompt
    assert {name: request.values[name] for name in ("aspect_ratio", "seed")} == {"aspect_ratio": "4:3", "seed": 4}


LITERAL = ["a {{y}} sign", "｛｛y｝｝ and {{y}}", '{"a": {{"y": 1}}, {{ y.z }}', r"a \{{y}} in it", "{{{{y}}}}"]


@pytest.mark.parametrize("prompt", LITERAL)
@pytest.mark.parametrize("variables", [None, {"y": "other"}])
def test_recorded_prompt_is_not_filled_again(image, server, bench, prompt, variables):
    # Whatever a variable holds is literal.
    cat = image(prompt)
    assert cat.prompt == prompt
    cat.again(variables=variables, seed=3)
    cat.vary(2, variables=variables)
    assert {body["prompt"] for body in server.bodies} == {prompt}
    _, _, body = cat.cell().partition("\n")
    again = requests_of.build(bench.catalog, body, {}, model=cat.model, variables={"y": "other"})
    assert again.prompt == prompt


def test_other_words_are_filled(image, server):
    image("a {{y}} sign").again("a {{y}} cat", variables={"y": "red"})
    assert server.bodies[-1]["prompt"] == "a red cat"


DAYS = 2 * 86_400


@pytest.mark.parametrize("again", [lambda night: night.again(seed=3), lambda night: night.vary(2)])
def test_reference_is_its_file_once_its_link_is_dead(image, server, clock, again):
    cat = image()
    night = cat.edit("make it night")[0]
    assert night.parameters["images"] == [cat.url]
    again(night)
    assert server.bodies[-1]["image_urls"] == [cat.url]
    clock.advance(DAYS)
    again(night)
    (sent,) = server.bodies[-1]["image_urls"]
    assert base64.b64decode(sent.partition("base64,")[2]) == cat.path.read_bytes()
    cat.path.unlink()
    again(night)
    assert server.bodies[-1]["image_urls"] == [cat.url]


def test_cell_names_the_file_of_an_earlier_result(image, bench):
    cat, mask = image(), image("a mask")
    hat = cat.inpaint(mask, "a red hat")[0]
    line, _, body = hat.cell().partition("\n")
    line, prompt = split_cell(line.removeprefix("%%qwave"), body)
    given = parse_line(line, bench.catalog.model(hat.model), {}).values
    assert given["images"] == (str(cat.path),)
    assert given["mask"] == str(mask.path)
    request = requests_of.build(bench.catalog, prompt, given, model=hat.model, now=bench.clock.now())
    assert base64.b64decode(request.references[0].uri.partition("base64,")[2]) == cat.path.read_bytes()
    cat.path.unlink()
    assert cat.url in hat.cell()


def test_cell_of_a_model_by_links_keeps_them(image, bench):
    links_only = next(one for one in bench.catalog if "images" in one.parameters and not one.references.takes_bytes)
    cat = image()
    assert cat.url in cat.edit("make it night", model=links_only.id)[0].cell()


def test_reference_of_others_stays_a_link(image, server, clock):
    night = image("make it night", images=["https://example.com/a.png"])
    clock.advance(DAYS)
    assert "https://example.com/a.png" in night.cell()
    night.again(seed=3)
    assert server.bodies[-1]["image_urls"] == ["https://example.com/a.png"]


def test_mask_is_its_file_once_its_link_is_dead(image, server, clock):
    cat, mask = image(), image("a mask")
    hat = cat.inpaint(mask, "a red hat")[0]
    clock.advance(DAYS)
    hat.again()
    body = server.bodies[-1]
    for name, earlier in (("mask_url", mask), ("image_urls", cat)):
        (sent,) = [body[name]] if isinstance(body[name], str) else body[name]
        assert base64.b64decode(sent.partition("base64,")[2]) == earlier.path.read_bytes()


A, B = "https://example.com/a.png", "https://example.com/b.png"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"image": B}, {"image_urls": [B]}),
        ({"image_urls": [B]}, {"image_urls": [B]}),
        ({"images": B}, {"image_urls": [B]}),
        ({"size": "16:9"}, {"aspect_ratio": "16:9"}),
        ({"aspect-ratio": "16:9"}, {"aspect_ratio": "16:9"}),
        ({"size": None}, {"aspect_ratio": None}),
    ],
)
@pytest.mark.parametrize(
    "follow_up", [lambda cat, **given: cat.again(**given), lambda cat, **given: cat.vary(1, **given)]
)
def test_what_is_given_replaces_what_is_inherited_by_any_name(image, server, options, sent, follow_up):
    cat = image(images=[A], aspect_ratio="1:1")
    follow_up(cat, **options)
    assert {name: server.bodies[-1].get(name) for name in sent} == sent


@pytest.mark.parametrize("name", ["size", "aspect_ratio", "aspect-ratio"])
def test_edit_replaces_a_size_by_any_name(image, server, name):
    image(aspect_ratio="1:1").edit("make it night", **{name: "16:9"})
    assert server.bodies[-1]["aspect_ratio"] == "16:9"


@pytest.mark.parametrize("name", ["image", "images", "image_urls"])
def test_edit_adds_images_by_any_name(image, server, name):
    cat = image(images=[A])
    cat.edit("make it night", **{name: B})
    assert server.bodies[-1]["image_urls"] == [cat.url, B]
