"""The gpt-4o-image page of 2026-04-08 and the GPT-Image page of 2026-04-29."""

from __future__ import annotations

from tests.unit.catalog.expectations import MASK, A, B, Page, png_data_uri, urls

SMALL, LARGE = png_data_uri(8, 8), png_data_uri(16, 8)

GPT_4O_IMAGE = Page(
    "2026-04",
    "gpt-4o-image",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "3:2"}, {"size": "3:2"}),
        ({"size": "2x3"}, {"size": "2:3"}),
        ({"aspect_ratio": "1:1", "n": "1"}, {"size": "1:1", "n": 1}),
        ({"n": 2}, {"n": 2}),
        ({"n": "4"}, {"n": 4}),
        ({"images": A}, {"image_urls": [A]}),
        ({"images": urls(5)}, {"image_urls": urls(5)}),
        ({"images": [A, SMALL]}, {"image_urls": [A, SMALL]}),
        ({"images": A, "mask": MASK}, {"image_urls": [A], "mask_url": MASK}),
        ({"images": SMALL, "mask": SMALL}, {"image_urls": [SMALL], "mask_url": SMALL}),
        ({"prompt": "星空下的古老城堡" * 125}, {"prompt": "星空下的古老城堡" * 125}),
    ],
    refused=[
        ({"n": 3}, "n", "1, 2 or 4"),
        ({"n": 0}, "n", "Nearest: 1"),
        ({"n": 8}, "n", "Nearest: 4"),
        ({"n": "two"}, "n", "integer"),
        ({"n": 2.5}, "n", "integer"),
        ({"n": True}, "n", "integer"),
        ({"aspect_ratio": "16:9"}, "aspect_ratio", "1:1, 2:3 or 3:2", "Nearest: 3:2"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"images": urls(6)}, "images", "5"),
        ({"mask": MASK}, "images"),
        ({"images": SMALL, "mask": LARGE}, "mask", "8×8"),
        ({"prompt": "x" * 1001}, "prompt", "1000"),
        ({"prompt": "城" * 1001}, "prompt", "1000 characters"),
        ({"prompt": " \n"}, "prompt"),
        ({"resolution": "1k"}, "resolution"),
        ({"seed": 1}, "seed"),
        ({"quality": "high"}, "quality"),
        ({"aspect_ratio": "1:1", "size": "2:3"}, "aspect_ratio"),
    ],
)

GPT_IMAGE_2 = Page(
    "2026-04",
    "gpt-image-2",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "16:9", "resolution": "2k"}, {"aspect_ratio": "16:9", "resolution": "2k"}),
        ({"size": "16x9", "resolution": "2K"}, {"aspect_ratio": "16:9", "resolution": "2k"}),
        ({"aspect_ratio": "auto", "resolution": "1k"}, {"aspect_ratio": "auto", "resolution": "1k"}),
        ({"aspect_ratio": "5:4", "resolution": "2k"}, {"aspect_ratio": "5:4", "resolution": "2k"}),
        *(
            ({"aspect_ratio": ratio, "resolution": "4k"}, {"aspect_ratio": ratio, "resolution": "4k"})
            for ratio in ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
        ),
        ({"n": "10", "seed": "-1"}, {"n": 10, "seed": -1}),
        ({"seed": 42}, {"seed": 42}),
        ({"images": A}, {"image_urls": [A], "action": "image2image"}),
        ({"images": [A, B]}, {"image_urls": [A, B], "action": "reference"}),
        ({"images": urls(16)}, {"image_urls": urls(16), "action": "reference"}),
        ({"images": [A, B], "action": "edit"}, {"image_urls": [A, B], "action": "edit"}),
        ({"images": SMALL}, {"image_urls": [SMALL], "action": "image2image"}),
        ({"images": A, "mask": MASK}, {"image_urls": [A], "mask_url": MASK, "action": "inpaint"}),
        ({"images": [A, B], "mask": MASK}, {"image_urls": [A, B], "mask_url": MASK, "action": "inpaint"}),
        ({"action": "generate"}, {"action": "generate"}),
        ({"quality": "High", "moderation": "low"}, {"quality": "high", "moderation": "low"}),
        ({"background": "transparent"}, {"background": "transparent"}),
        ({"output_format": "webp", "output_compression": "0"}, {"output_format": "webp", "output_compression": 0}),
        ({"output_format": "jpeg", "output_compression": 100}, {"output_format": "jpeg", "output_compression": 100}),
        ({"style": "vivid"}, {"style": "vivid"}),
        ({"official_fallback": "yes"}, {"official_fallback": True}),
        ({"callback_url": "https://my.example/hook"}, {"callback_url": "https://my.example/hook"}),
        ({"callback_events": ["completed"]}, {"callback_events": ["completed"]}),
        ({"prompt": "未来主义城市夜景," * 500}, {"prompt": "未来主义城市夜景," * 500}),
    ],
    refused=[
        ({"resolution": "4k"}, "aspect_ratio", "16:9, 9:16, 2:1, 1:2, 21:9 or 9:21", "1:1"),
        ({"resolution": "4k", "aspect_ratio": "1:1"}, "aspect_ratio", "resolution 2k"),
        ({"resolution": "4K", "aspect_ratio": "3:2"}, "aspect_ratio", "Nearest: 16:9"),
        ({"resolution": "4k", "aspect_ratio": "2:3"}, "aspect_ratio", "Nearest: 9:16"),
        ({"resolution": "4k", "aspect_ratio": "auto"}, "aspect_ratio"),
        ({"resolution": "8k"}, "resolution", "1k, 2k or 4k"),
        ({"resolution": "auto"}, "resolution", "1k, 2k or 4k"),
        ({"aspect_ratio": "3:1"}, "aspect_ratio", "Nearest: 21:9"),
        ({"aspect_ratio": "wide"}, "aspect_ratio"),
        ({"quality": "ultra"}, "quality", "auto, low, medium or high"),
        ({"quality": "hgih"}, "quality", "Nearest: high"),
        ({"n": 0}, "n"),
        ({"n": -2}, "n"),
        ({"seed": "abc"}, "seed", "integer"),
        ({"seed": 1.5}, "seed", "integer"),
        ({"images": urls(17)}, "images", "16"),
        ({"action": "image2image"}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "reference"}, "images"),
        ({"action": "inpaint", "images": A}, "mask"),
        ({"action": "inpaint", "mask": MASK}, "images"),
        ({"mask": MASK}, "images"),
        ({"action": "edit", "images": A, "mask": MASK}, "mask", "inpaint"),
        ({"action": "group"}, "action", "generate, image2image, edit, reference or inpaint"),
        ({"action": "upscale"}, "action"),
        ({"background": "none"}, "background", "auto, opaque or transparent"),
        ({"moderation": "high"}, "moderation", "auto or low"),
        ({"output_format": "gif"}, "output_format", "png, jpeg or webp"),
        ({"output_format": "jpg"}, "output_format", "Nearest: jpeg"),
        ({"output_compression": 101}, "output_compression", "0–100", "Nearest: 100"),
        ({"output_compression": -1}, "output_compression", "Nearest: 0"),
        ({"official_fallback": "maybe"}, "official_fallback", "boolean"),
        ({"negative_prompt": "dogs"}, "negative_prompt"),
        ({"watermark": False}, "watermark"),
        ({"extra": {"a": 1}}, "extra"),
        ({"prompt": ""}, "prompt"),
    ],
    advised=[
        ({"background": "transparent", "official_fallback": True}, "official_fallback"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format"),
        ({"output_compression": 50}, "output_format"),
        ({"output_compression": 50, "output_format": "png"}, "output_format"),
        ({"action": "reference", "images": A}, "images"),
    ],
)


def _older(model):
    """1.5 and 1 stand on one page with the same fields: three ratios, no tiers, png or jpeg, already official."""
    return Page(
        "2026-04",
        model,
        sent=[
            ({}, {}),
            ({"aspect_ratio": "3:2"}, {"aspect_ratio": "3:2"}),
            ({"size": "2/3", "quality": "HIGH"}, {"aspect_ratio": "2:3", "quality": "high"}),
            ({"n": 3, "seed": 7}, {"n": 3, "seed": 7}),
            ({"images": A}, {"image_urls": [A], "action": "image2image"}),
            ({"images": A, "action": "edit"}, {"image_urls": [A], "action": "edit"}),
            ({"images": urls(16)}, {"image_urls": urls(16), "action": "reference"}),
            ({"images": SMALL, "mask": MASK}, {"image_urls": [SMALL], "mask_url": MASK, "action": "inpaint"}),
            (
                {"output_format": "JPEG", "output_compression": "80"},
                {"output_format": "jpeg", "output_compression": 80},
            ),
            ({"background": "opaque", "moderation": "auto"}, {"background": "opaque", "moderation": "auto"}),
            ({"style": "natural"}, {"style": "natural"}),
        ],
        refused=[
            ({"aspect_ratio": "16:9"}, "aspect_ratio", "1:1, 3:2 or 2:3", "Nearest: 3:2"),
            ({"aspect_ratio": "auto"}, "aspect_ratio"),
            ({"resolution": "1k"}, "resolution"),
            ({"official_fallback": True}, "official_fallback"),
            ({"output_format": "webp"}, "output_format", "png or jpeg"),
            ({"output_format": "jpeg", "output_compression": 200}, "output_compression", "100"),
            ({"images": urls(17)}, "images", "16"),
            ({"action": "inpaint", "images": A}, "mask"),
            *(({"action": action}, "images") for action in ("image2image", "edit", "reference")),
            ({"mask": MASK}, "images"),
            ({"action": "generate", "images": A, "mask": MASK}, "mask"),
            ({"quality": "standard"}, "quality"),
            ({"n": "api"}, "n"),
        ],
        advised=[
            ({"background": "transparent"}, "background"),
            ({"output_compression": 10}, "output_format"),
            ({"images": A, "action": "reference"}, "images"),
        ],
    )


GPT_IMAGE_1_5_OFFICIAL = _older("gpt-image-1.5-official")
GPT_IMAGE_1_OFFICIAL = _older("gpt-image-1-official")
