"""The pages' parameter tables, copied by hand: every model, every field that it takes, every value and default.

A line is ``model | actions | ratio | resolution | n | references | the rest``, in the names that go over the wire. A
star marks the documented default, ``1..10`` a range, ``1..`` one without an end, ``?`` a number that no page states,
``-`` what the page doesn't have. Names of sets stand for ratios.
"""

from __future__ import annotations

SETS = {
    "R7": "1:1 4:3 3:4 16:9 9:16 3:2 2:3",
    "R10": "1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9",
    "X4": "1:4 4:1 1:8 8:1",
    "G14": "auto 1:1 3:2 2:3 4:3 3:4 5:4 4:5 16:9 9:16 2:1 1:2 21:9 9:21",
    "G15": "1:1 3:2 2:3 4:3 3:4 5:4 4:5 16:9 9:16 2:1 1:2 3:1 1:3 21:9 9:21",
    "GR14": "auto 1:1 3:4 4:3 9:16 16:9 2:3 3:2 9:19.5 19.5:9 9:20 20:9 1:2 2:1",
    "S10": "1:1 4:3 3:4 16:9 9:16 3:2 2:3 2:1 1:2 21:9",
    "F10": "1:1 4:3 3:4 16:9 9:16 3:2 2:3 21:9 9:21 auto",
    "SD8": "1:1 2:3 3:2 3:4 4:3 9:16 16:9 21:9",
    "I5": "1:1 4:3 3:4 16:9 9:16",
    "EDITS": "generate* image2image edit reference",
}

#: What many lines end with.
MORE = {
    "CB": "callback_url; callback_events[]",
    "GPT-A": "mask_url; quality: auto* low medium high; background: auto* opaque transparent; moderation: auto* low; "
    "output_compression: 0..100; style; seed: -1*; CB",
    "GPT-1": "quality: auto* low medium high; background: auto* opaque transparent; output_format: png* jpeg; "
    "moderation: auto* low; output_compression: 0..100; mask_url; CB",
    "GPT-2": "quality: low* medium high; background: auto* opaque transparent; output_format: png* jpeg webp; "
    "moderation: auto* low; output_compression: 0..100; mask_url; CB",
    "GPT-2.5": "quality: low* medium high xhigh max; background: auto opaque transparent; "
    "output_format: png* jpeg webp; moderation: auto low*; output_compression: 0..100; CB",
    "FLUX": "output_format: jpeg* png webp; prompt_upsampling: no*; safety_tolerance: 2* 0..5; seed: ?; CB",
    "WAN": "watermark: ?bool; thinking_mode: yes*; enable_sequential: no*; bbox_list[]; color_palette[]; seed: ?; "
    "negative_prompt; CB",
    "GROUP": "watermark: no*; sequential_image_generation: disabled* auto; "
    "sequential_image_generation_options.max_images: 1..15; seed: -1*; callback_url",
    "L1": "watermark: yes*; extra.response_format: url* b64_json; extra.stream: no*; callback_url",
}

APRIL = """
gpt-4o-image | (generate) | size: 1:1 2:3 3:2 | - | 1* 2 4 | 5 bytes | mask_url
gpt-image-2 | EDITS inpaint | G14 1:1* | 1k 2k 4k | 1*.. | 16 bytes | \
output_format: png* jpeg webp; official_fallback: no*; GPT-A
gpt-image-1.5-official | EDITS inpaint | 1:1* 3:2 2:3 | - | 1*.. | 16 bytes | output_format: png* jpeg; GPT-A
gpt-image-1-official | EDITS inpaint | 1:1* 3:2 2:3 | - | 1*.. | 16 bytes | output_format: png* jpeg; GPT-A
qwen-image-2.0-pro | generate* image2image reference | R7 1:1* | 1K 2K* | 1*.. | ? | seed: -1*; CB
qwen-image-2.0 | generate* image2image reference | R7 1:1* | 1K 2K* | 1*.. | ? | seed: -1*; CB
seedream-5.0 | generate* | size: R10 1:1* | 2K* 3K | 1*..15 | 14 | \
extra.output_format: jpeg* png; extra.optimize_prompt_options.mode: standard*; extra.tools: ?bool; L1
seedream-4.5 | generate* | size: SD8 1:1* | 2K* 4K | 1*..15 | 14 | \
extra.optimize_prompt_options.mode: standard* fast; L1
seedream-4.0 | generate* | size: SD8 1:1* | 1K 2K* 4K | 1*..15 | 14 | \
extra.optimize_prompt_options.mode: standard* fast; extra.guidance_scale: 2.5* 1..10; L1
doubao-seedream-5.0-lite | generate* image2image group | SD8 auto 1:1* | 2K* 3K | 1*.. | 14 | \
output_format: jpeg* png; GROUP
doubao-seedream-4.5 | EDITS group | F10 1:1* | 2K* 4K | 1*.. | 14 | optimize_prompt_options.mode: standard; GROUP
doubao-seedream-4.0 | EDITS group | F10 1:1* | 1K 2K* 4K | 1*.. | 10 | optimize_prompt_options: standard* fast; GROUP
gemini-3-pro-image-preview-official | EDITS | R10 1:1* | 1K* 2K 4K | 1*.. | ? | official_fallback: no*; seed: -1*; CB
gemini-3-pro-image-preview | EDITS | R10 1:1* | 1K* 2K 4K | 1*.. | ? | official_fallback: no*; seed: -1*; CB
gemini-3.1-flash-image-preview-official | EDITS search_grounded | R10 X4 1:1* | 0.5K 1K* 2K 4K | 1*.. | ? | \
official_fallback: no*; google_search: no*; google_image_search: no*; seed: -1*; CB
gemini-3.1-flash-image-preview | EDITS search_grounded | R10 X4 1:1* | 0.5K 1K* 2K 4K | 1*.. | ? | \
official_fallback: no*; google_search: no*; google_image_search: no*; seed: -1*; CB
gemini-2.5-flash-image-preview-official | EDITS | R10 1:1* | 1K* | 1*.. | ? | official_fallback: no*; seed: -1*; CB
gemini-2.5-flash-image-preview | EDITS | R10 1:1* | 1K* | 1*.. | ? | official_fallback: no*; seed: -1*; CB
imagen-4.0 | generate* | I5 1:1* | - | 1*.. | - | seed: -1*; CB
wan2.7-image | EDITS group interactive_edit | R7 1:1* | 1K 2K* 4K | 1*..12 | 9 | \
watermark: no*; thinking_mode: yes*; enable_sequential: no*; bbox_list[]; color_palette[]; seed: -1*; CB
z-image-turbo | generate* | R7 1:1* | 1K* 2K | 1* | - | prompt_extend: no*; seed: -1*; CB
"""

SEPTEMBER = """
gpt-image-1 | generate* edit | 1:1* 2:3 3:2 | - | 1* | 15 | GPT-1
gpt-image-1.5 | generate* edit | 1:1* 2:3 3:2 | - | 1* | 15 | GPT-1
gpt-image-2 | generate* edit | G15 1:1* | 1k* 2k 4k | 1* | 16 | GPT-2
gpt-image-2-rev | generate* edit | G15 1:1* | 1k* 2k 4k | 1* | 15 | CB
gpt-image-2.5-flare | generate* edit | G15 1:1* | 1k* 2k 4k | 1* | 16 | mask_url; GPT-2.5
gpt-image-2.5-sunburst | generate* edit | G15 1:1* | 1k* 2k 4k | 1* | 16 | mask_url; GPT-2.5
gpt-image-2.5 | generate* edit | G15 1:1* | 1k* 2k 4k | 1* | 16 | GPT-2.5
gpt-image-2.5-flare-rev | generate* edit | R10 auto 1:1* | 1k* 2k 4k | 1* | 16 | CB
gpt-image-2.5-sunburst-rev | generate* edit | R10 auto 1:1* | 1k* 2k 4k | 1* | 16 | CB
gemini-3-pro-image | generate* edit | R10 auto 1:1* | 1k* 2k 4k | 1* | 14 | CB
gemini-3.1-flash-image | generate* edit | R10 auto X4 1:1* | 0.5k 1k* 2k 4k | 1* | 14 | \
google_search: no*; google_image_search: no*; CB
gemini-3.1-flash-lite-image | generate* edit | R10 auto 1:1* | - | 1* | 14 | CB
gemini-3-pro-image-rev | generate* edit | R10 auto 1:1* | 1k* 2k 4k | 1* | 14 | CB
gemini-3.1-flash-image-rev | generate* edit | R10 auto X4 1:1* | 0.5k 1k* 2k 4k | 1* | 14 | \
google_search: no*; google_image_search: no*; CB
gemini-3.1-flash-lite-image-rev | generate* edit | R10 auto 1:1* | - | 1* | 14 | CB
gemini-2.5-flash-image-preview-rev | generate* edit | R10 auto | 1k* | 1* | 14 | CB
seedream-4.0 | generate* edit | S10 9:21 auto 1:1* | 1k 2k* 4k | 1*..14 | 1 | \
watermark: no*; optimize_prompt_options: standard* fast; CB
seedream-4.5 | generate* edit | S10 9:21 auto 1:1* | 2k* 4k | 1*..14 | 1 | \
watermark: no*; optimize_prompt_options.mode: standard* fast; CB
seedream-5.0-lite | generate* edit | S10 auto 1:1* | 2k* 3k 4k | 1*..15 | 1 | \
watermark: no*; output_format: jpeg* png; CB
seedream-5.0-pro | generate* edit | S10 auto* | 1k 1.5k* 2k | 1* | 1 | \
watermark: no*; output_format: jpeg* png; background: opaque* transparent; CB
seedream-5.0-flash | generate* edit | S10 auto* | 1k* 1.5k 2k | 1* | 10 | \
watermark: no*; output_format: jpeg* png; background: opaque* transparent; CB
qwen-image-2.0 | generate* edit | R7 | 1k 2k | 1*..6 | ? | negative_prompt; CB
qwen-image-2.0-pro | generate* edit | R7 | 1k 2k | 1*..6 | ? | negative_prompt; CB
qwen-image-3.0 | generate* edit | R7 1:1* | 1k* 2k | 1*..6 | 3 | \
negative_prompt; prompt_extend: no*; prompt_extend_mode: direct agent; CB
qwen-image-3.0-pro | generate* edit | R7 1:1* | 1k* 2k | 1*..6 | 3 | \
negative_prompt; prompt_extend: no*; prompt_extend_mode: direct agent; CB
wan2.7-image | generate* edit | R7 1:1* | 1k 2k* | 1*..12 | 9 | WAN
wan2.7-image-pro | generate* edit | R7 1:1* | 1k 2k* 4k | 1*..12 | 9 | WAN
z-image-turbo | generate* | R7 | 1k 2k | - | - | CB
imagen-4.0 | generate* | I5 1:1* | - | 1*.. | - | seed: -1*; CB
flux-2-pro | generate* edit | F10 1:1* | 1mp 2mp* 3mp 4mp | 1* | 8 | FLUX
flux-2-max | generate* edit | F10 1:1* | 1mp 2mp* 3mp 4mp | 1* | 8 | FLUX
flux-2-flex | generate* edit | F10 1:1* | 1mp 2mp* 3mp 4mp | 1* | 8 | steps: 50* 1..50; guidance: 5* 1.5..10; FLUX
flux-kontext-pro | generate* edit | F10 1:1* | - | 1* | 4 | \
output_format: jpeg png* webp; prompt_upsampling: no*; safety_tolerance: 2* 0..6; seed: ?; CB
flux-kontext-max | generate* edit | F10 1:1* | - | 1* | 4 | \
output_format: jpeg png* webp; prompt_upsampling: no*; safety_tolerance: 2* 0..6; seed: ?; CB
grok-imagine-image | generate* edit | GR14 auto* | 1k* 2k | 1*..10 | 5 | CB
grok-imagine-image-quality | generate* edit | GR14 auto* | 1k* 2k | 1*..10 | 3 | CB
grok-imagine-image-2.0 | generate* edit | GR14 auto* | 1k* 2k | 1*..10 | 3 | quality: low medium; CB
grok-imagine-image-2.0-rev | generate* | R7 1:1* | - | 1*..12 | - | CB
grok-imagine-1.5-rev | generate* | 1:1 16:9 9:16 3:2 2:3 | - | 1*..10 | 5 | CB
grok-imagine-1.5-edit-rev | generate* edit | - | - | 1*..10 | 5 | CB
midjourney | imagine* upscale variation high-variation low-variation reroll zoom pan inpaint modal edit remix-strong \
remix-subtle | SD8 9:21 | - | - | ? | mask_url; seed: ?; negative_prompt; speed: relax* fast turbo; \
version: v5.1 v5.2 v6.1 v7 v8.1 v8.2 niji6 niji7; ref_task_id; index: 1..4; custom_id; zoom_ratio: ?; \
direction: left right up down; metadata{}; style; stylize: 0..1000; chaos: 0..100; weird: 0..3000; tile: ?bool; \
iw: 0..3; cref; cw: 0..100; sref; sw: 0..1000; dref; dw: 0..100; raw: ?bool; draft: ?bool; hd: ?bool; \
stop: 10..100; extra; CB
"""
