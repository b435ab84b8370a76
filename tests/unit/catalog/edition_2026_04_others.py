"""The Gemini, Imagen, Wan and Z-Image pages of 2026-04-29, which the overview names."""

from __future__ import annotations

from tests.unit.catalog.expectations import A, B, Page, png_data_uri, urls

REDS = [{"hex": "#AA0000", "ratio": 50}, {"hex": "#BB0000", "ratio": 30}, {"hex": "#cc0000", "ratio": 20}]
TENTHS = [{"hex": f"#00000{place}", "ratio": 10} for place in range(10)]
HALVES = [{"hex": "#123456", "ratio": 5}, {"hex": "#654321", "ratio": 5}]
BOX = [0, 0, 100, 50]

GEMINI_3_1_FLASH = Page(
    "2026-04",
    "gemini-3.1-flash-image-preview",
    sent=[
        ({}, {}),
        ({"size": "8:1", "resolution": "0.5k"}, {"aspect_ratio": "8:1", "resolution": "0.5K"}),
        ({"aspect_ratio": "1x4", "resolution": "4K"}, {"aspect_ratio": "1:4", "resolution": "4K"}),
        ({"aspect_ratio": "4:5", "n": 2}, {"aspect_ratio": "4:5", "n": 2}),
        ({"google_search": True}, {"google_search": True}),
        (
            {"google_search": "yes", "google_image_search": "yes"},
            {"google_search": True, "google_image_search": True},
        ),
        ({"action": "search_grounded"}, {"action": "search_grounded"}),
        ({"images": A}, {"image_urls": [A], "action": "image2image"}),
        ({"images": [A, B]}, {"image_urls": [A, B], "action": "reference"}),
        ({"images": A, "action": "edit"}, {"image_urls": [A], "action": "edit"}),
        ({"official_fallback": True, "seed": -1}, {"official_fallback": True, "seed": -1}),
    ],
    refused=[
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"aspect_ratio": "10:1"}, "aspect_ratio", "Nearest: 8:1"),
        ({"resolution": "3K"}, "resolution", "0.5K, 1K, 2K or 4K"),
        ({"action": "inpaint", "images": A}, "action"),
        ({"action": "reference"}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "image2image"}, "images"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"mask": A, "images": B}, "mask"),
        ({"quality": "high"}, "quality"),
        ({"google_search": "maybe"}, "google_search", "boolean"),
        ({"n": 0}, "n"),
        ({"watermark": False}, "watermark"),
    ],
    advised=[
        ({"images": urls(5)}, "images"),
        ({"images": A, "action": "reference"}, "images"),
        ({"google_image_search": True}, "google_search"),
    ],
)

GEMINI_2_5_FLASH = Page(
    "2026-04",
    "gemini-2.5-flash-image-preview",
    sent=[
        ({}, {}),
        ({"resolution": "1k"}, {"resolution": "1K"}),
        ({"aspect_ratio": "21:9"}, {"aspect_ratio": "21:9"}),
        ({"seed": 9}, {"seed": 9}),
        ({"n": 4}, {"n": 4}),
        ({"images": A}, {"image_urls": [A], "action": "image2image"}),
        ({"images": urls(4)}, {"image_urls": urls(4), "action": "reference"}),
        ({"official_fallback": False}, {"official_fallback": False}),
    ],
    refused=[
        ({"resolution": "2K"}, "resolution", "1K"),
        ({"aspect_ratio": "4:1"}, "aspect_ratio", "Nearest: 21:9"),
        ({"google_search": True}, "google_search"),
        ({"google_image_search": True}, "google_image_search"),
        ({"action": "search_grounded"}, "action"),
        *(({"action": action}, "images") for action in ("image2image", "edit", "reference")),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"mask": A}, "mask"),
        ({"seed": "x"}, "seed"),
    ],
    advised=[({"images": urls(5)}, "images"), ({"images": A, "action": "reference"}, "images")],
)

IMAGEN_4 = Page(
    "2026-04",
    "imagen-4.0",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "4:3"}, {"aspect_ratio": "4:3"}),
        ({"size": "3x4"}, {"aspect_ratio": "3:4"}),
        ({"aspect_ratio": "16:9", "n": "2"}, {"aspect_ratio": "16:9", "n": 2}),
        ({"aspect_ratio": "9:16", "seed": 1}, {"aspect_ratio": "9:16", "seed": 1}),
        ({"seed": -1}, {"seed": -1}),
        ({"action": "generate"}, {"action": "generate"}),
        ({"n": 8}, {"n": 8}),
    ],
    refused=[
        ({"resolution": "2K"}, "resolution"),
        ({"images": A}, "images"),
        ({"mask": A}, "mask"),
        ({"aspect_ratio": "3:2"}, "aspect_ratio", "Nearest: 4:3"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio", "1:1, 4:3, 3:4, 16:9 or 9:16"),
        ({"action": "edit"}, "action", "generate"),
        ({"n": 0}, "n"),
        ({"seed": "lucky"}, "seed", "integer"),
        ({"quality": "high"}, "quality"),
        ({"negative_prompt": "x"}, "negative_prompt"),
    ],
)

WAN_2_7 = Page(
    "2026-04",
    "wan2.7-image",
    sent=[
        ({}, {}),
        ({"resolution": "4k", "aspect_ratio": "1:1"}, {"resolution": "4K", "aspect_ratio": "1:1"}),
        ({"images": A}, {"image_urls": [A], "action": "image2image"}),
        ({"images": urls(9)}, {"image_urls": urls(9), "action": "reference"}),
        ({"images": A, "action": "edit"}, {"image_urls": [A], "action": "edit"}),
        (
            {"images": A, "bbox_list": [[BOX, [5, 5, 9, 9]]]},
            {"image_urls": [A], "bbox_list": [[BOX, [5, 5, 9, 9]]], "action": "interactive_edit"},
        ),
        (
            {"images": [A, B], "bbox_list": "[[[0, 0, 100, 50]], []]"},
            {"image_urls": [A, B], "bbox_list": [[BOX], []], "action": "interactive_edit"},
        ),
        ({"enable_sequential": True, "n": 12}, {"enable_sequential": True, "n": 12, "action": "group"}),
        (
            {"enable_sequential": True, "resolution": "2k", "images": urls(3)},
            {"enable_sequential": True, "resolution": "2K", "image_urls": urls(3), "action": "group"},
        ),
        ({"color_palette": REDS}, {"color_palette": REDS}),
        ({"color_palette": TENTHS}, {"color_palette": TENTHS}),
        ({"thinking_mode": False}, {"thinking_mode": False}),
        ({"watermark": "yes", "seed": 4}, {"watermark": True, "seed": 4}),
    ],
    refused=[
        ({"enable_sequential": True, "resolution": "4K"}, "resolution", "1K or 2K", "Nearest: 2K"),
        ({"enable_sequential": True, "n": 13}, "n", "Nearest: 12"),
        ({"action": "group"}, "enable_sequential", "true"),
        ({"action": "group", "enable_sequential": False}, "enable_sequential", "true"),
        ({"action": "image2image", "images": [A, B]}, "images", "1"),
        ({"action": "edit", "images": [A, B]}, "images", "1"),
        *(({"action": action}, "images") for action in ("image2image", "edit", "reference")),
        ({"action": "reference", "images": A}, "images", "2"),
        ({"images": urls(10)}, "images", "9"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "interactive_edit", "images": A}, "bbox_list"),
        ({"bbox_list": [[BOX]]}, "images"),
        ({"action": "edit", "images": A, "bbox_list": [[BOX]]}, "bbox_list", "interactive_edit"),
        ({"images": A, "bbox_list": [[BOX] * 3]}, "bbox_list", "2"),
        ({"images": [A, B], "bbox_list": [[BOX]]}, "bbox_list", "2"),
        ({"images": A, "bbox_list": [[BOX], [BOX]]}, "bbox_list"),
        ({"images": A, "bbox_list": [[[9, 9, 0, 0]]]}, "bbox_list"),
        ({"images": A, "bbox_list": [[[-1, 0, 9, 9]]]}, "bbox_list"),
        ({"images": A, "bbox_list": [[[0, 0, 9]]]}, "bbox_list"),
        ({"images": A, "bbox_list": "[[[0, 0, NaN, Infinity]]]"}, "bbox_list"),
        ({"images": A, "bbox_list": [BOX]}, "bbox_list"),
        ({"images": A, "bbox_list": "left half"}, "bbox_list"),
        ({"color_palette": REDS[:2]}, "color_palette", "3"),
        ({"color_palette": [*TENTHS[:9], *HALVES]}, "color_palette", "10 items", "11"),
        ({"color_palette": [{"hex": "#112233", "ratio": 33}] * 3}, "color_palette", "100", "99"),
        ({"color_palette": [*REDS[:2], {"hex": "red", "ratio": 20}]}, "color_palette", "#RRGGBB"),
        ({"color_palette": [*REDS[:2], {"hex": "#12", "ratio": 20}]}, "color_palette", "#RRGGBB"),
        ({"color_palette": [*REDS[:2], {"hex": "#112233", "ratio": "20"}]}, "color_palette"),
        ({"color_palette": [*REDS[:2], {"hex": "#112233"}]}, "color_palette"),
        ({"color_palette": [*REDS[:2], {"hex": "#112233", "ratio": 19.5}, TENTHS[0]]}, "color_palette"),
        (
            {"color_palette": [REDS[0], {"hex": "#112233", "ratio": 29.5}, {"hex": "#445566", "ratio": 20.5}]},
            "color_palette",
            "29.5",
        ),
        ({"thinking_mode": "deep"}, "thinking_mode", "boolean"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio", "Nearest: 16:9"),
        ({"n": 13}, "n"),
        ({"mask": A, "images": B}, "mask"),
        ({"negative_prompt": "x"}, "negative_prompt"),
    ],
    advised=[
        ({"enable_sequential": True, "color_palette": REDS}, "color_palette"),
        ({"enable_sequential": True, "thinking_mode": True}, "thinking_mode"),
        ({"images": A, "thinking_mode": True}, "thinking_mode"),
    ],
)

Z_IMAGE = Page(
    "2026-04",
    "z-image-turbo",
    sent=[
        ({}, {}),
        ({"resolution": "2k"}, {"resolution": "2K"}),
        ({"aspect_ratio": "9:16", "resolution": "1K"}, {"aspect_ratio": "9:16", "resolution": "1K"}),
        ({"size": "4/3"}, {"aspect_ratio": "4:3"}),
        ({"n": 1}, {"n": 1}),
        ({"seed": "77"}, {"seed": 77}),
        ({"prompt_extend": True}, {"prompt_extend": True}),
        ({"prompt_extend": "no"}, {"prompt_extend": False}),
        ({"prompt": "图" * 800}, {"prompt": "图" * 800}),
    ],
    refused=[
        ({"prompt": "图" * 801}, "prompt", "800"),
        ({"n": 2}, "n", "1"),
        ({"images": A}, "images"),
        ({"mask": A}, "mask"),
        ({"resolution": "4K"}, "resolution", "1K or 2K"),
        ({"aspect_ratio": "1:2"}, "aspect_ratio", "Nearest: 9:16"),
        ({"prompt_extend": "please"}, "prompt_extend", "boolean"),
        ({"action": "edit"}, "action", "generate"),
        ({"negative_prompt": "x"}, "negative_prompt"),
        ({"prompt": ""}, "prompt"),
    ],
)
