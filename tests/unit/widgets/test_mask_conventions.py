"""A mask that marks in another way than the model reads it."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

import qwave_jupyter as qwave
from qwave_jupyter.jobs.references import ImageLimits, resolve


def hole(mode):
    mask = Image.new(mode, (80, 60), (255,) * len(mode))
    ImageDraw.Draw(mask).rectangle((0, 0, 20, 20), fill=(0,) * len(mode))
    return mask


@pytest.mark.parametrize("make", [lambda: hole("RGBA"), lambda: hole("LA"), lambda: painted(True)])
def test_mask_of_the_other_convention_is_said(make):
    def say(mask, alpha):
        return [one.code for one in resolve(mask, "mask", ImageLimits("m", alpha=alpha), now=0.0).notices]

    assert say(make(), False) == ["mask_transparent"]
    assert say(make(), True) == []
    assert say(make(), None) == []
    for fine in (painted(False), Image.new("L", (80, 60), 255), hole("RGBA").convert("RGB")):
        assert say(fine, False) == []


def painted(alpha):
    brush = qwave.paint_mask(Image.new("RGB", (80, 60), "red"), alpha)
    brush.value = [{"kind": "paint", "size": 20, "points": [[30, 30]]}]
    return brush
