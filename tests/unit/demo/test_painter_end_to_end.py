"""What a request asks for over the wire is visible in the images that come back."""

import base64
import io
import json

import pytest
from PIL import Image, ImageChops, ImageDraw

from tests.unit.demo.demo_app import Demo


def to_png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(image):
    return f"data:image/png;base64,{base64.b64encode(to_png(image)).decode()}"


def noise_image(size):
    dots = Image.effect_noise(size, 90)
    return Image.merge("RGB", (dots, dots.transpose(Image.Transpose.FLIP_LEFT_RIGHT), dots))


def generate(demo, **body):
    """Submit a request, let its task complete, and return its images and the task's id."""
    answer = demo.submit(body)
    assert answer.status == 200, answer.body
    task = json.loads(answer.body)["task_id"]
    demo.finish()
    count = demo.app.ledger.get(task).image_count
    files = [demo.ask("GET", f"/files/{task}/{index}.png") for index in range(count)]
    assert {one.status for one in files} == {200}
    return [Image.open(io.BytesIO(one.body)).convert("RGB") for one in files], task


def test_requested_palette_is_painted():
    wanted = {(20, 30, 60): 0.5, (240, 200, 120): 0.3, (220, 90, 70): 0.2}
    palette = [
        {"hex": "#{:02x}{:02x}{:02x}".format(*colour), "ratio": round(share * 100)} for colour, share in wanted.items()
    ]
    (image,), _ = generate(Demo(), model="wan2.7-image", resolution="1K", prompt="a boat", color_palette=palette)
    found = dict.fromkeys(wanted, 0)
    for count, shade in image.getcolors(image.width * image.height):
        nearest = min(wanted, key=lambda c: sum((a - b) ** 2 for a, b in zip(c, shade, strict=True)))
        found[nearest] += count
    for colour, share in wanted.items():
        assert abs(found[colour] / (image.width * image.height) - share) < 0.02


def test_requested_boxes_confine_edit():
    demo = Demo()
    (reference,), task = generate(demo, model="wan2.7-image", resolution="1K", prompt="a hill")
    link = f"{demo.app.host}/files/{task}/0.png"
    request = {"model": "wan2.7-image", "action": "interactive_edit", "prompt": "a cat", "image_urls": [link]}
    (image,), _ = generate(demo, **request, bbox_list=[[[100, 80, 400, 300]]])
    assert image.size == reference.size
    left, top, right, bottom = ImageChops.difference(image, reference).getbbox()
    assert left in range(100, 160)
    assert top in range(80, 140)
    assert (right <= 400, bottom <= 300) == (True, True)


def test_requested_mask_confines_edit():
    reference, mask = noise_image((320, 320)), Image.new("RGBA", (320, 320), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((160, 0, 319, 319), fill=(0, 0, 0, 0))
    request = {"model": "gpt-image-2", "action": "inpaint", "prompt": "a dog"}
    (image,), _ = generate(Demo(), **request, image_urls=[data_uri(reference)], mask_url=data_uri(mask))
    assert image.size == reference.size
    changed = ImageChops.difference(image, reference)
    assert changed.crop((0, 0, 160, 320)).getbbox() is None
    assert changed.getbbox()[0] >= 160


def test_reference_size_unless_ratio_given():
    request = {
        "model": "gpt-image-2",
        "action": "edit",
        "prompt": "night",
        "image_urls": [data_uri(noise_image((300, 200)))],
    }
    assert [generate(Demo(), **request, **more)[0][0].size for more in ({}, {"aspect_ratio": "1:1"})] == [
        (300, 200),
        (1024, 1024),
    ]


@pytest.mark.slow
def test_requested_group_is_a_series():
    request = {"model": "wan2.7-image", "resolution": "1K", "action": "group", "enable_sequential": True, "n": 3}
    shown, _ = generate(Demo(), **request, prompt="a lighthouse by the sea")
    levels = [one.convert("L").resize((1, 1)).getpixel((0, 0)) for one in shown]
    assert len(shown) == 3
    assert levels[2] < min(levels[:2])


@pytest.mark.slow
def test_upscale_continues_from_image():
    demo = Demo("2026-09")
    shown, task = generate(demo, model="midjourney", prompt="a castle")
    (larger,), _ = generate(demo, model="midjourney", action="upscale", ref_task_id=task, index=1)
    assert larger.width == shown[0].width * 2
    again = larger.resize(shown[0].size, Image.Resampling.BOX)
    grey = ImageChops.difference(again, shown[0]).convert("L")
    assert sum(grey.histogram()[40:]) < grey.width * grey.height * 0.05
