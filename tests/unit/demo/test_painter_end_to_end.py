"""What is ordered over the wire is seen in the picture that comes back."""

import base64
import io
import json

from PIL import Image, ImageChops, ImageDraw

from tests.unit.demo.demo_app import Demo


def file_of(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def uri_of(picture):
    return f"data:image/png;base64,{base64.b64encode(file_of(picture)).decode()}"


def noisy(size):
    dots = Image.effect_noise(size, 90)
    return Image.merge("RGB", (dots, dots.transpose(Image.Transpose.FLIP_LEFT_RIGHT), dots))


def pictures(demo, **body):
    """The pictures of an order and its task's id."""
    answer = demo.submit(body)
    assert answer.status == 200, answer.body
    task = json.loads(answer.body)["task_id"]
    demo.finish()
    count = demo.protocol.book.known(task).pictures
    files = [demo.ask("GET", f"/files/{task}/{index}.png") for index in range(count)]
    assert {one.status for one in files} == {200}
    return [Image.open(io.BytesIO(one.body)).convert("RGB") for one in files], task


def test_a_palette_that_was_ordered_is_in_the_picture():
    wanted = {(20, 30, 60): 0.5, (240, 200, 120): 0.3, (220, 90, 70): 0.2}
    palette = [
        {"hex": "#{:02x}{:02x}{:02x}".format(*colour), "ratio": round(share * 100)} for colour, share in wanted.items()
    ]
    (picture,), _ = pictures(Demo(), model="wan2.7-image", prompt="a boat", color_palette=palette)
    found = dict.fromkeys(wanted, 0)
    for count, shade in picture.getcolors(picture.width * picture.height):
        nearest = min(wanted, key=lambda c: sum((a - b) ** 2 for a, b in zip(c, shade, strict=True)))
        found[nearest] += count
    for colour, share in wanted.items():
        assert abs(found[colour] / (picture.width * picture.height) - share) < 0.02


def test_boxes_that_were_ordered_confine_the_change_of_the_servers_own_picture():
    demo = Demo()
    (reference,), task = pictures(demo, model="wan2.7-image", prompt="a hill")
    link = f"{demo.protocol.host}/files/{task}/0.png"
    order = {"model": "wan2.7-image", "action": "interactive_edit", "prompt": "a cat", "image_urls": [link]}
    (picture,), _ = pictures(demo, **order, bbox_list=[[[100, 80, 400, 300]]])
    assert picture.size == reference.size
    left, top, right, bottom = ImageChops.difference(picture, reference).getbbox()
    assert left in range(100, 160)
    assert top in range(80, 140)
    assert (right <= 400, bottom <= 300) == (True, True)


def test_a_mask_that_was_ordered_confines_the_change():
    reference, mask = noisy((320, 320)), Image.new("RGBA", (320, 320), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((160, 0, 319, 319), fill=(0, 0, 0, 0))
    order = {"model": "gpt-image-2", "action": "inpaint", "prompt": "a dog"}
    (picture,), _ = pictures(Demo(), **order, image_urls=[uri_of(reference)], mask_url=uri_of(mask))
    assert picture.size == reference.size
    changed = ImageChops.difference(picture, reference)
    assert changed.crop((0, 0, 160, 320)).getbbox() is None
    assert changed.getbbox()[0] >= 160


def test_a_references_size_rules_until_a_ratio_is_asked_for():
    order = {"model": "gpt-image-2", "action": "edit", "prompt": "night", "image_urls": [uri_of(noisy((300, 200)))]}
    assert [pictures(Demo(), **order, **more)[0][0].size for more in ({}, {"aspect_ratio": "1:1"})] == [
        (300, 200),
        (1024, 1024),
    ]


def test_a_group_is_a_series():
    order = {"model": "wan2.7-image", "action": "group", "enable_sequential": True, "n": 3}
    shown, _ = pictures(Demo(), **order, prompt="a lighthouse by the sea")
    levels = [one.convert("L").resize((1, 1)).getpixel((0, 0)) for one in shown]
    assert len(shown) == 3
    assert levels[2] < min(levels[:2])


def test_a_chain_goes_on_from_the_picture():
    demo = Demo("2026-09")
    shown, task = pictures(demo, model="midjourney", prompt="a castle")
    (larger,), _ = pictures(demo, model="midjourney", action="upscale", ref_task_id=task, index=1)
    assert larger.width == shown[0].width * 2
    again = larger.resize(shown[0].size, Image.Resampling.BOX)
    grey = ImageChops.difference(again, shown[0]).convert("L")
    assert sum(grey.histogram()[40:]) < grey.width * grey.height * 0.05
