from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from qwave_jupyter.errors import OptionMistake
from qwave_jupyter.images import metadata
from tests.image_factory import encoded, noise

TOLD = {"prompt": 'a <cat> & "dog" 猫\n--> ]]>', "model": "gpt-image-2", "parameters": {"seed": 7, "n": 2}}
RGB, RGBA = noise(37, 21), noise(37, 21, "RGBA")
FILES = {
    "png": encoded(RGB, "PNG"),
    "png-transparent": encoded(RGBA, "PNG"),
    "jpeg": encoded(RGB, "JPEG"),
    "jpeg-exif": encoded(RGB, "JPEG", exif=Image.Exif(), comment=b"mine", progressive=True),
    "webp": encoded(RGB, "WEBP"),
    "webp-lossless": encoded(RGBA, "WEBP", lossless=True),
    "webp-transparent": encoded(RGBA, "WEBP", quality=60),
    "webp-odd": encoded(noise(1, 1), "WEBP"),
}


@pytest.mark.parametrize("name", FILES)
def test_provenance_keeps_every_pixel(name):
    before = FILES[name]
    after = metadata.embed(before, TOLD)
    assert after != before
    assert metadata.extract(after) == TOLD
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        other.load()
        assert (one.size, one.mode, one.format) == (other.size, other.mode, other.format)
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_provenance_of_a_long_prompt(name):
    told = {"prompt": "".join(chr(0x4E00 + place % 9000) for place in range(90_000))}
    after = metadata.embed(FILES[name], told)
    assert metadata.extract(after) == told
    Image.open(io.BytesIO(after)).load()


@pytest.mark.parametrize("name", FILES)
def test_provenance_leaves_broken_files(name):
    for end in (*range(0, 60, 3), len(FILES[name]) // 2):
        cut = FILES[name][:end]
        metadata.embed(cut, TOLD)
        assert metadata.extract(cut) is None


def test_provenance_leaves_other_formats():
    gif = encoded(RGB, "GIF")
    assert metadata.embed(gif, TOLD) == gif
    assert metadata.extract(gif) is None


def test_provenance_from_file_or_sidecar(tmp_path):
    alone = tmp_path / "alone.png"
    alone.write_bytes(metadata.embed(FILES["png"], TOLD))
    assert metadata.read_provenance(alone) == TOLD
    assert metadata.read_provenance(str(alone)) == TOLD
    silent = tmp_path / "silent.gif"
    silent.write_bytes(encoded(RGB, "GIF"))
    with pytest.raises(OptionMistake, match="doesn't say"):
        metadata.read_provenance(silent)
    metadata.find_sidecar(silent).write_text(json.dumps(TOLD))
    assert metadata.read_provenance(silent) == TOLD
    with pytest.raises(OptionMistake, match="no file"):
        metadata.read_provenance(tmp_path / "gone.png")


def test_provenance_with_a_lone_surrogate():
    told = {"prompt": "broken \ud83d emoji"}
    assert metadata.extract(metadata.embed(FILES["jpeg"], told)) == told
