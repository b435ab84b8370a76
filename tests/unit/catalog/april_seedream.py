"""The Seedream page of 2026-04-08 (`size`, everything of its own inside `extra`) and that of 2026-04-29."""

from __future__ import annotations

from tests.unit.catalog.expectations import A, B, C, Page, drawn, urls

SEEDREAM_5 = Page(
    "2026-04",
    "seedream-5.0",
    sent=[
        ({}, {}),
        (
            {"action": "generate", "aspect_ratio": "16:9", "resolution": "2K", "watermark": False},
            {"action": "generate", "size": "16:9", "resolution": "2K", "watermark": False},
        ),
        ({"aspect_ratio": "4:5", "resolution": "3k"}, {"size": "4:5", "resolution": "3K"}),
        ({"size": "5x4"}, {"size": "5:4"}),
        ({"images": A}, {"image_urls": [A]}),
        ({"images": [A, B, C]}, {"image_urls": [A, B, C]}),
        ({"images": urls(14)}, {"image_urls": urls(14)}),
        ({"images": urls(14), "n": 1}, {"image_urls": urls(14), "n": 1}),
        ({"n": 15}, {"n": 15}),
        ({"n": 5, "images": urls(10)}, {"n": 5, "image_urls": urls(10)}),
        ({"web_search": True}, {"extra": {"tools": [{"type": "web_search"}]}}),
        ({"web_search": "no"}, {}),
        ({"output_format": "PNG"}, {"extra": {"output_format": "png"}}),
        ({"optimize_prompt_mode": "standard"}, {"extra": {"optimize_prompt_options": {"mode": "standard"}}}),
        (
            {"response_format": "url", "stream": False, "output_format": "jpeg", "web_search": "yes"},
            {
                "extra": {
                    "response_format": "url",
                    "stream": False,
                    "output_format": "jpeg",
                    "tools": [{"type": "web_search"}],
                }
            },
        ),
        ({"watermark": "off", "prompt": "一只柴犬" * 75}, {"watermark": False, "prompt": "一只柴犬" * 75}),
    ],
    refused=[
        ({"resolution": "4K"}, "resolution", "2K or 3K"),
        ({"resolution": "1K"}, "resolution"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "Nearest: 16:9"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"n": 0}, "n", "1–15"),
        ({"n": 16}, "n", "Nearest: 15"),
        ({"n": 6, "images": urls(10)}, "n", "15", "Nearest: 5"),
        ({"n": 2, "images": urls(14)}, "n", "Nearest: 1"),
        ({"images": urls(15)}, "images", "14"),
        ({"optimize_prompt_mode": "fast"}, "optimize_prompt_mode", "standard"),
        ({"stream": True}, "stream"),
        ({"response_format": "b64_json"}, "response_format"),
        ({"output_format": "webp"}, "output_format", "png or jpeg"),
        ({"web_search": "perhaps"}, "web_search", "boolean"),
        ({"watermark": "perhaps"}, "watermark", "boolean"),
        ({"images": drawn(8, 8)}, "images", "seedream-5.0"),
        ({"guidance_scale": 5}, "guidance_scale"),
        ({"seed": 3}, "seed"),
        ({"action": "group"}, "action", "generate"),
        ({"action": "image2image", "images": A}, "action"),
        ({"mask": A}, "mask"),
    ],
    advised=[({"prompt": "柴" * 301}, "prompt")],
)

SEEDREAM_4_5 = Page(
    "2026-04",
    "seedream-4.5",
    sent=[
        ({}, {}),
        ({"aspect_ratio": "21:9", "resolution": "4k"}, {"size": "21:9", "resolution": "4K"}),
        ({"resolution": "4K", "size": "1:1"}, {"resolution": "4K", "size": "1:1"}),
        ({"images": urls(14)}, {"image_urls": urls(14)}),
        ({"n": 3, "images": urls(12)}, {"n": 3, "image_urls": urls(12)}),
        ({"n": "15"}, {"n": 15}),
        ({"optimize_prompt_mode": "Fast"}, {"extra": {"optimize_prompt_options": {"mode": "fast"}}}),
        ({"watermark": True}, {"watermark": True}),
        ({"response_format": "url"}, {"extra": {"response_format": "url"}}),
    ],
    refused=[
        ({"resolution": "1K"}, "resolution", "2K or 4K"),
        ({"resolution": "3K"}, "resolution"),
        ({"aspect_ratio": "4:5"}, "aspect_ratio", "Nearest: 3:4"),
        ({"n": 4, "images": urls(12)}, "n", "Nearest: 3"),
        ({"n": 20}, "n", "Nearest: 15"),
        ({"images": urls(15)}, "images", "14"),
        ({"output_format": "png"}, "output_format"),
        ({"web_search": True}, "web_search"),
        ({"guidance_scale": 3}, "guidance_scale"),
        ({"optimize_prompt_mode": "slow"}, "optimize_prompt_mode", "standard or fast"),
        ({"stream": "yes"}, "stream"),
        ({"response_format": "b64_json"}, "response_format"),
    ],
    advised=[({"prompt": "柴" * 301}, "prompt")],
)

SEEDREAM_4 = Page(
    "2026-04",
    "seedream-4.0",
    sent=[
        ({}, {}),
        ({"resolution": "1k"}, {"resolution": "1K"}),
        ({"resolution": "4K", "aspect_ratio": "3:2"}, {"resolution": "4K", "size": "3:2"}),
        ({"guidance_scale": 1}, {"extra": {"guidance_scale": 1}}),
        ({"guidance_scale": "7.5"}, {"extra": {"guidance_scale": 7.5}}),
        ({"guidance_scale": 10}, {"extra": {"guidance_scale": 10}}),
        (
            {"guidance_scale": 2.5, "optimize_prompt_mode": "fast"},
            {"extra": {"guidance_scale": 2.5, "optimize_prompt_options": {"mode": "fast"}}},
        ),
        ({"n": 2, "images": urls(13)}, {"n": 2, "image_urls": urls(13)}),
        ({"images": [A, B]}, {"image_urls": [A, B]}),
    ],
    refused=[
        ({"guidance_scale": 11}, "guidance_scale", "1–10", "Nearest: 10"),
        ({"guidance_scale": 0.5}, "guidance_scale", "Nearest: 1"),
        ({"guidance_scale": float("nan")}, "guidance_scale", "number"),
        ({"guidance_scale": "strong"}, "guidance_scale", "number"),
        ({"resolution": "3K"}, "resolution", "1K, 2K or 4K"),
        ({"aspect_ratio": "5:4"}, "aspect_ratio", "Nearest: 4:3"),
        ({"n": 3, "images": urls(13)}, "n", "Nearest: 2"),
        ({"images": urls(15)}, "images"),
        ({"output_format": "png"}, "output_format"),
        ({"stream": True}, "stream"),
        ({"web_search": True}, "web_search"),
        ({"seed": 1}, "seed"),
        ({"sequential_image_generation": "auto"}, "sequential_image_generation"),
    ],
)

DOUBAO_4 = Page(
    "2026-04",
    "doubao-seedream-4.0",
    sent=[
        ({}, {}),
        ({"size": "9:21", "resolution": "1k"}, {"aspect_ratio": "9:21", "resolution": "1K"}),
        ({"aspect_ratio": "auto", "seed": 5}, {"aspect_ratio": "auto", "seed": 5}),
        ({"images": A}, {"image_urls": [A], "action": "image2image"}),
        ({"images": urls(10)}, {"image_urls": urls(10), "action": "reference"}),
        ({"images": [A, B], "action": "generate"}, {"image_urls": [A, B], "action": "generate"}),
        ({"images": urls(10), "n": 5}, {"image_urls": urls(10), "n": 5, "action": "reference"}),
        (
            {"sequential_image_generation": "auto", "max_images": 4},
            {
                "sequential_image_generation": "auto",
                "sequential_image_generation_options": {"max_images": 4},
                "action": "group",
            },
        ),
        (
            {"action": "group", "max_images": "15"},
            {"action": "group", "sequential_image_generation_options": {"max_images": 15}},
        ),
        ({"optimize_prompt_options": "fast"}, {"optimize_prompt_options": "fast"}),
        ({"watermark": True}, {"watermark": True}),
    ],
    refused=[
        ({"images": urls(11)}, "images", "10"),
        ({"images": urls(10), "n": 6}, "n", "15", "Nearest: 5"),
        ({"images": urls(9), "sequential_image_generation": "auto", "max_images": 7}, "max_images", "Nearest: 6"),
        ({"action": "reference", "images": A}, "images", "2"),
        ({"action": "edit"}, "images"),
        ({"action": "inpaint"}, "action"),
        ({"max_images": 16, "action": "group"}, "max_images", "Nearest: 15"),
        ({"max_images": 0, "action": "group"}, "max_images", "Nearest: 1"),
        ({"sequential_image_generation": "on"}, "sequential_image_generation", "disabled or auto"),
        ({"resolution": "3K"}, "resolution", "1K, 2K or 4K"),
        ({"aspect_ratio": "4:5"}, "aspect_ratio"),
        ({"optimize_prompt_options": "slow"}, "optimize_prompt_options", "standard or fast"),
        ({"output_format": "png"}, "output_format"),
        ({"web_search": True}, "web_search"),
    ],
    advised=[
        ({"action": "edit", "images": [A, B]}, "images"),
        ({"max_images": 4}, "sequential_image_generation"),
    ],
)
