"""Every text in every language: the same keys, the same fields, and a user in Chinese meets Chinese."""

from __future__ import annotations

import html
import json
import re
import string
from importlib.resources import files

import ipywidgets
import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.catalog import load
from qwave_jupyter.errors import ConfigurationError, OptionMistake, RequestRefused, UnknownModel
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor
from qwave_jupyter.widgets.panel.fields import format_name
from tests.fake_session import replace_default
from tests.image_factory import plain

ROOT = files("qwave_jupyter.i18n")
SECTIONS = sorted(one.name for one in (ROOT / "en").iterdir() if one.name.endswith(".json"))
HAN = re.compile("[一-鿿]")
#: Texts of controls that are numbers and units.
SIGNS = {"border_value", "full_size", "size_value"}
#: Texts that are the same in both languages: names, code and signs.
SAME = re.compile(r"[^A-Za-z]*|(?:[^a-zA-Z]|\b(?:JSON|URL|DEMO|px|[a-z]+Editor|boxes|MaskBrush)\b)*", re.IGNORECASE)


def section(language, name):
    return json.loads((ROOT / language / name).read_text("utf-8"))


def forms(entry):
    return list(entry.values()) if isinstance(entry, dict) else [entry]


def fields(text):
    return {(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text) if name}


@pytest.fixture
def chinese():
    i18n.use("zh")
    yield
    i18n.use(None)


def test_languages_have_the_same_sections():
    assert sorted(one.name for one in (ROOT / "zh").iterdir()) == SECTIONS


@pytest.mark.parametrize("name", SECTIONS)
def test_languages_have_the_same_keys(name):
    english, chinese = section("en", name), section("zh", name)
    assert set(chinese) == set(english)
    for key, entry in english.items():
        asked = fields(forms(entry)[-1])
        for text in forms(chinese[key]):
            # A single thing needn't be counted.
            assert fields(text) | {("count", "", None)} == asked | {("count", "", None)}, key
        assert ("count", "", None) not in fields(forms(chinese[key])[-1]) - asked, key


@pytest.mark.parametrize("name", SECTIONS)
def test_chinese_texts_are_chinese(name):
    english = section("en", name)
    for key, entry in section("zh", name).items():
        for whole in forms(entry):
            # Fields, coordinates and what is code have their own signs.
            text = re.sub(r"\[[^\]]*\]|\w+\([^()]*\)", "", whole)
            bare = re.sub(r"\{[^{}]*\}", "", text)
            if name != "painter.json" and not SAME.fullmatch(bare) and whole not in forms(english[key]):
                assert re.search(r"[一-鿿]", bare), key
            assert not re.search(r"[一-鿿][,;:?!()]|[,;:?!()][一-鿿]", text), key
            assert not re.search(r"[一-鿿][A-Za-z0-9%]|[A-Za-z0-9][一-鿿]", bare), key
            assert not re.search(r"[。，；：] ", text), key


def test_language_follows_setting_or_locale(monkeypatch):
    i18n.use(None)
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: ("Chinese (Simplified)_China", "936"))
    assert i18n.language() == "zh"
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert i18n.language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert i18n.language() == "zh"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert i18n.language() == "en"
    i18n.use("zh")
    assert i18n.language() == "zh"
    i18n.use(None)


def test_chinese_lists_and_counts(chinese):
    assert i18n.join_values(["1k", "2k", "4k"]) == "1k、2k 或 4k"
    assert i18n.text("notebook.images", count=1) == "1 张图"
    assert i18n.text("notebook.images", count=3) == "3 张图"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resolution": "4k", "aspect_ratio": "1:1"}, "resolution 4k 要求 aspect_ratio 为 16:9"),
        ({"resolution": "9k"}, "resolution 只能是 1k"),
        (
            {"output_compression": 200, "output_format": "jpeg"},
            "output_compression 必须在 0–100 范围内；现在是 200。最接近的是 100。",
        ),
        ({"images": [f"https://example.com/{place}.png" for place in range(40)]}, "项"),
        ({"sparkle": "on"}, "gpt-image-2 没有选项 sparkle"),
    ],
)
def test_chinese_validation(chinese, options, said):
    model = load("2026-04").model("gpt-image-2")
    values, wrong = model.read({"prompt": "cat", **options})
    texts = [str(one) for one in (*wrong, *model.check(values))]
    assert any(said in text for text in texts), texts
    assert not [text for text in texts if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text)]


def test_unknown_language_is_refused(chinese):
    default().configure(language="zh")
    with pytest.raises(ConfigurationError, match="只能是 en 或 zh"):
        default().configure(language="tlh")
    default().configure(language=None)
    i18n.use("zh")
    assert str(OptionMistake("options.needs_a_value", option="--seed")) == "--seed 需要一个值。"


@pytest.fixture
def demo(monkeypatch, clean_environment, small_images, short_waits):
    replace_default(monkeypatch)
    default().configure(language="zh")
    default().use_demo(latency=0.1)
    yield
    default().stop_demo()
    i18n.use(None)


def test_chinese_status_card(demo):
    job = qwave.submit("a cat", model="z-image-turbo")
    seen = {i18n.text(f"notebook.phase_{job.snapshot.phase}"), job_card.render_running(job.snapshot, 0.0)}
    gallery = job.result()
    assert not [text for text in seen if not HAN.search(text)]
    ended = html.unescape(re.sub(r"<[^>]*>", "", job_card.render_ended(job.snapshot)))
    assert re.search(r"1 张图，用时 [\d.]+ 秒", ended)
    assert not re.search(r"images? in|\d s\b", ended)
    assert gallery.paths


def test_chinese_refusal_card(demo):
    with pytest.raises(RequestRefused) as refused:
        qwave.submit("{{mood}} cat", model="gpt-image-2", aspect_ratio="1:1", resolution="4k")
    assert str(refused.value).startswith("有 2 处需要修改；未发送任何内容：")
    card = job_card.render_refusal(refused.value, "gpt-image-2")
    assert "gpt-image-2 做不到" in card
    assert "没有这个变量" in card
    with pytest.raises(UnknownModel, match="没有模型 'gpt-imag'；你是不是想写 gpt-image-2、"):
        qwave.submit("a cat", model="gpt-imag")


def test_chinese_canvas_controls(demo):
    for control in (MaskBrush(plain()), PaletteEditor()):
        assert not [name for name, text in control.texts.items() if not HAN.search(text) and name not in SIGNS]
        control.close_all()


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_chinese_panel_controls_of_every_model(chinese, edition):
    for model in load(edition):
        # Two of one family's names are explained by no page, so they stay as they are.
        fields = [one for one in model.parameters.values() if not one.internal and not one.is_image]
        names = {one.name for one in fields} - {"dref", "dw"}
        unsaid = [name for name in names - {"prompt"} if not HAN.search(format_name(name, "field"))]
        assert not unsaid + [name for name in model.actions if not HAN.search(format_name(name, "action"))], model.id


def test_chinese_panel(demo):
    panel = qwave.panel(prompt="一只猫", model="gpt-image-2", aspect_ratio="1:1")
    said = {
        one.description for one in below(panel.view.widget) if isinstance(one, ipywidgets.Button) and one.description
    }
    assert {"生成", "复制为单元格", "复制为 Python"} <= said
    assert not [text for text in said if not HAN.search(text) and text != "Cancel"]
    lines = " ".join(one.value for one in below(panel.view.widget) if isinstance(one, ipywidgets.HTML))
    assert "就绪：1 张图，$0.0064" in lines
    assert not re.search(r">[^<]*\b(Ready|characters?|Prompt|References)\b", lines)
    panel.close()


def below(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from below(child)


def test_chinese_columns_are_aligned(demo):
    lines = repr(qwave.models(action="inpaint")).splitlines()
    starts = {i18n.columns(line[: line.index("$")]) for line in lines[1:4] if "$" in line}
    head = lines[0]
    assert starts == {i18n.columns(head[: head.index("价格")])}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-11-29-sk-telecom-poster-14c109dd-1.png", "2026-11-29-sk-telecom-poster-14c109dd-1.png"),
        ("risk-assessment-2026-report", "risk-assessment-2026-report"),
        ("/home/me/sk-learn-course-2026/a.png", "/home/me/sk-learn-course-2026/a.png"),
        (r"C:\sk-learn-course-2026\a.png", r"C:\sk-learn-course-2026\a.png"),
        ("sk-live-0123456789abcdef", "sk-…"),
        ("key=sk-live-0123456789abcdef", "key=sk-…"),
        ("(sk-live-0123456789abcdef)", "(sk-…)"),
    ],
)
def test_keys_are_cut_and_file_names_are_not(given, shown):
    assert i18n.text("notebook.advised", text=given) == f"note: {shown}"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh_CN.UTF-8", "zh"), ("Chinese_China.936", "zh"), ("en_GB", "en"), ("de_DE", "en"), ("C", "en")],
)
def test_language_follows_the_locale(monkeypatch, locale, language):
    monkeypatch.setenv("LC_ALL", locale)
    assert i18n.language() == language


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_texts_name_each_key_once(language):
    def refuse_twice(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
        return dict(pairs)

    for source in sorted((files("qwave_jupyter.i18n") / language).iterdir(), key=lambda one: one.name):
        if source.name.endswith(".json"):
            json.loads(source.read_text(encoding="utf-8"), object_pairs_hook=refuse_twice)
