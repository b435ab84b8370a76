"""The Nano Banana pages of September 2026, and the Imagen page that was kept when its model was delisted."""

from __future__ import annotations

from tests.unit.catalog.expectations import MASK, A, B, Page, png_data_uri, urls

GEMINI_3_1_FLASH = Page(
    "2026-09",
    "gemini-3.1-flash-image",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "auto", "resolution": "0.5K"}, {"aspect_ratio": "auto", "resolution": "0.5k"}),
        ({"size": "1:8", "resolution": "4k"}, {"aspect_ratio": "1:8", "resolution": "4k"}),
        ({"aspect_ratio": "5x4"}, {"aspect_ratio": "5:4"}),
        ({"n": 1}, {"n": 1}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(14)}, {"image_urls": urls(14), "action": "edit"}),
        ({"google_search": True}, {"google_search": True}),
        ({"google_search": "on", "google_image_search": 1}, {"google_search": True, "google_image_search": True}),
        ({"google_image_search": False}, {"google_image_search": False}),
    ],
    refused=[
        ({"google_image_search": True}, "google_search", "true"),
        ({"google_image_search": True, "google_search": False}, "google_search", "true"),
        ({"google_search": "maybe"}, "google_search", "boolean"),
        ({"n": 2}, "n", "1"),
        ({"seed": 5}, "seed"),
        ({"quality": "high"}, "quality"),
        ({"images": A, "mask": MASK}, "mask"),
        ({"images": urls(15)}, "images", "14"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "search_grounded"}, "action", "generate or edit"),
        ({"action": "reference", "images": [A, B]}, "action"),
        ({"resolution": "8k"}, "resolution", "0.5k, 1k, 2k or 4k"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "Nearest: 16:9"),
        ({"official_fallback": True}, "official_fallback"),
        ({"google_search_enhancement": True}, "google_search_enhancement"),
    ],
)

GEMINI_3_PRO = Page(
    "2026-09",
    "gemini-3-pro-image",
    sent=[
        ({}, {}),
        ({"resolution": "1K"}, {"resolution": "1k"}),
        ({"resolution": "4k", "aspect_ratio": "1:1"}, {"resolution": "4k", "aspect_ratio": "1:1"}),
        ({"aspect_ratio": "21x9"}, {"aspect_ratio": "21:9"}),
        ({"aspect_ratio": "auto"}, {"aspect_ratio": "auto"}),
        ({"n": "1"}, {"n": 1}),
        ({"images": urls(14)}, {"image_urls": urls(14), "action": "edit"}),
        ({"action": "generate"}, {"action": "generate"}),
    ],
    refused=[
        ({"resolution": "0.5k"}, "resolution", "1k, 2k or 4k"),
        ({"aspect_ratio": "1:4"}, "aspect_ratio", "Nearest: 9:16"),
        ({"google_search": True}, "google_search"),
        ({"google_image_search": True}, "google_image_search"),
        ({"n": 2}, "n"),
        ({"seed": -1}, "seed"),
        ({"images": A, "mask": MASK}, "mask"),
        ({"images": urls(15)}, "images", "14"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
    ],
)

GEMINI_3_1_FLASH_LITE = Page(
    "2026-09",
    "gemini-3.1-flash-lite-image",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "4:5"}, {"aspect_ratio": "4:5"}),
        ({"aspect_ratio": "auto"}, {"aspect_ratio": "auto"}),
        ({"size": "21:9"}, {"aspect_ratio": "21:9"}),
        ({"n": 1}, {"n": 1}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(14)}, {"image_urls": urls(14), "action": "edit"}),
        ({"prompt": "熊猫" * 2000}, {"prompt": "熊猫" * 2000}),
    ],
    refused=[
        ({"resolution": "1k"}, "resolution"),
        ({"resolution": "2k"}, "resolution"),
        ({"aspect_ratio": "8:1"}, "aspect_ratio", "Nearest: 21:9"),
        ({"google_search": True}, "google_search"),
        ({"n": 3}, "n"),
        ({"images": urls(15)}, "images", "14"),
        ({"seed": 1}, "seed"),
        ({"action": "edit"}, "images"),
    ],
)

IMAGEN_4 = Page(
    "2026-09",
    "imagen-4.0",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}),
        ({"size": "4x3"}, {"aspect_ratio": "4:3"}),
        ({"n": 2}, {"n": 2}),
        ({"seed": -1}, {"seed": -1}),
        ({"seed": "12", "n": "3"}, {"seed": 12, "n": 3}),
        ({"action": "generate"}, {"action": "generate"}),
        (
            {"aspect_ratio": "1:1", "callback_events": ["failed"]},
            {"aspect_ratio": "1:1", "callback_events": ["failed"]},
        ),
    ],
    refused=[
        ({"resolution": "2k"}, "resolution"),
        ({"images": A}, "images"),
        ({"mask": MASK}, "mask"),
        ({"aspect_ratio": "2:3"}, "aspect_ratio", "Nearest: 3:4"),
        ({"aspect_ratio": "auto"}, "aspect_ratio", "1:1, 4:3, 3:4, 16:9 or 9:16"),
        ({"action": "edit"}, "action", "generate"),
        ({"n": 0}, "n"),
        ({"seed": "lucky"}, "seed", "integer"),
    ],
)
