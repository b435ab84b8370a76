from __future__ import annotations

import json
import pickle

import pytest
from PIL import Image

from qwave_jupyter import catalog
from qwave_jupyter.errors import RequestRefused, UnknownModel
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.jobs import request
from tests.image_factory import plain

EDITION = catalog.load("2026-04")


def build(prompt="a cat", *, model="gpt-image-2", **rest):
    options = {name: rest.pop(name) for name in list(rest) if name not in {"force", "variables", "unknown_ok", "now"}}
    return request.build(EDITION, prompt, options, model=model, **rest)


def refusal(*args, **options):
    with pytest.raises(RequestRefused) as refused:
        build(*args, **options)
    return refused.value


def test_request_sends_only_what_is_given():
    made = build()
    assert made.body == {"model": "gpt-image-2", "prompt": "a cat"}
    assert made.estimate_usd == 0.006375
    assert made.aspect_ratio == "1:1"
    assert made.effective("quality") == "auto"
    assert made.action_inferred is None
    assert made.warnings == ()


def test_request_forgives_spelling():
    body = build(resolution="2K", aspect_ratio="16x9", n="2").body
    assert (body["resolution"], body["aspect_ratio"], body["n"]) == ("2k", "16:9", 2)
    assert build(model="gpt-4o-image", size="1:1").body == {"model": "gpt-4o-image", "prompt": "a cat", "size": "1:1"}
    nested = build(model="seedream-4.5", size="1:1", response_format="url").body
    assert nested["size"] == "1:1"
    assert nested["extra"] == {"response_format": "url"}


def test_request_names_every_mistake():
    error = refusal("{{wether}} x", variables={"weather": 1}, resolution="4k", n="many", sead=3, images="nowhere.png")
    found = {(one.code, one.parameter) for one in error.fields["violations"]}
    assert ("no_such_name", "prompt") in found
    assert ("unknown_parameter", "sead") in found
    assert ("reference_no_file", "images") in found
    assert {parameter for _, parameter in found} >= {"n", "aspect_ratio"}
    text = str(error)
    assert text.count("\n") == len(error.fields["violations"])
    assert "nothing was sent" in text
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_request_mistake_is_one_line():
    text = str(refusal("   "))
    assert "\n" not in text
    assert "Nothing was sent" in text


def test_request_unknown_model_names_nearest():
    with pytest.raises(UnknownModel, match="gpt-image-2"):
        build(model="gpt-imag-2")


def test_request_force_warns_instead():
    made = build(resolution="4k", aspect_ratio="1:1", sead="3", future='{"a": [1]}', force=True)
    assert made.body["resolution"] == "4k"
    assert made.body["sead"] == 3
    assert made.body["future"] == {"a": [1]}
    assert {one.severity for one in made.warnings} == {"warn"}
    assert len(made.warnings) >= 2
    with pytest.raises(RequestRefused):
        build("", force=True)


def test_request_unvalidated_model():
    made = build(model="brand-new", force=True, n="2", aspect_ratio="9:9", shiny="yes", images="https://x.y/z.png")
    assert made.unvalidated
    assert made.estimate_usd is None
    assert made.body == {
        "model": "brand-new",
        "prompt": "a cat",
        "n": 2,
        "aspect_ratio": "9:9",
        "shiny": "yes",
        "image_urls": ["https://x.y/z.png"],
    }
    assert "brand-new" in str(made.warnings[0])


def test_request_references_choose_the_action():
    one = build(image="https://x.y/a.png")
    assert one.body["image_urls"] == ["https://x.y/a.png"]
    assert one.action_inferred
    assert one.body["action"] == one.action_inferred
    explicit = build(image="https://x.y/a.png", action="edit")
    assert explicit.action_inferred is None
    masked = build(images=["https://x.y/a.png"], mask=Image.new("RGBA", (8, 8)))
    assert masked.body["action"] == "inpaint"
    assert masked.body["mask_url"].startswith("data:image/png;base64,")


def test_request_names_models_that_take_bytes():
    error = refusal(model="qwen-image-2.0", images=Image.new("RGB", (8, 8)))
    (mistake,) = error.fields["violations"]
    assert mistake.code == "reference_url_only"
    assert "gpt-image-2" in mistake.others


def test_fingerprint_depends_on_content(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(plain())
    assert build(n=2, seed=1).fingerprint == build(seed="1", n="2").fingerprint
    assert build(seed=1).fingerprint != build(seed=2).fingerprint
    assert build(images=path).fingerprint == build(images=plain()).fingerprint
    assert build(images=path).fingerprint != build(images=plain(colour="red")).fingerprint


def test_request_record_holds_hashes():
    made = build(images=[plain(), "https://x.y/b.png"], seed=3)
    hashed, url = made.parameters["images"]
    assert hashed.startswith("sha256:")
    assert url == "https://x.y/b.png"
    assert "prompt" not in made.parameters
    json.dumps(made.parameters)


def test_dry_run_body_is_light():
    text = build(images=plain(600, 600), seed=3).body_text()
    assert len(text) < 600
    assert json.loads(text)["seed"] == 3
    assert " KB)" in text


def test_request_earlier_image_by_its_link(tmp_path):
    image = GeneratedImage(tmp_path / "gone.png", "https://cdn.x/a.png", 2_000_000_000.0, width=8, height=8)
    assert build(model="qwen-image-2.0", images=image, now=1_900_000_000.0).body["image_urls"] == [
        "https://cdn.x/a.png"
    ]


def test_request_warns_of_converted_images():
    (warning,) = build(images=plain(kind="BMP")).warnings
    assert warning.code == "reference_reformatted"
