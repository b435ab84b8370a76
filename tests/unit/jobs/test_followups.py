from __future__ import annotations

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
    cat.again(seed=3, images=[str(path)])
    assert server.bodies[-1]["image_urls"][0].startswith("data:")


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
