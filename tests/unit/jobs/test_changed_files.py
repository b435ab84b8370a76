"""A file that is no longer the image that was saved is none that was made: it is neither reused nor taken for one."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.magics.cell_magic import CellMagic
from tests.image_factory import encoded, noise, plain
from tests.recording_console import RecordingConsole

WAIT = 20


def halve(content):
    return content[: len(content) // 2]


def invert(content):
    """Painted over, of the same size."""
    with Image.open(io.BytesIO(content)) as image:
        changed = image.convert("RGB").point(lambda value: 255 - value)
    target = io.BytesIO()
    changed.save(target, "PNG")
    return target.getvalue()


CHANGES = {
    "emptied": lambda _: b"",
    "halved": halve,
    "another image": lambda _: plain(8, 8, colour="red"),
    "painted over": invert,
    "a web page": lambda _: b"<!doctype html><title>404</title>",
}
UNREADABLE = [name for name in CHANGES if name not in {"another image", "painted over"}]


@pytest.fixture
def changed(ours, server):
    def make(change, **options):
        gallery = qwave.generate("a cat", **options)
        path = gallery[-1].path
        path.write_bytes(CHANGES[change](path.read_bytes()))
        return gallery

    return make


@pytest.mark.parametrize("change", CHANGES)
def test_changed_file_is_not_reused(changed, server, change):
    first = changed(change)
    kept = first[0].path.read_bytes()
    again = qwave.generate("a cat", reuse=True)
    assert len(server.tasks) == 2
    assert again[0].path != first[0].path
    assert again[0].pil.size == again[0].size
    assert first[0].path.read_bytes() == kept
    # The new one is found from now on.
    assert qwave.generate("a cat", reuse=True).paths == again.paths
    assert len(server.tasks) == 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_file_with_a_rating_is_reused(ours, server, kind):
    server.images = [plain(40, 30, kind=kind)]
    (image,) = qwave.generate("a cat")
    content = image.path.read_bytes()
    rated = {
        # A chunk of text, a comment, and a chunk that no reader knows.
        "PNG": lambda: content[:33] + text_chunk() + content[33:],
        "JPEG": lambda: content[:2] + b"\xff\xfe\x00\x08rating" + content[2:],
        "WEBP": lambda: with_riff_size(content + b"RATE\x02\x00\x00\x00ok"),
    }[kind]()
    assert rated != content
    image.path.write_bytes(rated)
    assert qwave.generate("a cat", reuse=True).paths == (image.path,)
    assert len(server.tasks) == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_file_that_was_optimised_without_loss_is_reused(ours, server, kind):
    server.images = [encoded(noise(40, 30), kind, **({"lossless": True} if kind == "WEBP" else {"compress_level": 1}))]
    (image,) = qwave.generate("a cat")
    before = image.path.read_bytes()
    with Image.open(io.BytesIO(before)) as whole:
        whole.load()
        whole.info.clear()
        whole.save(image.path, kind, **({"lossless": True, "quality": 100} if kind == "WEBP" else {"optimize": True}))
    assert image.path.read_bytes() != before
    assert qwave.generate("a cat", reuse=True).paths == (image.path,)
    assert len(server.tasks) == 1


def text_chunk():
    body = b"tEXtRating\x005"
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def with_riff_size(content):
    return content[:4] + struct.pack("<I", len(content) - 8) + content[8:]


@pytest.mark.parametrize("change", CHANGES)
def test_one_changed_file_of_two_is_enough(changed, server, change):
    server.images = [plain(), plain(colour="red")]
    changed(change, n=2)
    (outcome,) = qwave.batch([{"prompt": "a cat", "n": 2}], reuse=True).results()
    assert len(server.tasks) == 2
    assert outcome.cost_usd
    assert [image.pil.size for image in outcome.gallery] == [image.size for image in outcome.gallery]


@pytest.mark.parametrize("change", CHANGES)
def test_dry_run_counts_a_changed_file_as_none(changed, server, change):
    console = RecordingConsole()
    changed(change)
    CellMagic(console).run_blocking("--reuse --max-cost 0.0001 --dry-run", "a cat")
    assert "it would be refused" in "\n".join(one["text/plain"] for one in console.shown)


@pytest.mark.parametrize("change", CHANGES)
def test_file_of_an_earlier_release_is_looked_at(ours, server, change):
    job = qwave.submit("a cat")
    (image,) = job.result(WAIT)
    (entry,) = ours.journal.find(job.id)
    files = [{name: value for name, value in one.items() if not name.endswith("_digest")} for one in entry.files]
    ours.journal.update(job.id, files=files)
    assert qwave.generate("a cat", reuse=True).paths == (image.path,)
    image.path.write_bytes(CHANGES[change](image.path.read_bytes()))
    again = qwave.generate("a cat", reuse=True)
    # Of such a file no more than its size is known.
    assert (again[0].path == image.path) == (change == "painted over")


@pytest.mark.parametrize("change", UNREADABLE)
def test_unreadable_file_is_fetched_again_by_resume(bench, submit, server, change):
    server.images = [plain(), plain(colour="red")]
    job = submit(n=2)
    gallery = job.result(WAIT)
    path = gallery[0].path
    whole = path.read_bytes()
    path.write_bytes(CHANGES[change](whole))
    bench.journal.update(job.id, state="running")
    (again,) = resume(bench)
    assert again.result(WAIT).paths == gallery.paths
    assert path.read_bytes() == whole
    assert len(server.tasks) == 1


@pytest.mark.parametrize("change", UNREADABLE)
def test_unreadable_file_ends_no_job_that_nobody_noted(bench, submit, server, change):
    job = submit()
    (image,) = job.result(WAIT)
    whole = image.path.read_bytes()
    image.path.write_bytes(CHANGES[change](whole))
    bench.journal.update(job.id, state="running", files=[])
    bench.journal._open_entries.clear()
    (again,) = resume(bench)
    assert again.result(WAIT).paths == (image.path,)
    assert image.path.read_bytes() == whole


def test_file_that_was_painted_over_is_left_alone_by_resume(bench, submit, server):
    server.images = [plain(), plain(colour="red")]
    job = submit(n=2)
    gallery = job.result(WAIT)
    path = gallery[0].path
    path.write_bytes(invert(path.read_bytes()))
    painted = path.read_bytes()
    gallery[1].path.unlink()
    bench.journal.update(job.id, state="running")
    (again,) = resume(bench)
    assert again.result(WAIT).paths == gallery.paths
    assert path.read_bytes() == painted


SAYS = {"emptied": "the file is empty", "halved": "damaged or cut off", "a web page": "it is a web page"}


@pytest.mark.parametrize("change", UNREADABLE)
def test_unreadable_file_is_one_line(changed, change):
    gallery = changed(change)
    for read in (lambda: gallery[0].pil, lambda: np.asarray(gallery[0])):
        with pytest.raises(OptionMistake, match=SAYS[change]) as problem:
            read()
        assert str(gallery[0].path) in str(problem.value)
        assert "\n" not in str(problem.value)


@pytest.mark.parametrize("change", CHANGES)
def test_history_shows_what_is_left(changed, change):
    gallery = changed(change)
    (found,) = qwave.history("a cat")
    assert found.path == gallery[0].path
    text = found.mimebundle()[0]["text/plain"]
    assert text == Gallery([found]).mimebundle()[0]["text/plain"] == f"a cat\n{found.path}"


def test_too_many_pixels_are_one_line(ours, monkeypatch):
    (image,) = qwave.generate("a cat")
    monkeypatch.setattr("qwave_jupyter.images.image_io.MAX_PIXELS", 100)
    with pytest.raises(OptionMistake, match="more pixels than are read here"):
        _ = image.pil


def test_unchanged_file_is_reused(bench, submit, asked, server):
    server.images = [plain(), plain(colour="red")]
    first = submit(n=2).result(WAIT)
    job = Job(asked(n=2), bench, reuse=True).start()
    assert job.result(WAIT).paths == first.paths
    assert job.snapshot.reused
    assert len(server.tasks) == 1
