"""An image that was paid for gets onto the disk whole, or is said to be missing and can still be fetched."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from qwave_jupyter.errors import DownloadFailed, QwaveError
from qwave_jupyter.images import image_io
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.jobs.journal.store import Journal
from tests.image_factory import plain
from tests.scripted_server import CDN
from tests.waiting import PATIENCE


class FullDisk:
    """A disk that takes so many writes below a folder, and no more until it is emptied.

    Args:
        folder: where it is mounted.
        writes: how many it takes.
        code: the error number of the operating system.
    """

    def __init__(self, folder: Path, writes: int, code: int = errno.ENOSPC) -> None:
        self.folder = folder
        self.left = writes
        self.code = code
        self.true = Path.open

    def open(self, path: Path, mode: str = "r", *args, **options):
        file = self.true(path, mode, *args, **options)
        if "w" not in mode or self.folder not in path.parents:
            return file
        disk = self

        class Writer(io.BufferedWriter):
            def write(self, content):
                disk.left -= 1
                if disk.left < 0:
                    # Half of it still finds room.
                    super().write(bytes(content)[: len(content) // 2])
                    raise OSError(disk.code, os.strerror(disk.code))
                return super().write(content)

        return Writer(file.detach())


@pytest.fixture
def disk(bench, monkeypatch):
    def mount(writes: int, code: int = errno.ENOSPC) -> FullDisk:
        full = FullDisk(bench.save_dir, writes, code)

        def opened(path, *args, **options):
            return full.open(path, *args, **options)

        monkeypatch.setattr(Path, "open", opened)
        return full

    return mount


def failure(job):
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    assert "\n" not in str(caught.value)
    return caught.value


def is_whole(path: Path) -> bool:
    from PIL import Image

    with Image.open(path) as image:
        image.load()
    return True


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("writes", [0, 1, 2], ids=["download", "provenance", "sidecar"])
def test_save_on_a_full_disk_is_resumable(submit, server, bench, disk, writes, code):
    full = disk(writes, code)
    error = failure(submit())
    assert isinstance(error, DownloadFailed)
    assert error.code == "cannot_save"
    assert os.strerror(code) in str(error)
    assert f"{CDN}/task-1/0.png" in str(error)
    assert "%qwave resume" in str(error)
    assert error.fields["links"] == (f"{CDN}/task-1/0.png",)
    kept = list(bench.save_dir.iterdir())
    assert all(is_whole(path) for path in kept)
    assert not list(bench.save_dir.glob("*.part"))
    full.left = 1000
    (again,) = resume(bench)
    (image,) = again.result(PATIENCE)
    assert is_whole(image.path)
    assert sorted(path.suffix for path in bench.save_dir.iterdir()) == [".json", ".png"]
    assert server.billed == 1
    assert server.seen.count("submit") == 1


def test_save_on_a_disk_that_fills_up(submit, server, bench, disk):
    server.images = [plain(), plain(colour="red"), plain(colour="green"), plain(colour="blue")]
    # Three writes for each image: the bytes, the bytes with their provenance, the sidecar.
    full = disk(4)
    job = submit(n=4)
    gallery = job.result(PATIENCE)
    assert [image.index for image in gallery] == [1]
    assert str(job.snapshot.notices[-1]).startswith("3 of the images")
    assert server.seen.count("image") == 2
    full.left = 1000
    (again,) = resume(bench)
    assert [image.index for image in again.result(PATIENCE)] == [1, 2, 3, 4]
    assert server.seen.count("image") == 5
    assert bench.journal.open_jobs() == ()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_save_in_a_read_only_folder(submit, bench):
    bench.save_dir.mkdir()
    bench.save_dir.chmod(stat.S_IRUSR | stat.S_IXUSR)
    error = failure(submit())
    assert error.code == "cannot_save"
    bench.save_dir.chmod(stat.S_IRWXU)
    (again,) = resume(bench)
    assert is_whole(again.result(PATIENCE)[0].path)


@pytest.mark.parametrize("step", ["mkdir", "replace"])
def test_save_in_a_folder_that_refuses_names(submit, bench, monkeypatch, step):
    true = getattr(Path, step)

    def refuse(path, *args, **options):
        if path == bench.save_dir or bench.save_dir in path.parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return true(path, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, refuse)
        error = failure(submit())
    assert error.code == "cannot_save"
    assert "Permission denied" in str(error)
    assert not bench.save_dir.exists() or list(bench.save_dir.iterdir()) == []
    (again,) = resume(bench)
    assert is_whole(again.result(PATIENCE)[0].path)


def test_save_retries_a_cut_download(submit, server):
    server.faults["image"] = [plain()[:-30], plain()[: len(plain()) // 2]]
    assert is_whole(submit().result(PATIENCE)[0].path)
    assert server.seen.count("image") == 3


@pytest.mark.parametrize("first", [plain()[:-30], b"\x89PNG\r\n\x1a\n nonsense", b"<html>", b"", 404, 410, 500])
def test_save_takes_the_next_mirror(submit, server, first):
    server.images = [first, plain()]
    server.extra = {"result": {"images": [{"url": [f"{CDN}/task-1/0.png", f"{CDN}/task-1/1.png"]}]}}
    (image,) = submit().result(PATIENCE)
    assert is_whole(image.path)
    assert server.seen.count("image") == 2


def _bomb() -> bytes:
    # A few hundred bytes that claim to be ten gigapixels.
    from struct import pack

    def part(kind, content):
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    header = part(b"IHDR", pack(">IIBBBBB", 9_000, 9_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", zlib.compress(b"\x00" * 1000)) + part(b"IEND", b"")


def test_save_refuses_a_decompression_bomb(submit, server, bench):
    server.images = [_bomb()]
    error = failure(submit())
    assert error.code == "not_decodable"
    assert "9000×9000" in str(error)
    assert list(bench.save_dir.iterdir()) == []


def test_save_ignores_an_abandoned_transfer(submit, server, bench, monkeypatch):
    hangs, woken, sleepers = threading.Event(), threading.Event(), []

    def hang():
        if not hangs.is_set():
            sleepers.append(threading.current_thread())
            hangs.set()
            woken.wait(PATIENCE)

    true = image_io.load

    def load(*args):
        # The second transfer has arrived and has no name yet.
        woken.set()
        sleepers[0].join(PATIENCE)
        return true(*args)

    server.before["image"] = hang
    job = submit()
    assert hangs.wait(PATIENCE)
    job.cancel()
    monkeypatch.setattr(image_io, "load", load)
    again = resume(bench)
    assert [is_whole(path) for one in again for path in one.result(PATIENCE).paths] == [True]
    assert woken.is_set()
    assert not sleepers[0].is_alive()
    assert sorted(path.suffix for path in bench.save_dir.iterdir()) == [".json", ".png"]


def test_save_next_day_overwrites_unnoted_files(submit, bench, server, monkeypatch):
    server.before["image"] = lambda: bench.clock.advance(86_400)
    true = bench.journal.update

    def forget(job_id, **changes):
        # As if the power had gone between the renaming and the note.
        if "files" not in changes and changes.get("state") != "done":
            true(job_id, **changes)

    with monkeypatch.context() as patched:
        patched.setattr(bench.journal, "update", forget)
        first = submit().result(PATIENCE).paths
    (again,) = resume(bench)
    assert again.result(PATIENCE).paths == first
    assert sorted(path.suffix for path in bench.save_dir.iterdir()) == [".json", ".png"]


def test_save_is_bounded_in_time(bench, asked, server):
    server.images = [500]
    clock = bench.clock
    before = clock.monotonic()
    server.before["image"] = lambda: clock.advance(50)
    job = Job(asked(), replace(bench, timeout=100)).start()
    assert isinstance(failure(job), DownloadFailed)
    assert clock.monotonic() - before < 260


def test_reference_blobs_written_at_once(bench, asked):
    made = asked(images=plain(300, 300))
    blobs = bench.journal.blobs
    start, broken = threading.Barrier(8), []

    def put() -> None:
        start.wait()
        try:
            blobs.externalize(made.body)
        except OSError as problem:
            broken.append(problem)

    for _ in range(10):
        for file in blobs.folder.glob("*"):
            file.unlink()
        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert broken == []
    assert len(list(blobs.folder.iterdir())) == 1


def test_reference_blob_emptied_is_rewritten(tmp_path, asked):
    made = asked(images=plain(300, 300))
    blobs = Journal(tmp_path / "other").blobs
    blobs.externalize(made.body)
    (file,) = blobs.folder.iterdir()
    file.write_bytes(b"")
    assert blobs.restore(blobs.externalize(made.body)) == made.body
