"""The Seedream page of September 2026: one reference, sets by editing, transparency by editing."""

from __future__ import annotations

from tests.unit.catalog.expectations import MASK, A, B, Page, png_data_uri, urls

SEEDREAM_4_5 = Page(
    "2026-09",
    "seedream-4.5",
    sent=[
        ({}, {}),
        ({"resolution": "4K", "aspect_ratio": "9:21"}, {"resolution": "4k", "aspect_ratio": "9:21"}),
        ({"size": "2:1"}, {"aspect_ratio": "2:1"}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": A, "aspect_ratio": "auto"}, {"image_urls": [A], "aspect_ratio": "auto", "action": "edit"}),
        ({"images": A, "n": 14}, {"image_urls": [A], "n": 14, "action": "edit"}),
        ({"n": 1}, {"n": 1}),
        ({"watermark": "no"}, {"watermark": False}),
        ({"optimize_prompt_mode": "fast"}, {"optimize_prompt_options": {"mode": "fast"}}),
        ({"optimize_prompt_mode": "Standard"}, {"optimize_prompt_options": {"mode": "standard"}}),
    ],
    refused=[
        ({"resolution": "1k"}, "resolution", "2k or 4k"),
        ({"resolution": "3k"}, "resolution"),
        ({"aspect_ratio": "4:5"}, "aspect_ratio", "Nearest: 3:4"),
        ({"aspect_ratio": "auto"}, "action", "edit"),
        ({"n": 2}, "n", "Nearest: 1"),
        ({"n": 15, "images": A}, "n", "Nearest: 14"),
        ({"images": [A, B]}, "images", "1"),
        ({"images": A, "action": "generate"}, "images"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "group"}, "action", "generate or edit"),
        ({"optimize_prompt_mode": "slow"}, "optimize_prompt_mode", "standard or fast"),
        ({"sequential_image_generation": "auto"}, "sequential_image_generation"),
        ({"seed": 1}, "seed"),
        ({"quality": "high"}, "quality"),
        ({"negative_prompt": "x"}, "negative_prompt"),
        ({"images": A, "mask": MASK}, "mask"),
        ({"output_format": "png"}, "output_format"),
        ({"extra": {"watermark": False}}, "extra"),
    ],
)

SEEDREAM_5_LITE = Page(
    "2026-09",
    "seedream-5.0-lite",
    sent=[
        ({}, {}),
        ({"resolution": "3k"}, {"resolution": "3k"}),
        ({"resolution": "4K", "output_format": "PNG"}, {"resolution": "4k", "output_format": "png"}),
        ({"n": 15}, {"n": 15}),
        ({"images": A, "n": 14}, {"image_urls": [A], "n": 14, "action": "edit"}),
        ({"images": A, "aspect_ratio": "auto"}, {"image_urls": [A], "aspect_ratio": "auto", "action": "edit"}),
        ({"aspect_ratio": "21:9"}, {"aspect_ratio": "21:9"}),
        ({"watermark": True}, {"watermark": True}),
    ],
    refused=[
        ({"resolution": "1.5k"}, "resolution", "2k, 3k or 4k"),
        ({"aspect_ratio": "9:21"}, "aspect_ratio", "Nearest: 1:2"),
        ({"aspect_ratio": "auto"}, "action", "edit"),
        ({"n": 16}, "n", "Nearest: 15"),
        ({"images": A, "n": 15}, "n", "15", "Nearest: 14"),
        ({"images": [A, B]}, "images", "1"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"output_format": "webp"}, "output_format", "jpeg or png"),
        ({"optimize_prompt_options": "fast"}, "optimize_prompt_options"),
        ({"background": "transparent"}, "background"),
    ],
)

SEEDREAM_5_PRO = Page(
    "2026-09",
    "seedream-5.0-pro",
    sent=[
        ({}, {}),
        ({"resolution": "1.5K"}, {"resolution": "1.5k"}),
        ({"aspect_ratio": "auto", "resolution": "2k"}, {"aspect_ratio": "auto", "resolution": "2k"}),
        ({"n": 1}, {"n": 1}),
        ({"background": "opaque"}, {"background": "opaque"}),
        (
            {"background": "transparent", "output_format": "png", "images": A},
            {"background": "transparent", "output_format": "png", "image_urls": [A], "action": "edit"},
        ),
        ({"images": A, "output_format": "jpeg"}, {"image_urls": [A], "output_format": "jpeg", "action": "edit"}),
        ({"watermark": "off"}, {"watermark": False}),
    ],
    refused=[
        ({"resolution": "4k"}, "resolution", "1k, 1.5k or 2k"),
        ({"n": 2}, "n", "1"),
        ({"images": [A, B]}, "images", "1"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"background": "transparent", "output_format": "png"}, "images"),
        ({"background": "transparent", "images": A}, "output_format", "png"),
        ({"background": "transparent", "images": A, "output_format": "jpeg"}, "output_format", "png"),
        ({"background": "auto"}, "background", "opaque or transparent"),
        ({"aspect_ratio": "9:21"}, "aspect_ratio"),
        ({"seed": 2}, "seed"),
        ({"optimize_prompt_mode": "fast"}, "optimize_prompt_mode"),
    ],
)

SEEDREAM_5_FLASH = Page(
    "2026-09",
    "seedream-5.0-flash",
    sent=[
        ({}, {}),
        ({"images": urls(10)}, {"image_urls": urls(10), "action": "edit"}),
        ({"images": [A, B], "resolution": "2K"}, {"image_urls": [A, B], "resolution": "2k", "action": "edit"}),
        (
            {"background": "transparent", "output_format": "png", "images": A},
            {"background": "transparent", "output_format": "png", "image_urls": [A], "action": "edit"},
        ),
        ({"aspect_ratio": "auto"}, {"aspect_ratio": "auto"}),
        ({"output_format": "png"}, {"output_format": "png"}),
        ({"size": "1:2"}, {"aspect_ratio": "1:2"}),
        ({"action": "generate"}, {"action": "generate"}),
    ],
    refused=[
        ({"images": urls(11)}, "images", "10"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"background": "transparent", "output_format": "png", "images": [A, B]}, "images", "1"),
        ({"background": "transparent", "output_format": "png", "images": A, "action": "generate"}, "images"),
        ({"background": "transparent"}, "images"),
        ({"images": A, "action": "generate"}, "images"),
        ({"n": 2}, "n", "1"),
        ({"resolution": "3k"}, "resolution", "1k, 1.5k or 2k"),
        ({"seed": 2}, "seed"),
    ],
)
