"""A row's values are what `qwave.build` is given: nothing of them becomes text on the way, whatever form rows have."""

from __future__ import annotations

import enum
from typing import NamedTuple

import pytest
from PIL import Image

import qwave_jupyter as qwave
from qwave_jupyter.errors import OptionMistake, QwaveError
from tests.fake_session import replace_default

np = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def ours(clean_environment, bench, monkeypatch):
    replace_default(monkeypatch, bench)


def outcomes_of(rows, **options):
    return qwave.batch(rows, **{"model": "gpt-image-2", **options}).results()


def bodies_of(server, rows, **options):
    assert [one.error for one in outcomes_of(rows, **options)] == [None] * len(server.bodies)
    return server.bodies


class Look(enum.Enum):
    INK = "ink"


class Words(enum.StrEnum):
    CAT = "a cat"


class Models(str, enum.Enum):  # noqa: UP042 - one that str() spells by its name
    TURBO = "z-image-turbo"


def in_dict(prompt):
    return [{"prompt": prompt}]


def in_frame(prompt):
    return pandas.DataFrame({"prompt": pandas.Series([prompt], dtype=object)})


def in_series(prompt):
    return [row for _, row in in_frame(prompt).iterrows()]


@pytest.mark.parametrize("make", [in_dict, in_frame, in_series])
@pytest.mark.parametrize(
    "prompt",
    [["a cat", "a dog"], ("a cat",), b"a cat", {"en": "x"}, 5, 2.5, True, Look.INK, Image.new("RGB", (4, 4)), object()],
    ids=lambda value: type(value).__name__,
)
def test_prompt_that_is_no_text_is_refused_as_elsewhere(server, make, prompt):
    with pytest.raises(OptionMistake) as alone:
        qwave.build(prompt, model="gpt-image-2")
    (outcome,) = outcomes_of(make(prompt))
    assert str(outcome.error) == f"row 1: {alone.value}"
    assert "a prompt must be text" in str(outcome.error)
    assert server.bodies == []


@pytest.mark.parametrize("model", [5, ["z-image-turbo"], Look.INK, b"z-image-turbo"], ids=str)
def test_model_that_is_no_text_is_refused_as_elsewhere(server, model):
    with pytest.raises(OptionMistake) as alone:
        qwave.build("a cat", model=model)
    (outcome,) = outcomes_of([{"prompt": "a cat", "model": model}])
    assert str(outcome.error) == f"row 1: {alone.value}"
    assert server.bodies == []


def test_texts_of_other_types_count_by_their_value(server):
    rows = [
        {"prompt": Words.CAT, "model": Models.TURBO},
        {"prompt": np.str_("a dog"), "model": np.str_("z-image-turbo")},
    ]
    assert [(one["prompt"], one["model"]) for one in bodies_of(server, rows, concurrency=1)] == [
        ("a cat", "z-image-turbo"),
        ("a dog", "z-image-turbo"),
    ]


RED = np.zeros((64, 64, 3), np.uint8) + np.array([200, 30, 30], np.uint8)


AMBIGUOUS = RuntimeError("Boolean value of Tensor with more than one value is ambiguous")


class Tensor:
    """What several values are compared with has no single answer, as for torch's tensors."""

    __hash__ = None

    def __init__(self, values):
        self.values = values

    def __eq__(self, other):
        raise AMBIGUOUS

    __ne__ = __eq__

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


@pytest.mark.parametrize("form", ["dict", "frame", "series"])
@pytest.mark.parametrize("name", ["images", "image", "mask"])
@pytest.mark.parametrize("make", [np.array, Tensor, lambda values: np.stack([values[..., 0]] * 3, -1)])
def test_array_is_an_image_of_a_row(server, form, name, make):
    given = make(RED)
    own = {"images": Image.fromarray(RED), name: given} if name == "mask" else {name: given}
    expected = qwave.build("a cat", model="gpt-image-2", **own).body
    row = {"prompt": "a cat", **own}
    frame = pandas.DataFrame({key: pandas.Series([value], dtype=object) for key, value in row.items()})
    rows = {"dict": [row], "frame": frame, "series": [frame.iloc[0]]}[form]
    assert bodies_of(server, rows) == [expected]


@pytest.mark.parametrize("size", [(1, 1, 3), (64, 1, 3), (1, 1)])
def test_array_of_any_size_is_a_value(server, size):
    given = np.full(size, np.nan)
    with pytest.raises(QwaveError) as alone:
        qwave.build("a cat", model="gpt-image-2", images=given)
    (outcome,) = outcomes_of([{"prompt": "a cat", "images": given}])
    assert str(outcome.error) == f"row 1: {alone.value}"


@pytest.mark.parametrize(
    "empty",
    [None, float("nan"), np.float32("nan"), np.array(np.nan), pandas.NA, pandas.NaT, np.datetime64("NaT", "s")],
    ids=repr,
)
def test_empty_cells_are_left_out(server, empty):
    assert "seed" not in bodies_of(server, [{"prompt": "a cat", "seed": empty}])[0]


@pytest.mark.parametrize("seed", [7, np.int8(7), np.float32(7), np.array(7), 7.0])
def test_scalars_of_numpy_are_numbers(server, seed):
    assert bodies_of(server, [{"prompt": "a cat", "seed": seed}])[0]["seed"] == 7


FRAME = pandas.DataFrame(
    {"prompt": ["a cat", "a dog", "a fox"], "seed": [1, None, 3], "quality": ["low", "high", None]}
)
SENT = [("a cat", 1, "low"), ("a dog", None, "high"), ("a fox", 3, None)]


class Scene(NamedTuple):
    prompt: str
    seed: int | None
    quality: str | None


class Pair(NamedTuple):
    text: str
    seed: int


@pytest.mark.parametrize(
    "rows",
    [
        [row for _, row in FRAME.iterrows()],
        list(FRAME.itertuples()),
        list(FRAME.itertuples(index=False)),
        list(FRAME.itertuples(name="Row")),
        list(FRAME.set_index(pandas.Index(list("abc"))).itertuples()),
        [Scene(*values) for values in SENT],
        FRAME.to_dict("records"),
        FRAME,
    ],
    ids=["iterrows", "itertuples", "no index", "named", "labels", "own", "dicts", "frame"],
)
def test_rows_of_a_table_are_rows(server, rows):
    sent = bodies_of(server, rows, concurrency=1)
    assert [(body["prompt"], body.get("seed"), body.get("quality")) for body in sent] == SENT


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (FRAME.drop(columns="prompt").iloc[0], "has no prompt; its keys are seed, quality."),
        (Pair("a cat", 1), "has no prompt; its keys are text, seed."),
        (next(FRAME[["seed"]].itertuples()), "has the key seed and no prompt"),
        (pandas.Series(["a", "b"], index=["prompt", "prompt"]), "the Series has two columns called prompt"),
        (FRAME, "this one is a DataFrame without a prompt"),
        (("a cat", 1), "this one is a tuple without a prompt"),
    ],
    ids=["series", "own", "pandas", "twice", "frame", "tuple"],
)
def test_row_of_a_table_without_a_prompt_is_named(server, row, said):
    (outcome,) = outcomes_of([row])
    assert said in str(outcome.error)
    assert server.bodies == []
