"""What can be known to go wrong is said before anything is sent, in one line."""

from __future__ import annotations

import pytest

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, RequestRefused, UnknownTask
from qwave_jupyter.images.gallery import write_report
from qwave_jupyter.session import default
from tests.fake_session import replace_default


@pytest.fixture
def demo(clean_environment, monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "1")
    return clean_environment


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeout": "x"}, "timeout must be a number above 0"),
        ({"timeout": -1}, "timeout must be a number above 0"),
        ({"max_cost": "x"}, "max_cost must be a number above 0"),
        ({"max_cost": float("nan")}, "max_cost must be a number above 0"),
        ({"save": 5}, "save must be the path of a folder"),
    ],
)
def test_odd_values_are_refused_unsent(demo, options, says):
    before = default().jobs
    with pytest.raises(OptionMistake, match=says):
        qwave.submit("a cat", **options)
    assert default().jobs == before
    assert not (demo / "images").exists()


@pytest.mark.parametrize("prompt", [5, ["a", "b"], None])
def test_prompt_must_be_text(demo, prompt):
    with pytest.raises(OptionMistake, match="a prompt must be text"):
        qwave.submit(prompt)


@pytest.mark.parametrize("folder", ["file.txt", "file.txt/deeper"])
def test_unusable_folder_is_refused_unsent(demo, folder):
    (demo / "file.txt").touch()
    before = default().jobs
    with pytest.raises(OptionMistake, match="is a file, not a folder") as refusal:
        qwave.submit("a cat", save=demo / folder)
    assert "Nothing was sent" in str(refusal.value)
    assert default().jobs == before


def test_report_without_any_job(demo, monkeypatch):
    replace_default(monkeypatch)
    with pytest.raises(UnknownTask, match="no job in this kernel yet"):
        default().find_job()


def test_report_path_must_be_a_page(demo):
    with pytest.raises(RequestRefused, match="is a folder"):
        qwave.submit("a cat", images=[str(demo)])
    for path in (demo, demo / "report.pdf"):
        with pytest.raises(OptionMistake, match="such as made"):
            write_report(path, qwave.history())


def test_ranges_and_types_in_plain_words(demo):
    with pytest.raises(RequestRefused) as refusal:
        qwave.submit("a cat", n=0, seed="many")
    assert "n must be ≥ 1; you asked for 0" in str(refusal.value)
    assert "seed must be a whole number (integer); you gave many" in str(refusal.value)


def test_ratio_with_a_full_width_colon():
    assert qwave.model("gpt-image-2").parameters["aspect_ratio"].read("16：9") == "16:9"


@pytest.mark.parametrize("model", ["gpt-image-2", "no-such-model"])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n": 2, "count": 3}, "n is given twice, as n and as count"),
        ({"count": 2, "n": 2}, "n is given twice, as "),
        ({"foo-bar": 1, "foo_bar": 2}, "foo_bar is given twice, as foo-bar and as foo_bar"),
        ({"foo_bar": 1, "foo-bar": 1}, "foo_bar is given twice, as foo_bar and as foo-bar"),
        ({"size": "1:1", "aspect-ratio": "16:9"}, "aspect_ratio is given twice, as size and as aspect-ratio"),
        ({"aspect_ratio": "1:1", "aspect-ratio": "1:1"}, "aspect_ratio is given twice, as aspect_ratio and as aspect-"),
    ],
)
def test_parameter_given_by_two_names_is_refused(demo, model, options, says):
    with pytest.raises(RequestRefused, match=says):
        qwave.build("a cat", model=model, force=True, **options)
    row = {"prompt": "a cat", "force": True, **options}
    [outcome] = qwave.batch([row], model=model).results()
    assert says in str(outcome.error)


@pytest.mark.parametrize(
    ("model", "inside", "outside"),
    [
        ("seedream-5.0", {"output_format": "png"}, "extra"),
        ("doubao-seedream-4.5", {"optimize_prompt_mode": "standard"}, "optimize_prompt_options"),
        ("doubao-seedream-5.0-lite", {"max_images": 2}, "sequential_image_generation_options"),
    ],
)
def test_object_given_beside_what_is_set_inside_it_is_refused(demo, model, inside, outside):
    with pytest.raises(RequestRefused, match=f"{outside} is given twice, as {next(iter(inside))} and as {outside}"):
        qwave.build("a cat", model=model, force=True, **inside, **{outside: {"other": 1}})
    assert qwave.build("a cat", model=model, force=True, **{outside: {"other": 1}}).body[outside] == {"other": 1}


@pytest.mark.parametrize("images", [{"images": "a", "image": "b"}, {"image": ["a"], "image_urls": ["b"]}])
def test_images_given_by_two_names_are_sent_together(demo, images):
    given = {name: [f"https://example.com/{one}.png" for one in several] for name, several in images.items()}
    built = qwave.build("a cat", model="gpt-image-2", **given)
    assert built.body["image_urls"] == ["https://example.com/a.png", "https://example.com/b.png"]


def test_sweep_of_another_spelling_is_refused(demo):
    with pytest.raises(OptionMistake, match="--foo-bar and --sweep foo_bar give one option twice"):
        default().plan_sweep("a cat", ["foo_bar=1,2"], force=True, options={"foo-bar": 1})
