"""The Qwen, Wan and Z-Image pages of September 2026."""

from __future__ import annotations

from tests.unit.catalog.expectations import MASK, A, B, Page, png_data_uri, urls

REDS = [{"hex": "#AA0000", "ratio": 50.25}, {"hex": "#BB0000", "ratio": 29.75}, {"hex": "#cc0000", "ratio": 20}]
BOX = [0, 0, 100, 50]

QWEN_IMAGE_3 = Page(
    "2026-09",
    "qwen-image-3.0",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "3:2", "resolution": "2K"}, {"aspect_ratio": "3:2", "resolution": "2k"}),
        ({"n": "6"}, {"n": 6}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(3), "n": 2}, {"image_urls": urls(3), "n": 2, "action": "edit"}),
        ({"negative_prompt": "雨" * 500}, {"negative_prompt": "雨" * 500}),
        ({"prompt_extend": "yes"}, {"prompt_extend": True}),
        (
            {"prompt_extend": True, "prompt_extend_mode": "Agent"},
            {"prompt_extend": True, "prompt_extend_mode": "agent"},
        ),
        (
            {"prompt_extend": True, "prompt_extend_mode": "direct", "images": A},
            {"prompt_extend": True, "prompt_extend_mode": "direct", "image_urls": [A], "action": "edit"},
        ),
        ({"prompt": "千" * 800}, {"prompt": "千" * 800}),
    ],
    refused=[
        ({"prompt_extend_mode": "direct"}, "prompt_extend", "true"),
        ({"prompt_extend_mode": "direct", "prompt_extend": False}, "prompt_extend", "true"),
        ({"prompt_extend": True, "prompt_extend_mode": "agent", "images": A}, "prompt_extend_mode", "direct"),
        ({"prompt_extend": True, "prompt_extend_mode": "deep"}, "prompt_extend_mode", "direct or agent"),
        ({"negative_prompt": "雨" * 501}, "negative_prompt", "500 characters"),
        ({"n": 7}, "n", "1–6", "Nearest: 6"),
        ({"n": 0}, "n", "Nearest: 1"),
        ({"images": urls(4)}, "images", "3"),
        ({"images": A, "action": "generate"}, "images"),
        ({"images": png_data_uri(8, 8)}, "images"),
        ({"action": "edit"}, "images"),
        ({"action": "image2image", "images": A}, "action", "generate or edit"),
        ({"resolution": "4k"}, "resolution", "1k or 2k"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio", "Nearest: 16:9"),
        ({"seed": 1}, "seed"),
        ({"quality": "high"}, "quality"),
        ({"watermark": False}, "watermark"),
        ({"images": A, "mask": MASK}, "mask"),
    ],
    advised=[({"prompt": "千" * 801}, "prompt")],
)

QWEN_IMAGE_2 = Page(
    "2026-09",
    "qwen-image-2.0",
    sent=[
        ({}, {}),
        ({"resolution": "1K"}, {"resolution": "1k"}),
        ({"aspect_ratio": "2:3", "n": 6}, {"aspect_ratio": "2:3", "n": 6}),
        ({"negative_prompt": "blurry"}, {"negative_prompt": "blurry"}),
        ({"images": A}, {"image_urls": [A], "action": "edit"}),
        ({"images": urls(5)}, {"image_urls": urls(5), "action": "edit"}),
        ({"action": "generate"}, {"action": "generate"}),
        ({"size": "4:3"}, {"aspect_ratio": "4:3"}),
    ],
    refused=[
        ({"prompt_extend": True}, "prompt_extend"),
        ({"prompt_extend_mode": "direct"}, "prompt_extend_mode"),
        ({"negative_prompt": "n" * 501}, "negative_prompt", "500"),
        ({"n": 8}, "n", "Nearest: 6"),
        ({"action": "edit"}, "images"),
        ({"resolution": "3k"}, "resolution", "1k or 2k"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"watermark": True}, "watermark"),
    ],
)


def _wan(model, tiers, sent, refused):
    """Both Wan models stand on one page; they differ in how large an image may be."""
    return Page(
        "2026-09",
        model,
        sent=[
            ({}, {}),
            ({"resolution": "2K"}, {"resolution": "2k"}),
            ({"resolution": "1k", "n": 4}, {"resolution": "1k", "n": 4}),
            ({"enable_sequential": True, "n": 12}, {"enable_sequential": True, "n": 12}),
            (
                {"enable_sequential": "yes", "resolution": "2k", "images": A},
                {"enable_sequential": True, "resolution": "2k", "image_urls": [A], "action": "edit"},
            ),
            ({"images": urls(9)}, {"image_urls": urls(9), "action": "edit"}),
            (
                {"images": [A, B], "bbox_list": [[BOX, [5, 5, 9, 9]], []]},
                {"image_urls": [A, B], "bbox_list": [[BOX, [5, 5, 9, 9]], []], "action": "edit"},
            ),
            ({"color_palette": REDS}, {"color_palette": REDS}),
            ({"thinking_mode": "off", "watermark": True}, {"thinking_mode": False, "watermark": True}),
            ({"thinking_mode": True}, {"thinking_mode": True}),
            ({"negative_prompt": "阴影", "seed": 9}, {"negative_prompt": "阴影", "seed": 9}),
            *sent,
        ],
        refused=[
            ({"n": 5}, "n", "Nearest: 4"),
            ({"n": 5, "enable_sequential": False}, "n", "Nearest: 4"),
            ({"n": 13, "enable_sequential": True}, "n", "Nearest: 12"),
            ({"resolution": "3k"}, "resolution", tiers),
            ({"resolution": "4k", "images": A}, "resolution", "1k or 2k", "Nearest: 2k"),
            ({"resolution": "4k", "enable_sequential": True}, "resolution", "1k or 2k"),
            ({"aspect_ratio": "21:9"}, "aspect_ratio", "Nearest: 16:9"),
            ({"images": urls(10)}, "images", "9"),
            ({"images": A, "action": "generate"}, "images"),
            ({"images": png_data_uri(8, 8)}, "images"),
            ({"action": "edit"}, "images"),
            ({"action": "reference", "images": [A, B]}, "action", "generate or edit"),
            ({"action": "interactive_edit", "images": A, "bbox_list": [[BOX]]}, "action", "generate or edit"),
            ({"action": "group", "enable_sequential": True}, "action"),
            ({"bbox_list": [[BOX]]}, "images"),
            ({"images": [A, B], "bbox_list": [[BOX]]}, "bbox_list", "2"),
            ({"images": A, "bbox_list": [[BOX] * 3]}, "bbox_list", "2"),
            ({"images": A, "bbox_list": [[[0, 0, 0, 9]]]}, "bbox_list"),
            ({"color_palette": REDS[:2]}, "color_palette", "3"),
            ({"color_palette": REDS * 4}, "color_palette", "10 items", "12"),
            ({"color_palette": [*REDS[:2], {"hex": "#cc0000", "ratio": 20.01}]}, "color_palette", "100.01"),
            ({"color_palette": [*REDS[:2], {"hex": "cc0000", "ratio": 20}]}, "color_palette", "#RRGGBB"),
            ({"color_palette": "blue"}, "color_palette"),
            ({"enable_sequential": "often"}, "enable_sequential", "boolean"),
            ({"seed": "x"}, "seed", "integer"),
            ({"quality": "high"}, "quality"),
            ({"images": A, "mask": MASK}, "mask"),
            ({"thinking_mode": "deep"}, "thinking_mode", "boolean"),
            *refused,
        ],
        advised=[
            ({"enable_sequential": True, "color_palette": REDS}, "color_palette"),
            ({"enable_sequential": True, "thinking_mode": True}, "thinking_mode"),
            ({"images": A, "thinking_mode": True}, "thinking_mode"),
        ],
    )


LARGE = ({"resolution": "4K", "aspect_ratio": "3:4"}, {"resolution": "4k", "aspect_ratio": "3:4"})
WAN_2_7_PRO = _wan("wan2.7-image-pro", "1k, 2k or 4k", sent=[LARGE], refused=[({"resolution": "8k"}, "resolution")])
WAN_2_7 = _wan("wan2.7-image", "1k or 2k", sent=[], refused=[(LARGE[0], "resolution", "1k or 2k", "Nearest: 2k")])

Z_IMAGE = Page(
    "2026-09",
    "z-image-turbo",
    sent=[
        ({}, {}),
        ({"resolution": "2K"}, {"resolution": "2k"}),
        ({"resolution": "1k", "aspect_ratio": "16:9"}, {"resolution": "1k", "aspect_ratio": "16:9"}),
        ({"size": "2x3"}, {"aspect_ratio": "2:3"}),
        ({"aspect_ratio": "4:3"}, {"aspect_ratio": "4:3"}),
        ({"action": "generate"}, {"action": "generate"}),
        ({"callback_url": "https://my.example/hook"}, {"callback_url": "https://my.example/hook"}),
        ({"prompt": "图" * 801}, {"prompt": "图" * 801}),
    ],
    refused=[
        ({"n": 1}, "n"),
        ({"images": A}, "images"),
        ({"seed": 1}, "seed"),
        ({"quality": "high"}, "quality"),
        ({"negative_prompt": "x"}, "negative_prompt"),
        ({"mask": MASK}, "mask"),
        ({"prompt_extend": True}, "prompt_extend"),
        ({"resolution": "4k"}, "resolution", "1k or 2k"),
        ({"aspect_ratio": "1:2"}, "aspect_ratio", "Nearest: 9:16"),
        ({"action": "edit"}, "action", "generate"),
    ],
)
