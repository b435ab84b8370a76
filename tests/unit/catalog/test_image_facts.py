"""What the pages say of images' sizes, formats and weights, where these are known."""

from __future__ import annotations

from qwave_jupyter.catalog import ImageInfo, load
from tests.checks import collect_failures
from tests.unit.catalog.expectations import MASK, urls

MEGA = (1024, 1024)
GPT = {"images": urls(2), "mask": MASK}
BOXED = {"images": urls(2), "bbox_list": [[[0, 0, 640, 480]], []]}

FITTING = [
    ("2026-04", "gpt-4o-image", GPT, ImageInfo(((64, 48), None), (64, 48), "png", 4 * 2**20)),
    ("2026-04", "gpt-4o-image", GPT, ImageInfo((None, (9, 9)), (64, 48), "", None)),
    ("2026-04", "gpt-image-2", GPT, ImageInfo(((64, 48), None), (32, 24), "webp", 9 * 2**20)),
    ("2026-09", "gpt-image-2", GPT, ImageInfo(((64, 48), (9, 9)), (64, 48), "png", 9 * 2**20)),
    ("2026-09", "gpt-image-2.5-flare", GPT, ImageInfo(((64, 48), None), (64, 48), "png", None)),
    ("2026-04", "wan2.7-image", BOXED, ImageInfo(((640, 480), (9, 9)))),
    ("2026-09", "wan2.7-image-pro", BOXED, ImageInfo((None, None))),
    ("2026-09", "flux-2-pro", {"images": urls(7)}, ImageInfo((MEGA,) * 7)),
    ("2026-09", "flux-2-pro", {"images": urls(5), "resolution": "4mp"}, ImageInfo((MEGA,) * 5)),
    ("2026-09", "flux-2-pro", {"images": urls(8), "resolution": "4mp"}, ImageInfo((None,) * 8)),
    ("2026-09", "flux-kontext-max", {"images": urls(2)}, ImageInfo(((2048, 2048),) * 2)),
]
REFUSED = [
    ("2026-04", "gpt-4o-image", GPT, ImageInfo(((64, 48), None), (64, 64), "png", 9), "mask", "64×48"),
    ("2026-04", "gpt-4o-image", GPT, ImageInfo(((64, 48), None), (64, 48), "jpeg", 9), "mask", "png"),
    ("2026-04", "gpt-4o-image", GPT, ImageInfo((), None, "png", 4 * 2**20 + 1), "mask", "4 MB"),
    ("2026-09", "gpt-image-1", GPT, ImageInfo(((64, 48), (9, 9)), (9, 9), "", None), "mask", "64×48"),
    ("2026-09", "gpt-image-2", GPT, ImageInfo(((64, 48), None), (48, 64), "png", None), "mask", "48×64"),
    ("2026-09", "gpt-image-2.5-sunburst", GPT, ImageInfo((), None, "webp", None), "mask", "png"),
    ("2026-04", "wan2.7-image", BOXED, ImageInfo(((639, 480), None)), "bbox_list", "639×480"),
    ("2026-09", "wan2.7-image", BOXED, ImageInfo(((640, 479), None)), "bbox_list", "640×479"),
    ("2026-09", "flux-2-pro", {"images": urls(8)}, ImageInfo((MEGA,) * 8), "images", "9"),
    ("2026-09", "flux-2-flex", {"images": urls(1), "resolution": "4mp"}, ImageInfo(((3000, 2000),)), "images", "9.7"),
    ("2026-09", "flux-kontext-pro", {"images": urls(2)}, ImageInfo(((2048, 2049),) * 2), "images", "9"),
]


def rejections(edition, name, options, facts):
    model = load(edition).model(name)
    values, unread = model.read({"prompt": "a cat", **options})
    values["action"] = model.infer_action(values) or model.default_action
    return [one for one in (*unread, *model.check(values, facts)) if one.severity == "reject"]


def test_fitting_images_are_taken():
    with collect_failures() as check:
        for edition, name, options, facts in FITTING:
            with check(edition, name, facts):
                assert [str(one) for one in rejections(edition, name, options, facts)] == []


def test_unfitting_images_are_refused():
    with collect_failures() as check:
        for edition, name, options, facts, parameter, said in REFUSED:
            with check(edition, name, facts):
                found = rejections(edition, name, options, facts)
                assert [one.parameter for one in found] == [parameter]
                assert said in str(found[0])
