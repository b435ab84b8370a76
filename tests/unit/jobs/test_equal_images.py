"""Two entries of a result are two images even of equal bytes; equal addresses of one entry are mirrors."""

from __future__ import annotations

import pytest

from tests.image_factory import plain
from tests.scripted_server import CDN
from tests.waiting import PATIENCE


@pytest.mark.parametrize("count", [2, 3, 4])
def test_equal_images_of_entries_are_all_saved(submit, server, count):
    server.images = [plain()] * count
    gallery = submit(n=count).result(PATIENCE)
    assert [image.index for image in gallery] == list(range(1, count + 1))
    assert len({image.path for image in gallery}) == count


def test_equal_images_of_mirrors_are_one(submit, server):
    server.images = [plain(), plain()]
    server.extra = {"result": {"images": [{"url": [f"{CDN}/task-1/0.png", f"{CDN}/task-1/1.png"]}]}}
    assert len(submit(n=2).result(PATIENCE)) == 1
