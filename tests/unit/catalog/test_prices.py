"""What the pages' price tables come to, worked out by hand; None where no page says."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.jobs import request
from tests.checks import collect_failures
from tests.unit.catalog.expectations import A, urls

PRICES = [
    ("2026-04", "gpt-4o-image", {"n": 4}, None),
    ("2026-04", "gpt-image-2", {}, 0.006375),
    ("2026-04", "gpt-image-2", {"n": 4, "resolution": "4k", "aspect_ratio": "16:9"}, 0.0255),
    ("2026-04", "gpt-image-2", {"official_fallback": True}, None),
    ("2026-04", "gpt-image-2", {"official_fallback": False}, 0.006375),
    ("2026-04", "gpt-image-1.5-official", {"n": 2}, 0.18088),
    ("2026-04", "gpt-image-1-official", {}, 0.11356),
    ("2026-04", "qwen-image-2.0-pro", {"n": 2}, 0.10625),
    ("2026-04", "qwen-image-2.0", {"images": A}, 0.02125),
    ("2026-04", "seedream-5.0", {"n": 15}, None),
    ("2026-04", "doubao-seedream-5.0-lite", {}, 0.02975),
    ("2026-04", "doubao-seedream-4.0", {"n": 3}, 0.0714),
    ("2026-04", "gemini-3-pro-image-preview-official", {}, 0.1139),
    ("2026-04", "gemini-3-pro-image-preview", {"resolution": "4K"}, 0.0425),
    ("2026-04", "gemini-3-pro-image-preview", {"official_fallback": True}, None),
    ("2026-04", "gemini-3.1-flash-image-preview", {"n": 2}, 0.06375),
    ("2026-04", "gemini-2.5-flash-image-preview", {}, 0.01328125),
    ("2026-04", "imagen-4.0", {"n": 2}, 0.085),
    ("2026-04", "wan2.7-image", {"enable_sequential": True, "n": 12}, 0.2754),
    ("2026-04", "z-image-turbo", {}, 0.010625),
    ("2026-04", "z-image-turbo", {"prompt_extend": True}, None),
    ("2026-09", "gpt-image-2", {}, None),
    ("2026-09", "gpt-image-2.5-flare", {"quality": "max"}, None),
    ("2026-09", "gpt-image-2-rev", {}, 0.00956),
    ("2026-09", "gpt-image-2-rev", {"resolution": "4K", "images": urls(15)}, 0.02363),
    ("2026-09", "gpt-image-2.5-sunburst-rev", {"resolution": "2k"}, 0.01575),
    ("2026-09", "gemini-3-pro-image", {}, None),
    ("2026-09", "gemini-3-pro-image-rev", {"resolution": "4k"}, 0.045),
    ("2026-09", "gemini-3.1-flash-image-rev", {"resolution": "0.5k"}, 0.016875),
    ("2026-09", "gemini-3.1-flash-lite-image-rev", {}, 0.0140625),
    ("2026-09", "seedream-4.0", {"images": A, "n": 14}, 0.378),
    ("2026-09", "seedream-5.0-lite", {"n": 2}, 0.063),
    ("2026-09", "seedream-5.0-pro", {}, 0.0405),
    ("2026-09", "seedream-5.0-pro", {"resolution": "2k"}, 0.081),
    ("2026-09", "qwen-image-2.0-pro", {"n": 6}, 0.3375),
    ("2026-09", "qwen-image-3.0", {"n": 2}, 0.04456),
    ("2026-09", "qwen-image-3.0", {"n": 2, "images": A}, 0.04704),
    ("2026-09", "qwen-image-3.0-pro", {"resolution": "2k", "images": A}, 0.06436),
    ("2026-09", "wan2.7-image-pro", {"resolution": "4k", "n": 4}, 0.27),
    ("2026-09", "z-image-turbo", {"resolution": "2k"}, 0.01125),
    ("2026-09", "flux-2-pro", {}, 0.0405),
    ("2026-09", "flux-2-pro", {"resolution": "4mp"}, None),
    ("2026-09", "flux-2-max", {"images": A}, 0.144),
    ("2026-09", "flux-kontext-max", {"images": urls(4)}, 0.072),
    ("2026-09", "grok-imagine-image", {"n": 10, "resolution": "2k"}, 0.18),
    ("2026-09", "grok-imagine-image", {"images": urls(5)}, 0.027),
    ("2026-09", "grok-imagine-image-quality", {"images": urls(2), "n": 3}, 0.189),
    ("2026-09", "grok-imagine-image-2.0", {"images": urls(2), "n": 3, "resolution": "2k"}, 0.234),
    ("2026-09", "grok-imagine-image-2.0", {"quality": "low"}, None),
    ("2026-09", "grok-imagine-1.5-rev", {"n": 2, "images": A}, 0.03376),
    ("2026-09", "midjourney", {}, 0.05067),
    ("2026-09", "midjourney", {"speed": "turbo"}, None),
    ("2026-09", "midjourney", {"action": "upscale", "ref_task_id": "t", "index": 1}, 0.06192),
    ("2026-09", "midjourney", {"action": "zoom", "ref_task_id": "t", "index": 1, "zoom_ratio": 2}, 0.06192),
    ("2026-09", "imagen-4.0", {"n": 2}, 0.09),
]


def test_price_matches_every_page():
    with collect_failures() as check:
        for edition, model, options, usd in PRICES:
            with check(edition, model, options):
                made = request.build(load(edition), "a cat", options, model=model)
                assert made.estimate_usd == (None if usd is None else pytest.approx(usd, abs=1e-9))
