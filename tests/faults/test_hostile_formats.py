"""Image files in formats that nobody asked for are never handed to their decoders."""

from __future__ import annotations

import io
import os
import stat
from types import SimpleNamespace

import pytest
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

from qwave_jupyter.demo.painting.image_ops import decode as demo_decoded
from qwave_jupyter.demo.task_factory import _probe as demo_opened
from qwave_jupyter.errors import DownloadFailed, ReferenceMistake
from qwave_jupyter.image_formats import FILE_FORMATS, RESULT_FORMATS, open_image
from qwave_jupyter.images import image_io
from qwave_jupyter.jobs.job import resume
from qwave_jupyter.jobs.references import ImageLimits, resolve
from qwave_jupyter.magics import terminal_view
from tests.fake_clock import FakeClock
from tests.faults.raw_server import RawServer, as_image, completed, job_error, make_bench, start_job
from tests.image_factory import plain
from tests.waiting import PATIENCE

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(x) (w) file\n%%EOF\n"


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A program named gs that leaves a trace; whether it left one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    trace = folder / "started"
    program = folder / "gs"
    program.write_text(f"#!/bin/sh\ntouch {trace}\necho 10.0\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return trace


def encoded(kind):
    target = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(target, kind)
    return target.getvalue()


#: Formats that Pillow writes and reads, and that no page mentions.
OTHERS = {kind: encoded(kind) for kind in ("EPS", "PPM", "ICO", "TGA", "PCX", "SGI", "DDS", "ICNS")}
OTHERS["PostScript"] = POSTSCRIPT
RESULTS = {**OTHERS, "BMP": plain(kind="BMP"), "TIFF": plain(kind="TIFF")}


def test_fake_ghostscript_works(ghostscript):
    with pytest.raises(OSError, match=r".*"), Image.open(io.BytesIO(POSTSCRIPT)) as image:
        image.load()
    assert ghostscript.exists()


@pytest.mark.parametrize("content", RESULTS.values(), ids=RESULTS)
def test_result_format_refused(tmp_path, ghostscript, content):
    with RawServer() as server:
        server.answers = {
            "POST /v1/tasks": lambda _: completed(f"{server.url}/1.png"),
            "GET /v1/tasks": lambda _: completed(f"{server.url}/1.png"),
            "GET /1.png": lambda _: as_image(content),
        }
        bench = make_bench(server, tmp_path, clock=FakeClock())
        error = job_error(start_job(bench))
        assert isinstance(error, DownloadFailed)
        assert error.code == "not_decodable"
        assert f"{server.url}/1.png" in error.fields["links"]
        assert "\n" not in str(error)
        assert "WEBP" in str(error)
        assert not ghostscript.exists()
        assert list(bench.save_dir.iterdir()) == []
        assert len(bench.journal.open_jobs()) == 1
        server.answers["GET /1.png"] = lambda _: as_image(plain())
        (again,) = resume(bench)
        assert [path.suffix for path in again.result(PATIENCE).paths] == [".png"]
        bench.journal.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_result_format_kept(tmp_path, kind):
    if kind == "AVIF" and not _writes_avif():
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / "x"
    path.write_bytes(plain(kind=kind))
    assert image_io.info_of(image_io.load(path, RESULT_FORMATS)).format == kind.lower()


def _writes_avif():
    Image.init()
    return "AVIF" in Image.SAVE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_reference_format_allowed(kind):
    content = plain(kind=kind)
    assert resolve(content, "images", ImageLimits("m"), now=0.0).format == kind.lower()


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_reference_format_refused(tmp_path, ghostscript, content):
    path = tmp_path / "reference.png"
    path.write_bytes(content)
    for given in (content, path, str(path)):
        with pytest.raises(ReferenceMistake) as caught:
            resolve(given, "images", ImageLimits("m"), now=0.0)
        assert caught.value.fields["mistake"].code == "reference_not_an_image"
    assert not ghostscript.exists()


@pytest.mark.parametrize("formats", [RESULT_FORMATS, FILE_FORMATS], ids=["results", "files"])
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_open_image_refuses_format(content, formats):
    with pytest.raises(UnidentifiedImageError):
        open_image(io.BytesIO(content), formats)


def test_open_image_without_avif(monkeypatch):
    open_image(io.BytesIO(plain()))
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    with open_image(io.BytesIO(plain())) as image:
        assert image.size == (64, 48)


def test_views_refuse_postscript(tmp_path, ghostscript):
    path = tmp_path / "result.png"
    path.write_bytes(POSTSCRIPT)
    for show in (
        lambda: terminal_view._open_single(SimpleNamespace(paths=[path])),
        lambda: image_io.load(path),
        lambda: image_io.probe(path, whole=True),
    ):
        with pytest.raises((OSError, ValueError)):
            show()
    assert not ghostscript.exists()


def test_demo_refuses_postscript(ghostscript):
    import base64

    with pytest.raises(ValueError, match="no image"):
        demo_decoded(POSTSCRIPT)
    assert demo_opened("data:image/png;base64," + base64.b64encode(POSTSCRIPT).decode()) == (None, "", None)
    assert not ghostscript.exists()
