"""The GPT-Image pages of September 2026: two actions, one image a request, every field declared or refused."""

from __future__ import annotations

from tests.unit.catalog.expectations import MASK, A, B, Page, png_data_uri, urls

G15 = ("1:1", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5", "16:9", "9:16", "2:1", "1:2", "3:1", "1:3", "21:9", "9:21")

GPT_IMAGE_2 = Page(
    "2026-09",
    "gpt-image-2",
    sent=[
        ({}, {}),
        *(({"aspect_ratio": ratio, "resolution": "4k"}, {"aspect_ratio": ratio, "resolution": "4k"}) for ratio in G15),
        ({"size": "3/1", "resolution": "2K"}, {"aspect_ratio": "3:1", "resolution": "2k"}),
        ({"n": "1"}, {"n": 1}),
        ({"quality": "HIGH", "moderation": "low"}, {"quality": "high", "moderation": "low"}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(16)}, {"image_urls": urls(16), "action": "edit"}),
        ({"images": [A, B], "mask": MASK}, {"image_urls": [A, B], "mask_url": MASK, "action": "edit"}),
        ({"background": "transparent"}, {"background": "transparent"}),
        (
            {"background": "transparent", "output_format": "webp"},
            {"background": "transparent", "output_format": "webp"},
        ),
        ({"output_format": "jpeg", "output_compression": 0}, {"output_format": "jpeg", "output_compression": 0}),
        ({"output_format": "webp", "output_compression": "100"}, {"output_format": "webp", "output_compression": 100}),
        ({"callback_url": "https://my.example/hook"}, {"callback_url": "https://my.example/hook"}),
    ],
    refused=[
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"aspect_ratio": "4:1"}, "aspect_ratio", "Nearest: 3:1"),
        ({"resolution": "3k"}, "resolution", "1k, 2k or 4k"),
        ({"n": 2}, "n", "1"),
        ({"seed": 1}, "seed"),
        ({"quality": "auto"}, "quality", "low, medium or high"),
        ({"quality": "xhigh"}, "quality", "low, medium or high"),
        ({"quality": "max"}, "quality", "low, medium or high"),
        ({"images": urls(17)}, "images", "16"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"mask": MASK}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "inpaint", "images": A, "mask": MASK}, "action", "generate or edit"),
        ({"action": "reference", "images": [A, B]}, "action", "generate or edit"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format", "png or webp"),
        ({"output_compression": 50}, "output_format", "jpeg or webp"),
        ({"output_format": "png", "output_compression": 50}, "output_format", "jpeg or webp"),
        ({"output_format": "jpeg", "output_compression": 101}, "output_compression", "0–100", "Nearest: 100"),
        ({"output_format": "jpeg", "output_compression": True}, "output_compression", "integer"),
        ({"moderation": "none"}, "moderation", "auto or low"),
        ({"official_fallback": True}, "official_fallback"),
        ({"style": "vivid"}, "style"),
        ({"extra": {"a": 1}}, "extra"),
        ({"negative_prompt": "x"}, "negative_prompt"),
        ({"prompt": "\t"}, "prompt"),
    ],
)

GPT_IMAGE_1_5 = Page(
    "2026-09",
    "gpt-image-1.5",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "2x3"}, {"aspect_ratio": "2:3"}),
        ({"quality": "auto"}, {"quality": "auto"}),
        ({"images": urls(15)}, {"image_urls": urls(15), "action": "edit"}),
        ({"images": A, "mask": MASK}, {"image_urls": [A], "mask_url": MASK, "action": "edit"}),
        ({"background": "transparent", "output_format": "png"}, {"background": "transparent", "output_format": "png"}),
        ({"background": "transparent"}, {"background": "transparent"}),
        ({"output_format": "jpeg", "output_compression": 80}, {"output_format": "jpeg", "output_compression": 80}),
    ],
    refused=[
        ({"aspect_ratio": "16:9"}, "aspect_ratio", "1:1, 2:3 or 3:2", "Nearest: 3:2"),
        ({"resolution": "1k"}, "resolution"),
        ({"seed": 3}, "seed"),
        ({"images": urls(16)}, "images", "15"),
        ({"mask": MASK}, "images"),
        ({"action": "generate", "images": A, "mask": MASK}, "mask", "edit"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format", "png"),
        ({"output_format": "webp"}, "output_format", "png or jpeg"),
        ({"output_compression": 80}, "output_format", "jpeg"),
        ({"output_format": "jpeg", "output_compression": 101}, "output_compression", "Nearest: 100"),
        ({"moderation": "high"}, "moderation", "auto or low"),
        ({"action": "edit"}, "images"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"n": 3}, "n", "1"),
        ({"quality": "xhigh"}, "quality", "auto, low, medium or high"),
    ],
)

GPT_IMAGE_2_5_FLARE = Page(
    "2026-09",
    "gpt-image-2.5-flare",
    sent=[
        ({}, {}),
        ({"quality": "max", "resolution": "4k"}, {"quality": "max", "resolution": "4k"}),
        ({"quality": "xhigh"}, {"quality": "xhigh"}),
        ({"moderation": "auto"}, {"moderation": "auto"}),
        ({"images": A, "mask": MASK}, {"image_urls": [A], "mask_url": MASK, "action": "edit"}),
        ({"images": urls(16)}, {"image_urls": urls(16), "action": "edit"}),
        ({"background": "auto", "output_format": "jpeg"}, {"background": "auto", "output_format": "jpeg"}),
        (
            {"background": "transparent", "output_format": "webp", "output_compression": 40},
            {"background": "transparent", "output_format": "webp", "output_compression": 40},
        ),
        ({"aspect_ratio": "9:21"}, {"aspect_ratio": "9:21"}),
    ],
    refused=[
        ({"quality": "auto"}, "quality", "low, medium, high, xhigh or max"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"n": 4}, "n"),
        ({"seed": 0}, "seed"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format", "png or webp"),
        ({"output_compression": 1}, "output_format", "jpeg or webp"),
        ({"mask": MASK}, "images"),
        ({"images": urls(17)}, "images", "16"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "upscale"}, "action", "generate or edit"),
    ],
)

GPT_IMAGE_2_REV = Page(
    "2026-09",
    "gpt-image-2-rev",
    sent=[
        ({}, {}),
        ({"resolution": "4K", "aspect_ratio": "1:1"}, {"resolution": "4k", "aspect_ratio": "1:1"}),
        ({"aspect_ratio": "1:3"}, {"aspect_ratio": "1:3"}),
        ({"size": "21:9"}, {"aspect_ratio": "21:9"}),
        ({"n": 1}, {"n": 1}),
        ({"action": "generate"}, {"action": "generate"}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(15), "action": "edit"}, {"image_urls": urls(15), "action": "edit"}),
    ],
    refused=[
        ({"quality": "low"}, "quality"),
        ({"images": A, "mask": MASK}, "mask"),
        ({"background": "opaque"}, "background"),
        ({"output_format": "png"}, "output_format"),
        ({"output_compression": 50}, "output_compression"),
        ({"moderation": "low"}, "moderation"),
        ({"seed": 1}, "seed"),
        ({"images": urls(16)}, "images", "15"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
    ],
)
