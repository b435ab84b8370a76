"""A transfer that was given up, and wakes up later, touches nothing of the attempts after it."""

from __future__ import annotations

import threading

import pytest
import requests

from qwave_jupyter.client import download
from qwave_jupyter.client.connections import TransferLimit
from qwave_jupyter.client.tasks import ResultImage
from tests.fake_clock import FakeClock
from tests.image_factory import plain
from tests.scripted_server import CDN, ScriptedServer
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def server():
    return ScriptedServer(FakeClock())


def exchanges():
    return [one for one in threading.enumerate() if one.name == "qwave-exchange"]


@pytest.mark.parametrize("late", ["fails", "arrives", "is no image"])
@pytest.mark.parametrize("again", ["mirror", "attempt"])
def test_late_transfer_leaves_the_next_one_alone(server, tmp_path, monkeypatch, late, again):
    server.images = [plain(64, 64), plain(70, 70)]
    release, count = threading.Event(), []

    def hold_first():
        count.append(1)
        if len(count) == 1:
            assert release.wait(PATIENCE)
            if late == "fails":
                raise requests.exceptions.ConnectionError
            if late == "is no image":
                server.faults["image"] = [b"<html>"]
        elif late == "is no image":
            server.faults.pop("image", None)

    def check(_):
        # The good file is there; only now the first transfer wakes up and ends.
        release.set()
        wait_until(lambda: not exchanges(), "the end of the late transfer")

    server.before["image"] = hold_first
    monkeypatch.setattr(TransferLimit, "max_remaining", lambda _: 0.2 - download._SLACK)
    urls = (f"{CDN}/t/0.png", f"{CDN}/t/1.png") if again == "mirror" else (f"{CDN}/t/1.png",)
    target = tmp_path / "image.part"
    written = server.client().download(ResultImage(urls=urls), target, check=check)
    assert target.read_bytes() == plain(70, 70)
    assert written == len(plain(70, 70))
    assert [one.name for one in tmp_path.iterdir()] == ["image.part"]


@pytest.mark.parametrize("content", [b"<html>", b"", 410])
def test_failed_transfer_leaves_no_file(server, tmp_path, content):
    server.images = [content]
    with pytest.raises(download.DownloadFailed):
        server.client().download(f"{CDN}/t/0.png", tmp_path / "image.part")
    assert list(tmp_path.iterdir()) == []
