"""The Qwen Image page of 2026-04-29: two models with the same fields."""

from __future__ import annotations

from tests.unit.catalog.expectations import A, B, Page, png_data_uri, urls


def _page(model):
    return Page(
        "2026-04",
        model,
        sent=[
            ({}, {}),
            ({"resolution": "2K", "aspect_ratio": "3:4"}, {"resolution": "2K", "aspect_ratio": "3:4"}),
            ({"resolution": "1k", "size": "16x9"}, {"resolution": "1K", "aspect_ratio": "16:9"}),
            ({"aspect_ratio": "2:3", "n": "3"}, {"aspect_ratio": "2:3", "n": 3}),
            ({"seed": 11}, {"seed": 11}),
            ({"seed": "-1"}, {"seed": -1}),
            ({"action": "generate"}, {"action": "generate"}),
            ({"images": A}, {"image_urls": [A], "action": "image2image"}),
            ({"images": [A, B]}, {"image_urls": [A, B], "action": "reference"}),
            ({"images": urls(20)}, {"image_urls": urls(20), "action": "reference"}),
            ({"callback_events": ["succeeded", "failed"]}, {"callback_events": ["succeeded", "failed"]}),
            ({"prompt": "千" * 800}, {"prompt": "千" * 800}),
            ({"prompt": '{"title": "千问"}'}, {"prompt": '{"title": "千问"}'}),
        ],
        refused=[
            ({"prompt": "千" * 801}, "prompt", "800 characters", "801"),
            ({"prompt": "x" * 900}, "prompt", "800"),
            ({"aspect_ratio": "21:9"}, "aspect_ratio", "Nearest: 16:9"),
            ({"aspect_ratio": "auto"}, "aspect_ratio", "1:1, 4:3, 3:4, 16:9, 9:16, 3:2 or 2:3"),
            ({"resolution": "4K"}, "resolution", "1K or 2K"),
            ({"resolution": "4k", "aspect_ratio": "5:4"}, "aspect_ratio", "Nearest: 4:3"),
            ({"n": 0}, "n"),
            ({"n": "a few"}, "n", "integer"),
            ({"seed": "none"}, "seed", "integer"),
            ({"action": "image2image"}, "images"),
            ({"action": "reference"}, "images"),
            ({"action": "image2image", "images": [A, B]}, "images", "1"),
            ({"action": "edit", "images": A}, "action", "generate, image2image or reference"),
            ({"action": "inpaint", "images": A}, "action"),
            ({"images": png_data_uri(8, 8)}, "images", model, "gpt-image-2"),
            ({"mask": A, "images": B}, "mask"),
            ({"negative_prompt": "dogs"}, "negative_prompt"),
            ({"watermark": True}, "watermark"),
            ({"quality": "high"}, "quality"),
            ({"output_format": "png"}, "output_format"),
        ],
        advised=[({"action": "reference", "images": A}, "images")],
    )


QWEN_IMAGE_2_PRO = _page("qwen-image-2.0-pro")
QWEN_IMAGE_2 = _page("qwen-image-2.0")
