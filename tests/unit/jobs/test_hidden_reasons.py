"""What goes wrong outside a request is one line of ours, and costs no image."""

from __future__ import annotations

import functools
import getpass
import os
import warnings

import numpy as np
import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import ConfigurationError, DownloadFailed, OptionMistake, UnknownModel
from qwave_jupyter.images.image_io import NotAnImage, load
from qwave_jupyter.images.preview import measure_notebook
from qwave_jupyter.session import default
from tests.image_factory import plain
from tests.recording_console import RecordingConsole
from tests.waiting import PATIENCE


@pytest.mark.parametrize("fault", ["a file", "garbage", "from the start"])
def test_warnings_as_errors_cost_no_image(submit, bench, server, fault):
    home = bench.journal.path.parent

    def spoil():
        if fault == "garbage":
            bench.journal.path.write_bytes(b"garbage" * 400)
        else:
            for file in home.iterdir():
                if file.is_file():
                    file.unlink()
            bench.journal.path.mkdir()

    if fault == "from the start":
        spoil()
    else:
        server.before["status"] = functools.cache(spoil)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (image,) = submit().result(PATIENCE)
    assert image.path.is_file()


@pytest.mark.parametrize("limit", [10, 400, 1000])
def test_limit_of_pillow_is_named(ours, server, monkeypatch, tmp_path, limit):
    server.images = [plain(80, 60)]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(DownloadFailed, match=f"PIL.Image.MAX_IMAGE_PIXELS = {limit}"):
        qwave.generate("a cat")
    file = tmp_path / "a.png"
    file.write_bytes(plain(80, 60))
    with pytest.raises(qwave.QwaveError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS") as refused:
        qwave.build("a cat", model="gpt-image-2", images=[file])
    assert "80 megapixels" not in str(refused.value)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000_000)
    (job,) = qwave.resume()
    assert job.result(PATIENCE)[0].pil.size == (80, 60)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(OptionMistake, match="MAX_IMAGE_PIXELS"):
        _ = job.result()[0].pil
    monkeypatch.setattr("qwave_jupyter.images.image_io.MAX_PIXELS", limit)
    with pytest.raises(NotAnImage, match="too_large"):
        load(file)


@pytest.mark.parametrize(
    "problem", [EOFError, OSError("Inappropriate ioctl"), RuntimeError("termios"), UnicodeDecodeError]
)
@pytest.mark.parametrize("line", ["key", "key --remember"])
def test_key_without_a_terminal(clean_environment, monkeypatch, problem, line):
    def fail(_):
        raise problem if problem is not UnicodeDecodeError else UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")

    monkeypatch.setattr(getpass, "getpass", fail)
    with pytest.raises(ConfigurationError, match="QWAVE_API_KEY"):
        RecordingConsole().typed(line)


@pytest.fixture
def endless(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    return ["/dev/zero", "/dev/random", pipe]


def test_endless_files_are_not_read(endless):
    for file in endless:
        with pytest.raises(OptionMistake, match="notebook"):
            measure_notebook(type(endless[-1])(file))
        with pytest.raises(OptionMistake, match="doesn't say how it was made"):
            qwave.read_provenance(file)


def test_models_and_their_parameters_are_keys(clean_environment):
    models = qwave.models()
    assert len(set(models)) == len(models)
    assert len({one for model in models for one in model.parameters.values()}) > 10
    chosen = qwave.model("z-image-turbo")
    prices = {model: model.price.from_usd for model in models}
    assert prices[models["z-image-turbo"]] == models["z-image-turbo"].price.from_usd
    assert "z-image-turbo" in models
    assert models["z-image-turbo"] in models
    assert chosen.id == "z-image-turbo"
    for absent in ("z-image", "", 5, None, np.array([1, 2])):
        assert absent not in models
    with pytest.raises(UnknownModel, match="z-image"):
        models["z-image"]


@pytest.mark.parametrize("given", [None, "print", 5, print])
def test_callbacks_must_be_functions(submit, given):
    job = submit()
    job.wait(PATIENCE)
    if given is print:
        job.add_done_callback(given)
        return
    for name in ("add_done_callback", "subscribe"):
        with pytest.raises(OptionMistake, match="must be a function"):
            getattr(job, name)(given)


@pytest.mark.parametrize("given", [None, "job", 5, object()])
def test_session_registers_jobs_and_batches_only(given):
    with pytest.raises(OptionMistake, match="job must be a job"):
        default().register(given)
    with pytest.raises(OptionMistake, match="batch must be a batch"):
        default().register_batch(given)


@pytest.mark.parametrize("given", ["1", True, float("nan"), object()])
def test_batch_stops_within_a_time(ours, given):
    batch = qwave.batch(["a cat"])
    with pytest.raises(OptionMistake, match="within must be a number"):
        batch.stop(given)
    batch.wait(PATIENCE)
